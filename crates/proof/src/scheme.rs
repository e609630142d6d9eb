//! A model's scheme: its network, the parameters of its commitments, and what all proofs about it
//! are bound to.

use crate::argument::{Argument, Binding, Proof, Subject};
use crate::circuit::interaction::{Run, Told};
use crate::circuit::link::Link;
use crate::circuit::publication::Publication;
use crate::circuit::{Circuit, Description, Input, Mode, Network, Output};
use crate::codec::Lengths;
use crate::commitment::{Code, Committed, Shape};
use crate::error::{Detail, Error, Result};
use crate::field::{F, from_i64, write_base, write_extension};
use crate::merkle::Digest;
use crate::opening;
use crate::parameters::{Parameters, Setting, Slots};
use crate::pin::Pinned;
use crate::security::{self, Protocol};

/// Of everything that decides what bytes mean.
pub const VERSION: &str = "hushwork proof 1";

/// Who sees the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody.
    Public,
    /// Their owner.
    Hidden,
}

/// A checked description with checked parameters.
#[derive(Clone, Debug)]
pub struct Scheme {
    network: Network,
    visibility: Visibility,
    parameters: Parameters,
    sizes: Sizes,
    digest: Digest,
}

impl Scheme {
    /// The parameters that make the smallest proofs.
    ///
    /// # Errors
    /// InvalidNetwork, MalformedBytes or InsecureParameters
    pub fn choose(description: &[u8], visibility: Visibility, setting: Setting) -> Result<Self> {
        let network = Network::new(Description::from_bytes(description)?)?;
        let sizes = sizes(&network, visibility)?;
        let parameters = Parameters::choose(&sizes.slots, setting, &sizes.protocol)?;
        Self::with(network, visibility, parameters, sizes)
    }

    /// Parameters that somebody else chose.
    ///
    /// # Errors
    /// InvalidNetwork, MalformedBytes, InvalidParameters or InsecureParameters
    pub fn read(
        description: &[u8],
        visibility: Visibility,
        parameters: Parameters,
    ) -> Result<Self> {
        let network = Network::new(Description::from_bytes(description)?)?;
        let sizes = sizes(&network, visibility)?;
        Self::with(network, visibility, parameters, sizes)
    }

    fn with(
        network: Network,
        visibility: Visibility,
        parameters: Parameters,
        sizes: Sizes,
    ) -> Result<Self> {
        parameters.check(&sizes.slots)?;
        security::check(&parameters.protocol(&sizes.slots, &sizes.protocol))?;
        let mut hasher = blake3::Hasher::new_derive_key(VERSION);
        hasher.update(&[u8::from(visibility == Visibility::Hidden)]);
        hasher.update(&parameters.to_bytes());
        hasher.update(&network.description().to_bytes());
        let digest = hasher.finalize().into();
        Ok(Self {
            network,
            visibility,
            parameters,
            sizes,
            digest,
        })
    }

    /// What runs.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Who sees the weights.
    #[must_use]
    pub fn visibility(&self) -> Visibility {
        self.visibility
    }

    /// Of the commitments.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Error terms of one proof.
    #[must_use]
    pub fn soundness(&self) -> security::Report {
        security::report(
            &self
                .parameters
                .protocol(&self.sizes.slots, &self.sizes.protocol),
        )
    }

    /// Of the description and the parameters.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The circuit of a kind of run.
    ///
    /// # Errors
    /// InvalidNetwork, or InvalidProof where there is no such class.
    pub fn circuit(&self, mode: Mode) -> Result<Circuit> {
        Circuit::new(self.network.clone(), mode)
    }

    /// Proofs of runs.
    #[must_use]
    pub fn runs<'a>(&self, run: &'a Run<'a>) -> Argument<'a, Run<'a>> {
        Argument::new(run, self.parameters.code, self.parameters.auxiliary)
    }

    /// Proofs that weights are within their bounds.
    #[must_use]
    pub fn publications<'a>(&self, publication: &'a Publication) -> Argument<'a, Publication> {
        Argument::new(
            publication,
            self.parameters.code,
            self.parameters.publication,
        )
    }

    /// Proofs that two commitments hold the same weights.
    #[must_use]
    pub fn links<'a>(&self, link: &'a Link) -> Argument<'a, Link> {
        Argument::new(link, self.parameters.code, 0)
    }

    /// What is to be linked.
    #[must_use]
    pub fn link(&self) -> Link {
        let columns = 1 << self.parameters.weights;
        Link {
            rows: self.sizes.weights.div_ceil(columns),
            columns,
        }
    }

    /// A commitment to weights.
    ///
    /// # Errors
    /// Misuse, if there are too few or too many.
    pub fn commit(&self, weights: &[F], seed: [u8; 32]) -> Result<Committed> {
        if weights.len() != self.sizes.weights {
            return Err(Error::Misuse(Detail::new(
                "slots of weights",
                self.sizes.weights,
                weights.len(),
            )));
        }
        let mut slots = weights.to_vec();
        let link = self.link();
        slots.resize(link.rows * link.columns, from_i64(0));
        Committed::new(
            &self.parameters.code,
            self.parameters.weights,
            slots,
            None,
            seed,
        )
    }

    /// A commitment to an input or an output.
    ///
    /// # Errors
    /// Misuse, if there are too many.
    pub fn commit_boundary(&self, slots: Vec<F>, seed: [u8; 32]) -> Result<Committed> {
        Committed::new(
            &self.parameters.code,
            self.parameters.boundary,
            slots,
            None,
            seed,
        )
    }

    /// A commitment with its pin.
    #[must_use]
    pub fn pin(&self, committed: &Committed) -> Pinned {
        Pinned::of(&self.parameters.code, committed)
    }

    /// The layout of commitments to weights.
    #[must_use]
    pub fn weights_shape(&self) -> Shape {
        Parameters::shape(self.parameters.weights)
    }

    /// The layout of commitments to inputs and outputs.
    #[must_use]
    pub fn boundary_shape(&self) -> Shape {
        Parameters::shape(self.parameters.boundary)
    }

    /// A model: this scheme and its weights.
    #[must_use]
    pub fn model(&self, weights: &Weights) -> Digest {
        let mut bytes = Vec::new();
        match weights {
            Weights::Hidden(pinned) => {
                bytes.extend(pinned.root);
                write_extension(&[pinned.value], &mut bytes);
            }
            Weights::Public(slots) => write_base(slots, &mut bytes),
        }
        blake3::Hasher::new_keyed(&self.digest)
            .update(&bytes)
            .finalize()
            .into()
    }

    /// What a proof is bound to besides commitments: the scheme, its kind, and parts, each with its
    /// length.
    #[must_use]
    pub fn context(&self, kind: &str, parts: &[&[u8]]) -> Vec<u8> {
        let all = [&self.digest[..], kind.as_bytes()]
            .into_iter()
            .chain(parts.iter().copied());
        all.flat_map(|part| {
            (part.len() as u64)
                .to_le_bytes()
                .into_iter()
                .chain(part.iter().copied())
        })
        .collect()
    }

    /// Lengths of an argument's proofs.
    #[must_use]
    pub fn lengths<S: Subject>(&self, argument: &Argument<S>, binding: &Binding) -> Lengths {
        let (code, shapes) = (self.parameters.code, argument.shapes(binding));
        Lengths {
            messages: argument.messages(),
            factors: argument.factors(),
            rounds: opening::rounds(&code, &shapes),
            rows: code.rows,
            queries: code.queries,
            widths: shapes.iter().map(Shape::width).collect(),
        }
    }

    /// Reads and checks a proof.
    ///
    /// # Errors
    /// TooLarge, MalformedBytes or InvalidProof
    pub fn verify<S: Subject>(
        &self,
        argument: &Argument<S>,
        binding: &Binding,
        proof: &[u8],
    ) -> Result<()> {
        let proof = Proof::from_bytes(proof, &self.lengths(argument, binding))?;
        argument.verify(binding, &proof)
    }
}

/// A model's weights, as others know them.
#[derive(Clone, Copy, Debug)]
pub enum Weights<'a> {
    /// By a commitment.
    Hidden(Pinned),
    /// As slots.
    Public(&'a [F]),
}

/// Slots of all commitments, and what soundness depends on, over all modes.
fn sizes(network: &Network, visibility: Visibility) -> Result<Sizes> {
    let mut sizes = Sizes::default();
    for (input, output) in [
        (Input::Public, Output::Public),
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

#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    weights: usize,
    slots: Slots,
    protocol: Protocol,
}

impl Sizes {
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
