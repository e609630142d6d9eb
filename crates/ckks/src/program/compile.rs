//! From checked steps to what the executor walks through.

use hushwork_ring::memory::collected;

use super::check::Checked;
use super::combination::Combination;
use super::groups::Grant;
use super::linear::ROTATION;
use super::literal::{Register, Step};
use super::matrix::Matrix;
use super::plain::Plain;
use crate::Parameters;

/// A step with its plaintexts encoded and its rotations in 1..N.
pub(super) enum Compiled {
    Linear(Matrix),
    Combine(Combination),
    Multiply {
        a: Register,
        b: Register,
        output: Register,
        limbs: usize,
    },
    Add {
        a: Register,
        b: Register,
        output: Register,
    },
    AddPlain {
        input: Register,
        output: Register,
        plain: Plain,
    },
    RotateAdd {
        input: Register,
        output: Register,
        steps: Vec<usize>,
        limbs: usize,
    },
    Drop {
        input: Register,
        output: Register,
        limbs: usize,
    },
}

impl Compiled {
    /// Work units of the whole step.
    pub fn units(&self) -> u64 {
        match self {
            Self::Linear(matrix) => matrix.units(),
            Self::Combine(combination) => combination.units(),
            Self::Multiply { limbs, .. } => ROTATION * *limbs as u64,
            Self::RotateAdd { steps, limbs, .. } => ROTATION * (steps.len() * limbs) as u64,
            _ => 0,
        }
    }

    /// Memory that the encoded weights take.
    pub fn plaintext_bytes(&self) -> usize {
        match self {
            Self::Linear(matrix) => matrix.plaintext_bytes(),
            Self::Combine(combination) => combination.plaintext_bytes(),
            Self::AddPlain { plain, .. } => plain.bytes(),
            _ => 0,
        }
    }
}

/// Compiles steps that have been checked.
pub(super) fn compile(
    parameters: &Parameters,
    checked: &Checked,
    steps: &[Step],
    kept_bytes: usize,
) -> Vec<Compiled> {
    let mut grant = Grant::new(kept_bytes);
    let compile = |step| compile_step(parameters, checked, step, &mut grant);
    collected(steps.iter().map(compile))
}

fn compile_step(
    parameters: &Parameters,
    checked: &Checked,
    step: &Step,
    grant: &mut Grant,
) -> Compiled {
    match step {
        Step::Linear(linear) => Compiled::Linear(Matrix::new(parameters, checked, linear, grant)),
        Step::Combine(combine) => Compiled::Combine(Combination::new(parameters, checked, combine)),
        &Step::Multiply { a, b, output, .. } => Compiled::Multiply {
            a,
            b,
            output,
            limbs: checked.shapes[&a].limbs,
        },
        &Step::Add { a, b, output } => Compiled::Add { a, b, output },
        Step::AddPlain {
            input,
            output,
            values,
        } => {
            let shape = checked.shapes[input];
            let basis = parameters.basis(shape.limbs);
            let plain = Plain::new(parameters, basis, values, shape.scale);
            Compiled::AddPlain {
                input: *input,
                output: *output,
                plain,
            }
        }
        Step::RotateAdd {
            input,
            output,
            steps,
        } => {
            let limbs = checked.shapes[input].limbs;
            let steps = steps.iter().map(|&step| parameters.step(step)).collect();
            Compiled::RotateAdd {
                input: *input,
                output: *output,
                steps,
                limbs,
            }
        }
        &Step::Drop {
            input,
            output,
            limbs,
        } => Compiled::Drop {
            input,
            output,
            limbs,
        },
    }
}
