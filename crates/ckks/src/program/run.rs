//! Walking through a compiled program.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::Program;
use super::compile::Compiled;
use super::limits::Shape;
use super::linear::ROTATION;
use super::literal::Register;
use super::plain::Plain;
use super::watch::{Ticker, Watch, watched};
use crate::error::Detail;
use crate::{Ciphertext, Error, EvaluationKeys, Evaluator, Parameters};

/// Why a run gave no outputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// Keys or inputs do not fit; nothing was run.
    #[error(transparent)]
    Refused(#[from] Error),
    /// The watcher stopped it.
    #[error("stopped")]
    Stopped,
    /// A bug in here.
    #[error("the run failed: {0}")]
    Panicked(String),
    /// The system gave no memory; so many bytes were asked for.
    #[error("out of memory: {0} bytes")]
    OutOfMemory(usize),
    /// The system gave no threads.
    #[error("no threads: {0}")]
    Threads(String),
}

/// Most products that are made side by side: what they work on takes memory.
const SIDE_BY_SIDE: usize = 8;

impl Program {
    /// Runs the program in a pool of `threads` (0: all cores). The calling thread waits, and calls
    /// `watch` a few times a second and at the end of each step.
    ///
    /// # Errors
    /// [`RunError::Refused`] before any work; see there for the others.
    pub fn run(
        &self,
        keys: &EvaluationKeys,
        inputs: Vec<Ciphertext>,
        threads: usize,
        watch: &mut Watch<'_>,
    ) -> Result<Vec<Ciphertext>, RunError> {
        self.check_keys(keys)?;
        self.check_count(inputs.len())?;
        self.check_inputs(&inputs)?;
        let registers = inputs.into_iter().map(Arc::new).enumerate().collect();
        let total = self.steps.iter().map(Compiled::units).sum();
        watched(threads, total, watch, |ticker| {
            let evaluator = Evaluator::new(self.parameters.clone());
            Run {
                program: self,
                keys,
                evaluator,
                registers,
                ticker,
            }
            .walk()
        })
    }

    /// Whether these are keys to run with.
    ///
    /// # Errors
    /// ParameterMismatch, MissingKey
    pub fn check_keys(&self, keys: &EvaluationKeys) -> Result<(), Error> {
        keys.check(&self.parameters)?;
        keys.meet(&self.needs)
    }

    /// Whether it runs on so many inputs.
    ///
    /// # Errors
    /// Misuse
    pub fn check_count(&self, inputs: usize) -> Result<(), Error> {
        if inputs == self.inputs.len() {
            return Ok(());
        }
        let detail = Detail::new("wrong number of inputs", self.inputs.len(), inputs);
        Err(Error::Misuse(detail))
    }

    fn check_inputs(&self, inputs: &[Ciphertext]) -> Result<(), Error> {
        self.inputs
            .iter()
            .zip(inputs)
            .try_for_each(|(shape, input)| check_input(shape, input))
    }
}

fn check_input(shape: &Shape, input: &Ciphertext) -> Result<(), Error> {
    let malformed = |what, expected: f64, got: f64| {
        Err(Error::MalformedBytes(Detail::new(what, expected, got)))
    };
    if input.limbs() != shape.limbs {
        return malformed(
            "limbs of an input",
            shape.limbs as f64,
            input.limbs() as f64,
        );
    }
    if input.scale.to_bits() != shape.scale.to_bits() {
        return malformed("scale of an input", shape.scale, input.scale);
    }
    Ok(())
}

/// How many of the first steps are made at once: one, or products that do not need one another. A
/// core makes a whole product better than its share of each.
fn side_by_side(steps: &[Compiled]) -> usize {
    let mut made = Vec::new();
    for step in &steps[..steps.len().min(SIDE_BY_SIDE)] {
        match step {
            Compiled::Multiply { a, b, output, .. } if !made.contains(a) && !made.contains(b) => {
                made.push(*output);
            }
            _ => break,
        }
    }
    made.len().max(1)
}

/// One run: the registers that are alive, and everything needed to make more.
pub(super) struct Run<'a> {
    program: &'a Program,
    pub keys: &'a EvaluationKeys,
    pub evaluator: Evaluator,
    registers: HashMap<Register, Arc<Ciphertext>>,
    ticker: &'a Ticker<'a>,
}

impl Run<'_> {
    fn walk(mut self) -> Result<Vec<Ciphertext>, RunError> {
        let mut steps = 0..self.program.steps.len();
        while !steps.is_empty() {
            let some = steps.start..steps.start + side_by_side(&self.program.steps[steps.clone()]);
            self.steps(some.clone())?;
            steps.start = some.end;
        }
        let outputs = self.program.outputs.iter();
        Ok(outputs.map(|&(register, _)| self.copy(register)).collect())
    }

    /// Steps that do not need one another.
    fn steps(&mut self, which: Range<usize>) -> Result<(), RunError> {
        let steps = self.program.steps[which.clone()].par_iter();
        let results = steps.map(|step| self.step(step));
        for results in results.collect::<Result<Vec<_>, _>>()? {
            let results = results.into_iter();
            let shared = results.map(|(register, result)| (register, Arc::new(result)));
            self.registers.extend(shared);
        }
        for index in which {
            for register in &self.program.dead[index] {
                self.registers.remove(register);
            }
            self.ticker.end_step(index)?;
        }
        Ok(())
    }

    fn step(&self, step: &Compiled) -> Result<Vec<(Register, Ciphertext)>, RunError> {
        Ok(match step {
            Compiled::Linear(matrix) => self.linear(matrix)?,
            Compiled::Combine(combination) => self.combine(combination)?,
            Compiled::Multiply {
                a,
                b,
                output,
                limbs,
            } => {
                vec![(*output, self.multiply(*a, *b, *limbs)?)]
            }
            Compiled::Add { a, b, output } => {
                let mut sum = self.copy(*a);
                self.add_into(&mut sum, self.register(*b));
                vec![(*output, sum)]
            }
            Compiled::AddPlain {
                input,
                output,
                plain,
            } => {
                let mut sum = self.copy(*input);
                self.add_plain_into(&mut sum, plain);
                vec![(*output, sum)]
            }
            Compiled::RotateAdd {
                input,
                output,
                steps,
                ..
            } => {
                vec![(*output, self.rotate_add(*input, steps)?)]
            }
            Compiled::Drop {
                input,
                output,
                limbs,
            } => {
                vec![(*output, self.evaluator.drop(self.register(*input), *limbs)?)]
            }
        })
    }

    fn multiply(&self, a: Register, b: Register, limbs: usize) -> Result<Ciphertext, RunError> {
        self.tick(ROTATION, limbs)?;
        let (a, b) = (self.register(a), self.register(b));
        let product = self.evaluator.multiply_extended(a, b, self.keys)?;
        Ok(self.evaluator.mod_down_rescale(product)?)
    }

    fn copy(&self, register: Register) -> Ciphertext {
        let ciphertext = self.register(register);
        Ciphertext::new(
            ciphertext.c0.clone(),
            ciphertext.c1.clone(),
            ciphertext.scale,
        )
    }

    pub fn parameters(&self) -> &Parameters {
        &self.program.parameters
    }

    pub fn register(&self, register: Register) -> &Arc<Ciphertext> {
        &self.registers[&register]
    }

    /// Counts work done on a ciphertext of so many limbs.
    pub fn tick(&self, units: u64, limbs: usize) -> Result<(), RunError> {
        self.ticker.tick(units * limbs as u64)
    }

    /// a += b, the scale of `a` standing for both.
    pub fn add_into(&self, a: &mut Ciphertext, b: &Ciphertext) {
        let basis = self.parameters().basis(a.limbs());
        basis.add(&mut a.c0, &b.c0);
        basis.add(&mut a.c1, &b.c1);
    }

    /// a += plain
    pub fn add_plain_into(&self, a: &mut Ciphertext, plain: &Plain) {
        let basis = self.parameters().basis(a.limbs());
        basis.add(&mut a.c0, &plain.transformed(basis));
    }
}
