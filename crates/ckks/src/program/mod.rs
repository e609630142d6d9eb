//! Whole programs over ciphertexts: plain data in, checked and compiled once, run whole.

mod check;
mod combination;
mod combine;
mod compile;
mod groups;
mod limits;
mod linear;
mod literal;
mod matrix;
mod plain;
mod products;
mod rotate_add;
mod rotated;
mod run;
mod strips;
mod watch;

use std::collections::{HashMap, HashSet};

use hushwork_ring::memory::collected;

pub use limits::{
    MAX_CIPHERTEXTS, MAX_ENTRIES, MAX_GIANT, MAX_LINEAR, MAX_PLAINTEXT_BYTES, MAX_REGISTERS,
    MAX_STEPS, MAX_TERMS, MAX_WORKING_BYTES, ProgramError, Shape,
};
pub use literal::{Combine, Linear, ProgramLiteral, Register, Step, Term};
pub use run::RunError;
pub use watch::{Progress, Watch};

use crate::{KeyNeeds, Parameters};
use compile::Compiled;
use limits::KEPT_BYTES;

/// A checked program with its weights encoded.
pub struct Program {
    parameters: Parameters,
    inputs: Vec<Shape>,
    outputs: Vec<(Register, Shape)>,
    needs: KeyNeeds,
    steps: Vec<Compiled>,
    /// Registers that each step is the last to read.
    dead: Vec<Vec<Register>>,
}

impl Program {
    /// Checks everything that can be checked without ciphertexts, and encodes the weights.
    ///
    /// # Errors
    /// [`ProgramError`] names the first step that is wrong, and how.
    pub fn new(parameters: Parameters, literal: &ProgramLiteral) -> Result<Self, ProgramError> {
        Self::keeping(parameters, literal, KEPT_BYTES)
    }

    /// `new` with so much memory for long weights that are kept transformed; the others are
    /// transformed at every use.
    ///
    /// # Errors
    /// As `new`.
    pub fn keeping(
        parameters: Parameters,
        literal: &ProgramLiteral,
        kept_bytes: usize,
    ) -> Result<Self, ProgramError> {
        let checked = check::check(&parameters, literal)?;
        let shape = |register| checked.shapes[&register];
        let steps = compile::compile(&parameters, &checked, &literal.steps, kept_bytes);
        Ok(Self {
            inputs: (0..literal.inputs.len()).map(shape).collect(),
            outputs: literal
                .outputs
                .iter()
                .map(|&register| (register, shape(register)))
                .collect(),
            steps,
            dead: deaths(literal),
            needs: checked.needs,
            parameters,
        })
    }

    /// Limbs and scale of each input ciphertext.
    #[must_use]
    pub fn inputs(&self) -> &[Shape] {
        &self.inputs
    }

    /// Limbs and scale of each output ciphertext.
    pub fn outputs(&self) -> impl Iterator<Item = Shape> {
        self.outputs.iter().map(|&(_, shape)| shape)
    }

    /// Evaluation keys without which the program does not run.
    #[must_use]
    pub fn needs(&self) -> &KeyNeeds {
        &self.needs
    }

    /// Memory that the encoded weights take.
    #[must_use]
    pub fn plaintext_bytes(&self) -> usize {
        self.steps.iter().map(Compiled::plaintext_bytes).sum()
    }
}

fn deaths(literal: &ProgramLiteral) -> Vec<Vec<Register>> {
    let mut last: HashMap<Register, usize> = HashMap::new();
    for (index, step) in literal.steps.iter().enumerate() {
        last.extend(step.reads().into_iter().map(|register| (register, index)));
    }
    let kept: HashSet<_> = literal.outputs.iter().collect();
    let mut dead = collected(literal.steps.iter().map(|_| Vec::new()));
    for (register, index) in last
        .into_iter()
        .filter(|(register, _)| !kept.contains(register))
    {
        dead[index].push(register);
    }
    dead
}
