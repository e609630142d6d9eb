//! That a network's run gave what it gave.

use super::numbers::{bytes_of, bytes_of_outcome, check, gathered, slots, spread};
use super::{Numbers, Outcome, Statement};
use crate::argument::{Binding, Phases, SILENT, Secrets};
use crate::circuit::geometry::Size;
use crate::circuit::interaction::{Run, Told};
use crate::circuit::run::{Run as Done, run};
use crate::circuit::witness::Witness;
use crate::circuit::{Circuit, INPUT, Input, Mode, OUTPUT, Output, WEIGHTS};
use crate::commitment::Committed;
use crate::error::Result;
use crate::field::F;
use crate::merkle::Digest;
use crate::scheme::{Scheme, Weights};

/// What a proof is made with: nothing of what it says.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// From the operating system, for this proof alone.
    pub seed: [u8; 32],
    /// Told what the prover turns to.
    pub phases: Phases<'a>,
}

impl From<[u8; 32]> for Making<'static> {
    fn from(seed: [u8; 32]) -> Self {
        let phases = SILENT;
        Self { seed, phases }
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
    /// A commitment to an input.
    ///
    /// # Errors
    /// InvalidProof, where it is not one of the network's.
    pub fn commit_input(&self, input: &[i32], seed: [u8; 32]) -> Result<Committed> {
        let size = self.check_input(input)?;
        self.commit_boundary(slots(&spread(input, size)), seed)
    }

    /// What comes out of the network.
    ///
    /// # Errors
    /// InvalidProof, where the input is not one of the network's.
    pub fn run(&self, weights: &[i32], input: &[i32]) -> Result<Vec<i32>> {
        let size = self.check_input(input)?;
        let circuit = self.circuit(Mode {
            input: Input::Public,
            output: Output::Public,
        })?;
        Ok(self.output_of(&run(&circuit, weights, spread(input, size))))
    }

    fn check_input(&self, input: &[i32]) -> Result<Size> {
        let value = self.network().values()[0];
        check(
            "an input",
            input,
            value.size,
            value.range.low.into(),
            value.range.high.into(),
        )?;
        Ok(value.size)
    }

    fn output_of(&self, done: &Done) -> Vec<i32> {
        gathered(
            done.sums.last().map_or(&[], Vec::as_slice),
            self.network().output().size,
        )
    }

    /// Runs the network and shows what came out.
    ///
    /// # Errors
    /// InvalidProof, where the input is not one of the network's; Misuse.
    pub fn prove_run<'a>(
        &self,
        owned: Owned,
        input: &[i32],
        hidden: Option<&Committed>,
        tell: Tell,
        bound: &[u8],
        making: impl Into<Making<'a>>,
    ) -> Result<Proved> {
        let making = making.into();
        (making.phases)("run");
        self.check_slots(owned.slots.len())?;
        let size = self.check_input(input)?;
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
        let done = run(&plain, owned.slots, spread(input, size));
        let numbers = self.output_of(&done);
        let (outcome, output) = self.outcome(&numbers, tell)?;
        let circuit = self.circuit(Mode {
            input: kind,
            output: output_of(&outcome),
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
        let committed: Vec<&Committed> = [owned.committed, hidden, output.as_ref()]
            .into_iter()
            .flatten()
            .collect();
        let witness = Witness::new(&circuit, &done)?;
        let proof =
            self.prove_statement(&circuit, &statement, &committed, witness, &field, making)?;
        Ok(Proved {
            outcome: statement.outcome,
            output,
            numbers,
            proof,
        })
    }

    /// Shows what is said of a run of a circuit, from its witness: the weights' commitment comes
    /// first, then the input's, then the output's.
    ///
    /// # Errors
    /// InvalidProof, where what is said is out of range; Misuse.
    pub fn prove_statement<'a>(
        &self,
        circuit: &Circuit,
        statement: &Statement,
        committed: &[&Committed],
        mut witness: Witness,
        weights: &[F],
        making: impl Into<Making<'a>>,
    ) -> Result<Vec<u8>> {
        let Making { seed, phases } = making.into();
        self.check_statement(circuit, statement)?;
        let told = self.told(statement);
        let subject = Run::new(circuit, &told);
        let known = subject.known(&witness, weights);
        let secrets = Secrets {
            committed,
            slots: std::mem::take(&mut witness.auxiliary),
            entries: witness.entries,
            known,
            seed,
        };
        let proof = self
            .runs(&subject)
            .telling(phases)
            .prove(&self.run_binding(statement), secrets)?;
        Ok(proof.to_bytes())
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

    /// Checks what is said of a run. That hidden weights belong to the model is for publication and
    /// link to show.
    ///
    /// # Errors
    /// TooLarge, MalformedBytes or InvalidProof
    pub fn verify_run(&self, statement: &Statement, proof: &[u8]) -> Result<()> {
        let circuit = self.circuit(mode_of(statement))?;
        self.check_statement(&circuit, statement)?;
        let told = self.told(statement);
        let subject = Run::new(&circuit, &told);
        self.verify(&self.runs(&subject), &self.run_binding(statement), proof)
    }

    /// Public numbers as slots.
    fn told(&self, statement: &Statement) -> Told {
        let (input, output) = (self.network().values()[0], self.network().output());
        let of = |numbers: &[i32], size| slots(&spread(numbers, size));
        let mut told = Told::default();
        if let Numbers::Public(numbers) = &statement.input {
            told.input = Some(of(numbers, input.size));
        }
        if let Outcome::Numbers(Numbers::Public(numbers)) = &statement.outcome {
            told.output = Some(of(numbers, output.size));
        }
        told
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

fn mode_of(statement: &Statement) -> Mode {
    Mode {
        input: match statement.input {
            Numbers::Public(_) => Input::Public,
            Numbers::Committed(_) => Input::Committed,
        },
        output: output_of(&statement.outcome),
    }
}

fn output_of(outcome: &Outcome) -> Output {
    match outcome {
        Outcome::Numbers(Numbers::Public(_)) => Output::Public,
        Outcome::Numbers(Numbers::Committed(_)) => Output::Committed,
        Outcome::Class(class) => Output::Class(*class),
    }
}
