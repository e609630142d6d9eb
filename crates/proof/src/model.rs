//! Models and their proofs: publication, links, runs.

use crate::argument::{Binding, Secrets};
use crate::circuit::geometry::Size;
use crate::circuit::interaction::{Run, Told};
use crate::circuit::link::LATER;
use crate::circuit::publication::Publication;
use crate::circuit::run::run;
use crate::circuit::sums::{Kernel, Sum};
use crate::circuit::witness::Witness;
use crate::circuit::{INPUT, Input, Mode, OUTPUT, Output, WEIGHTS};
use crate::commitment::Committed;
use crate::error::{Detail, Error, Result, refuse};
use crate::field::{F, from_i64};
use crate::merkle::Digest;
use crate::pin::Pinned;
use crate::scheme::{Scheme, Weights};

/// Public numbers, or a commitment to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Row by row, channels last.
    Public(Vec<i32>),
    /// To as many numbers.
    Committed(Pinned),
}

/// What is told of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it, or a commitment.
    Numbers(Numbers),
    /// Which is the largest.
    Class(usize),
}

/// What a proof of a run says.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// Of the model: the digest that stands for it.
    pub model: Digest,
    /// Those that the proof opens: an epoch's, or public ones.
    pub weights: Weights<'a>,
    /// What went in.
    pub input: Numbers,
    /// What came out.
    pub outcome: Outcome,
    /// What else it is bound to: nonce, hotkey, place in a sequence.
    pub bound: &'a [u8],
}

impl Scheme {
    /// Slots of weights, from their bytes: in the order of sums, one byte for each weight of shape
    /// (taps, input channels, output channels), then four for each bias.
    ///
    /// # Errors
    /// InvalidNetwork
    pub fn weights(&self, bytes: &[u8]) -> Result<Vec<i32>> {
        let circuit = self.circuit(Mode {
            input: Input::Public,
            output: Output::Public,
        })?;
        let mut rest = bytes;
        let mut slots = vec![0; circuit.places.weights];
        for sum in &circuit.sums {
            place_weights(sum, &mut rest, &mut slots)?;
        }
        if !rest.is_empty() {
            return Err(weights_error(
                format!("{} bytes", bytes.len() - rest.len()),
                bytes.len(),
            ));
        }
        Ok(slots)
    }
}

fn weights_error(expected: impl std::fmt::Display, got: impl std::fmt::Display) -> Error {
    Error::InvalidNetwork(Detail::new("weights of a model", expected, got))
}

fn place_weights(sum: &Sum, rest: &mut &[u8], slots: &mut [i32]) -> Result<()> {
    let channels = sum.bounds.size.channels;
    for part in &sum.parts {
        let Kernel::Weights(tensor) = part.kernel else {
            continue;
        };
        let inputs = part.size.channels;
        let bytes = take(rest, tensor.rows * inputs * channels)?;
        for (index, row) in bytes.chunks_exact(channels).enumerate() {
            let first =
                tensor.base + (index / inputs * tensor.middle + index % inputs) * tensor.columns;
            slots[first..][..channels]
                .iter_mut()
                .zip(row)
                .for_each(|(slot, byte)| *slot = i32::from(*byte as i8));
        }
    }
    if let Some(tensor) = sum.bias {
        let bound = 1 << sum.bounds.log_bias;
        for (slot, word) in slots[tensor.range()]
            .iter_mut()
            .zip(take(rest, 4 * channels)?.as_chunks().0)
        {
            *slot = i32::from_le_bytes(*word);
            if !(-bound..bound).contains(slot) {
                return Err(weights_error(
                    format!("biases from {} to {}", -bound, bound - 1),
                    *slot,
                ));
            }
        }
    }
    Ok(())
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8]> {
    let (taken, after) = rest
        .split_at_checked(count)
        .ok_or_else(|| weights_error(format!("{count} bytes more"), rest.len()))?;
    *rest = after;
    Ok(taken)
}

/// Small integers as slots.
#[must_use]
pub fn slots(values: &[i32]) -> Vec<F> {
    values
        .iter()
        .map(|value| from_i64(i64::from(*value)))
        .collect()
}

/// Numbers as slots: channels that are not there are zeros.
fn spread(numbers: &[i32], size: Size) -> Vec<i32> {
    let row = |row: &[i32]| {
        row.iter()
            .copied()
            .chain(std::iter::repeat_n(0, size.columns() - size.channels))
            .collect::<Vec<i32>>()
    };
    numbers.chunks_exact(size.channels).flat_map(row).collect()
}

/// Slots as numbers.
fn gathered(slots: &[i32], size: Size) -> Vec<i32> {
    slots
        .chunks_exact(size.columns())
        .flat_map(|row| row[..size.channels].to_vec())
        .collect()
}

fn check(what: &'static str, numbers: &[i32], size: Size, low: i64, high: i64) -> Result<()> {
    if numbers.len() != size.len() {
        return Err(refuse(
            what,
            format!("{} numbers", size.len()),
            numbers.len(),
        ));
    }
    let outside = numbers
        .iter()
        .find(|number| !(low..=high).contains(&i64::from(**number)));
    outside.map_or(Ok(()), |number| {
        Err(refuse(
            what,
            format!("numbers from {low} to {high}"),
            number,
        ))
    })
}

/// Publishing: a commitment to weights, and the proof that they are within their bounds.
impl Scheme {
    /// Shows that weights are within their bounds.
    ///
    /// # Errors
    /// Misuse, where they are not.
    pub fn prove_publication(
        &self,
        weights: &[F],
        committed: &Committed,
        seed: [u8; 32],
    ) -> Result<Vec<u8>> {
        let publication = self.publication()?;
        let (slots, entries) = publication.witness(weights)?;
        let secrets = Secrets {
            committed: &[committed],
            slots,
            entries,
            known: (),
            seed,
        };
        let binding = self.publication_binding(self.pin(committed));
        Ok(self
            .publications(&publication)
            .prove(&binding, secrets)?
            .to_bytes())
    }

    /// Checks that weights are within their bounds.
    ///
    /// # Errors
    /// TooLarge, MalformedBytes or InvalidProof
    pub fn verify_publication(&self, pinned: Pinned, proof: &[u8]) -> Result<()> {
        let publication = self.publication()?;
        self.verify(
            &self.publications(&publication),
            &self.publication_binding(pinned),
            proof,
        )
    }

    fn publication(&self) -> Result<Publication> {
        Ok(Publication::new(&self.circuit(Mode {
            input: Input::Public,
            output: Output::Public,
        })?))
    }

    fn publication_binding(&self, pinned: Pinned) -> Binding<'static> {
        Binding {
            pinned: vec![(WEIGHTS, pinned)],
            weights: None,
            context: self.context("publication", &[]),
        }
    }

    /// Shows that two commitments hold the same weights.
    ///
    /// # Errors
    /// Misuse, where they cannot be opened together.
    pub fn prove_link(
        &self,
        earlier: &Committed,
        later: &Committed,
        seed: [u8; 32],
    ) -> Result<Vec<u8>> {
        let link = self.link();
        let secrets = Secrets {
            committed: &[earlier, later],
            slots: Vec::new(),
            entries: Vec::new(),
            known: (),
            seed,
        };
        let binding = self.link_binding(self.pin(earlier), self.pin(later));
        Ok(self.links(&link).prove(&binding, secrets)?.to_bytes())
    }

    /// Checks that two commitments hold the same weights.
    ///
    /// # Errors
    /// TooLarge, MalformedBytes or InvalidProof
    pub fn verify_link(&self, earlier: Pinned, later: Pinned, proof: &[u8]) -> Result<()> {
        let link = self.link();
        self.verify(
            &self.links(&link),
            &self.link_binding(earlier, later),
            proof,
        )
    }

    fn link_binding(&self, earlier: Pinned, later: Pinned) -> Binding<'static> {
        let pinned = vec![(WEIGHTS, earlier), (LATER, later)];
        Binding {
            pinned,
            weights: None,
            context: self.context("link", &[]),
        }
    }
}

/// A model's weights, as their owner knows them.
#[derive(Clone, Copy)]
pub struct Owned<'a> {
    /// Slots.
    pub slots: &'a [i32],
    /// Where they are hidden.
    pub committed: Option<&'a Committed>,
    /// As [`Scheme::model`] gives it.
    pub model: Digest,
}

/// What is to be told of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// All of it.
    Numbers,
    /// Which is the largest.
    Class,
    /// A commitment with this seed.
    Commitment([u8; 32]),
}

/// A proof with what it says.
pub struct Proved {
    /// What came out.
    pub outcome: Outcome,
    /// The prover's half of the output's commitment.
    pub output: Option<Committed>,
    /// The output itself.
    pub numbers: Vec<i32>,
    /// Canonical bytes.
    pub proof: Vec<u8>,
}

impl Scheme {
    /// Runs the network and shows what came out.
    ///
    /// # Errors
    /// InvalidProof, where the input is not one of the network's; Misuse.
    pub fn prove_run(
        &self,
        owned: Owned,
        input: &[i32],
        hidden: Option<&Committed>,
        tell: Tell,
        bound: &[u8],
        seed: [u8; 32],
    ) -> Result<Proved> {
        let of_input = self.network().values()[0];
        check(
            "an input",
            input,
            of_input.size,
            of_input.range.low.into(),
            of_input.range.high.into(),
        )?;
        let told_input = hidden.map_or_else(
            || Numbers::Public(input.to_vec()),
            |committed| Numbers::Committed(self.pin(committed)),
        );
        let kind = if hidden.is_some() {
            Input::Committed
        } else {
            Input::Public
        };
        let plain = self.circuit(Mode {
            input: kind,
            output: Output::Public,
        })?;
        let done = run(&plain, owned.slots, spread(input, of_input.size));
        let size = self.network().output().size;
        let numbers = gathered(done.sums.last().map_or(&[], Vec::as_slice), size);
        let (outcome, output) = self.outcome(&numbers, tell)?;
        let circuit = self.circuit(Mode {
            input: kind,
            output: mode_of(&outcome),
        })?;
        let field = slots(owned.slots);
        let weights = owned
            .committed
            .map_or(Weights::Public(&field), |committed| {
                Weights::Hidden(self.pin(committed))
            });
        let statement = Statement {
            model: owned.model,
            weights,
            input: told_input,
            outcome,
            bound,
        };
        let told = self.told(&statement)?;
        let subject = Run::new(&circuit, &told);
        let mut witness = Witness::new(&circuit, &done)?;
        let known = subject.known(&witness, &field);
        let secrets = Secrets {
            committed: &[owned.committed, hidden, output.as_ref()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>(),
            slots: std::mem::take(&mut witness.auxiliary),
            entries: witness.entries,
            known,
            seed,
        };
        let proof = self
            .runs(&subject)
            .prove(&self.run_binding(&statement), secrets)?
            .to_bytes();
        Ok(Proved {
            outcome: statement.outcome,
            output,
            numbers,
            proof,
        })
    }

    fn outcome(&self, numbers: &[i32], tell: Tell) -> Result<(Outcome, Option<Committed>)> {
        match tell {
            Tell::Numbers => Ok((Outcome::Numbers(Numbers::Public(numbers.to_vec())), None)),
            Tell::Class => {
                let largest = numbers.iter().copied().max();
                let class = numbers.iter().position(|number| Some(*number) == largest);
                Ok((Outcome::Class(class.unwrap_or_default()), None))
            }
            Tell::Commitment(seed) => {
                let spread = spread(numbers, self.network().output().size);
                let committed = self.commit_boundary(slots(&spread), seed)?;
                Ok((
                    Outcome::Numbers(Numbers::Committed(self.pin(&committed))),
                    Some(committed),
                ))
            }
        }
    }

    /// Checks what is said of a run. That its weights belong to the model is for publication and
    /// link to show.
    ///
    /// # Errors
    /// TooLarge, MalformedBytes or InvalidProof
    pub fn verify_run(&self, statement: &Statement, proof: &[u8]) -> Result<()> {
        let input = if matches!(statement.input, Numbers::Public(_)) {
            Input::Public
        } else {
            Input::Committed
        };
        let circuit = self.circuit(Mode {
            input,
            output: mode_of(&statement.outcome),
        })?;
        let told = self.told(statement)?;
        let subject = Run::new(&circuit, &told);
        self.verify(&self.runs(&subject), &self.run_binding(statement), proof)
    }

    /// Public numbers as slots, if they are in their ranges.
    fn told(&self, statement: &Statement) -> Result<Told> {
        let (input, output) = (self.network().values()[0], self.network().output());
        let mut told = Told::default();
        if let Numbers::Public(numbers) = &statement.input {
            check(
                "an input",
                numbers,
                input.size,
                input.range.low.into(),
                input.range.high.into(),
            )?;
            told.input = Some(slots(&spread(numbers, input.size)));
        }
        if let Outcome::Numbers(Numbers::Public(numbers)) = &statement.outcome {
            check(
                "an output",
                numbers,
                output.size,
                -output.magnitude,
                output.magnitude,
            )?;
            told.output = Some(slots(&spread(numbers, output.size)));
        }
        Ok(told)
    }

    fn run_binding<'a>(&self, statement: &Statement<'a>) -> Binding<'a> {
        let mut binding = Binding::default();
        match statement.weights {
            Weights::Hidden(pinned) => binding.pinned.push((WEIGHTS, pinned)),
            Weights::Public(slots) => binding.weights = Some(slots),
        }
        if let Numbers::Committed(pinned) = statement.input {
            binding.pinned.push((INPUT, pinned));
        }
        if let Outcome::Numbers(Numbers::Committed(pinned)) = statement.outcome {
            binding.pinned.push((OUTPUT, pinned));
        }
        let (input, output) = (
            bytes_of(&statement.input),
            bytes_of_outcome(&statement.outcome),
        );
        binding.context =
            self.context("run", &[&statement.model, &input, &output, statement.bound]);
        binding
    }
}

fn mode_of(outcome: &Outcome) -> Output {
    match outcome {
        Outcome::Numbers(Numbers::Public(_)) => Output::Public,
        Outcome::Numbers(Numbers::Committed(_)) => Output::Committed,
        Outcome::Class(class) => Output::Class(*class),
    }
}

/// Which kind, and public numbers.
fn bytes_of(numbers: &Numbers) -> Vec<u8> {
    match numbers {
        Numbers::Public(numbers) => [0]
            .into_iter()
            .chain(numbers.iter().flat_map(|number| number.to_le_bytes()))
            .collect(),
        Numbers::Committed(_) => vec![1],
    }
}

fn bytes_of_outcome(outcome: &Outcome) -> Vec<u8> {
    match outcome {
        Outcome::Numbers(numbers) => bytes_of(numbers),
        Outcome::Class(class) => [2]
            .into_iter()
            .chain((*class as u64).to_le_bytes())
            .collect(),
    }
}
