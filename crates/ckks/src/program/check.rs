//! Static checks: after these a program can only fail for want of keys or good ciphertexts.

use std::collections::HashMap;

use super::limits::{
    MAX_CIPHERTEXTS, MAX_ENCODED, MAX_GIANT, MAX_PLAINTEXT_BYTES, MAX_REGISTERS, MAX_SCALE,
    MAX_STEPS, MAX_TRANSFORMED_PERIOD, ProgramError, SCALE_TOLERANCE, Shape,
};
use super::literal::{ProgramLiteral, Register, Step};
use crate::{KeyNeeds, Parameters};

/// Everything found out about a program.
pub(super) struct Checked {
    pub shapes: HashMap<Register, Shape>,
    pub needs: KeyNeeds,
}

type Checks<T> = Result<T, String>;

macro_rules! require {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(format!($($message)+));
        }
    };
}

mod combine;
mod linear;

/// Checks the whole program, step by step.
pub(super) fn check(
    parameters: &Parameters,
    literal: &ProgramLiteral,
) -> Result<Checked, ProgramError> {
    let mut checker = Checker {
        parameters,
        shapes: HashMap::new(),
        needs: KeyNeeds::default(),
        terms: 0,
        entries: 0,
        plaintext_bytes: 0,
    };
    checker.begin(literal).map_err(ProgramError::Program)?;
    for (index, step) in literal.steps.iter().enumerate() {
        checker
            .step(step)
            .map_err(|problem| ProgramError::Step(index, problem))?;
    }
    checker.end(literal).map_err(ProgramError::Program)?;
    Ok(Checked {
        shapes: checker.shapes,
        needs: checker.needs,
    })
}

struct Checker<'a> {
    parameters: &'a Parameters,
    shapes: HashMap<Register, Shape>,
    needs: KeyNeeds,
    terms: usize,
    entries: usize,
    plaintext_bytes: usize,
}

impl Checker<'_> {
    fn begin(&mut self, literal: &ProgramLiteral) -> Checks<()> {
        within("inputs", literal.inputs.len(), MAX_CIPHERTEXTS)?;
        within("outputs", literal.outputs.len(), MAX_CIPHERTEXTS)?;
        within("steps", literal.steps.len(), MAX_STEPS)?;
        for (register, &(limbs, scale)) in literal.inputs.iter().enumerate() {
            let most = self.parameters.limbs();
            require!(
                (1..=most).contains(&limbs),
                "input {register}: {limbs} limbs of {most}"
            );
            positive(scale)?;
            self.shapes.insert(register, Shape { limbs, scale });
        }
        Ok(())
    }

    fn end(&self, literal: &ProgramLiteral) -> Checks<()> {
        require!(!literal.outputs.is_empty(), "no outputs");
        literal
            .outputs
            .iter()
            .try_for_each(|&register| self.read(register).map(drop))
    }

    fn step(&mut self, step: &Step) -> Checks<()> {
        match step {
            Step::Linear(linear) => self.linear(linear),
            Step::Combine(combine) => self.combine(combine),
            &Step::Multiply {
                a,
                b,
                output,
                scale,
            } => self.multiply(a, b, output, scale),
            &Step::Add { a, b, output } => {
                let shape = self.agree(a, b)?;
                self.write(output, shape)
            }
            Step::AddPlain {
                input,
                output,
                values,
            } => {
                let shape = self.read(*input)?;
                self.slot_vector(values, shape.scale, shape.limbs)?;
                self.write(*output, shape)
            }
            Step::RotateAdd {
                input,
                output,
                steps,
            } => {
                let shape = self.read(*input)?;
                within("rotations", steps.len(), MAX_GIANT)?;
                steps.iter().for_each(|&step| self.need(step, shape.limbs));
                self.write(*output, shape)
            }
            &Step::Drop {
                input,
                output,
                limbs,
            } => {
                let shape = self.read(input)?;
                let most = shape.limbs;
                require!(
                    (1..=most).contains(&limbs),
                    "cannot drop from {most} limbs to {limbs}"
                );
                self.write(output, Shape { limbs, ..shape })
            }
        }
    }

    fn multiply(&mut self, a: Register, b: Register, output: Register, scale: f64) -> Checks<()> {
        let (left, right) = (self.read(a)?, self.read(b)?);
        require!(
            left.limbs == right.limbs,
            "factors of {} and {} limbs",
            left.limbs,
            right.limbs
        );
        let prime = self.top_prime(left.limbs)?;
        let result = left.scale * right.scale / prime;
        positive(scale)?;
        require!(
            close(result, scale),
            "scale {scale:e} where {result:e} results"
        );
        self.needs.add_relinearisation(self.parameters, left.limbs);
        self.write(
            output,
            Shape {
                limbs: left.limbs - 1,
                scale: result,
            },
        )
    }

    /// Checks a slot vector and counts the memory of its encoding.
    fn slot_vector(&mut self, values: &[f64], scale: f64, limbs: usize) -> Checks<()> {
        let (period, slots) = (values.len(), self.parameters.degree());
        require!(
            period.is_power_of_two() && period <= slots,
            "{period} values are no period of {slots} slots"
        );
        require!(
            values.iter().all(|value| value.is_finite()),
            "a value is not finite"
        );
        let largest = values
            .iter()
            .fold(0.0f64, |most, value| most.max(value.abs()));
        require!(
            (0.0..=MAX_ENCODED).contains(&(largest * scale)),
            "{largest:e} at scale {scale:e} is too large"
        );
        self.count_bytes(
            period
                * if period <= MAX_TRANSFORMED_PERIOD {
                    8 * limbs
                } else {
                    8
                },
        )
    }

    fn count_bytes(&mut self, bytes: usize) -> Checks<()> {
        self.plaintext_bytes += bytes;
        within(
            "bytes of plaintexts",
            self.plaintext_bytes,
            MAX_PLAINTEXT_BYTES,
        )
    }

    fn agree(&self, a: Register, b: Register) -> Checks<Shape> {
        let (left, right) = (self.read(a)?, self.read(b)?);
        require!(
            left.limbs == right.limbs,
            "terms of {} and {} limbs",
            left.limbs,
            right.limbs
        );
        require!(
            close(left.scale, right.scale),
            "terms at scales {:e} and {:e}",
            left.scale,
            right.scale
        );
        Ok(left)
    }

    fn top_prime(&self, limbs: usize) -> Checks<f64> {
        require!(limbs >= 2, "no limb left to rescale by");
        Ok(self.parameters.literal().moduli[limbs - 1] as f64)
    }

    fn need(&mut self, step: i64, limbs: usize) {
        let step = self.parameters.step(step);
        if step != 0 {
            self.needs.add_rotation(self.parameters, step, limbs);
        }
    }

    fn read(&self, register: Register) -> Checks<Shape> {
        self.shapes
            .get(&register)
            .copied()
            .ok_or(format!("register {register} was never written"))
    }

    fn write(&mut self, register: Register, shape: Shape) -> Checks<()> {
        within("registers", self.shapes.len() + 1, MAX_REGISTERS)?;
        match self.shapes.insert(register, shape) {
            None => Ok(()),
            Some(_) => Err(format!("register {register} is written twice")),
        }
    }
}

/// Scale of the weights that makes the rescaled result come out at exactly `scale`.
pub(super) fn plain_scale(scale: f64, prime: f64, input_scale: f64) -> f64 {
    scale * prime / input_scale
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= SCALE_TOLERANCE * a.abs()
}

fn positive(scale: f64) -> Checks<()> {
    require!(
        (1.0..=MAX_SCALE).contains(&scale),
        "scale {scale:e} is out of range"
    );
    Ok(())
}

fn within(what: &str, count: usize, most: usize) -> Checks<()> {
    require!(count <= most, "{count} {what}, at most {most}");
    Ok(())
}
