//! How large a network's proofs get.

use crate::argument::{Argument, Subject};
use crate::circuit::interaction::{Run, Told};
use crate::circuit::publication::Publication;
use crate::circuit::{Circuit, Description, Input, Mode, Network, Output};
use crate::commitment::Code;
use crate::error::{Error, Result};
use crate::parameters::{Parameters, Setting, Slots};
use crate::scheme::Visibility;
use crate::security::Protocol;

/// Slots of all commitments, and what soundness depends on, over all modes.
pub(crate) fn sizes(network: &Network, visibility: Visibility) -> Result<Sizes> {
    let mut sizes = Sizes::default();
    for (input, output) in [
        (Input::Public, Output::Public),
        (Input::Public, Output::Class(0)),
        (Input::Committed, Output::Committed),
        (Input::Committed, Output::Class(0)),
    ] {
        let circuit = match Circuit::new(network.clone(), Mode { input, output }) {
            Err(Error::InvalidNetwork(_)) if output == Output::Class(0) => continue,
            circuit => circuit?,
        };
        sizes.include(&circuit);
        if visibility == Visibility::Hidden && sizes.slots.publication == 0 {
            sizes.include_publication(&circuit);
        }
    }
    Ok(sizes)
}

impl Parameters {
    /// All that do for a network, the smallest proofs first.
    ///
    /// # Errors
    /// InvalidNetwork, or MalformedBytes
    pub fn candidates(
        description: &[u8],
        visibility: Visibility,
        setting: Setting,
    ) -> Result<Vec<Self>> {
        let network = Network::new(Description::from_bytes(description)?)?;
        let Sizes {
            slots, protocol, ..
        } = sizes(&network, visibility)?;
        Ok(Self::all(&slots, setting, &protocol))
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sizes {
    /// Slots of weights, hidden or not.
    pub weights: usize,
    /// Of commitments.
    pub slots: Slots,
    /// Without the code and the columns.
    pub protocol: Protocol,
}

impl Sizes {
    /// Makes them as large as others.
    pub fn include_sizes(&mut self, other: &Self) {
        let Slots {
            weights,
            auxiliary,
            publication,
            boundary,
        } = other.slots;
        self.slots = Slots {
            weights: self.slots.weights.max(weights),
            auxiliary: self.slots.auxiliary.max(auxiliary),
            publication: self.slots.publication.max(publication),
            boundary: self.slots.boundary.max(boundary),
        };
        self.protocol = self.protocol.max(&other.protocol);
        self.weights = self.weights.max(other.weights);
    }

    fn include(&mut self, circuit: &Circuit) {
        let told = Told::default();
        let run = Run::new(circuit, &told);
        let argument = Argument::new(&run, Code::default(), 0);
        let [input, output] = [
            circuit.network.values()[0].size,
            circuit.network.output().size,
        ];
        self.weights = circuit.places.weights;
        self.slots.auxiliary = self.slots.auxiliary.max(argument.slots());
        self.slots.boundary = input.slots().max(output.slots());
        self.protocol.region = run.variables();
        self.protocol.told = input.slots() + output.slots();
        self.include_argument(&argument, circuit.lookups.depth());
    }

    fn include_publication(&mut self, circuit: &Circuit) {
        let publication = Publication::new(circuit);
        let argument = Argument::new(&publication, Code::default(), 0);
        self.slots.weights = circuit.places.weights;
        self.slots.publication = argument.slots();
        self.include_argument(&argument, publication.depth());
    }

    fn include_argument<S: Subject>(&mut self, argument: &Argument<S>, depth: usize) {
        let protocol = &mut self.protocol;
        protocol.depth = protocol.depth.max(depth);
        protocol.products = protocol.products.max(argument.products());
        protocol.statements = protocol
            .statements
            .max(depth + argument.factors() + STATEMENTS);
        protocol.pins = PINS;
    }
}

/// Statements of an argument besides those of levels and factors, at most.
const STATEMENTS: usize = 16;
/// Commitments of an argument that are pinned, at most.
const PINS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::description::{Meaning, Sum, Term};
    use crate::circuit::geometry::{Size, Window};

    /// More numbers than a range has rows: of all kinds of run, a class of a public input takes most.
    fn wide() -> Network {
        let window = Window {
            kernel: [30; 2],
            stride: [1; 2],
            padding: [0; 4],
        };
        let term = Term::Weighted {
            input: 0,
            window,
            channels: 2,
        };
        let output = Sum {
            terms: vec![term],
            bias: true,
        };
        let input = Size {
            height: 30,
            width: 30,
            channels: 1,
        };
        Network::new(Description {
            input,
            range: [0, 1],
            layers: Vec::new(),
            output,
            meaning: Meaning::default(),
        })
        .unwrap()
    }

    #[test]
    fn every_kind_of_run_has_room() {
        let network = wide();
        let all = sizes(&network, Visibility::Hidden).unwrap();
        for input in [Input::Public, Input::Committed] {
            for output in [Output::Public, Output::Committed, Output::Class(1)] {
                let circuit = Circuit::new(network.clone(), Mode { input, output }).unwrap();
                let mut one = all;
                one.include(&circuit);
                assert_eq!(one.slots, all.slots);
                assert_eq!(one.protocol, all.protocol);
            }
        }
    }
}
