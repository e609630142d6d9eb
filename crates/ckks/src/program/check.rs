//! Static checks: after these a program can only fail for want of keys or good ciphertexts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::literal::{Linear, ProgramLiteral, Register, Step};
use crate::Parameters;

/// Most input ciphertexts, output ciphertexts, and inputs or outputs of one linear step.
pub const MAX_CIPHERTEXTS: usize = 256;
/// Most steps of a program.
pub const MAX_STEPS: usize = 4096;
/// Most terms of all linear steps together.
pub const MAX_TERMS: usize = 1 << 20;
/// Largest giant index, and most rotations in one `RotateAdd`.
pub const MAX_GIANT: usize = 4096;
/// Most memory for encoded weights, in bytes.
pub const MAX_PLAINTEXT_BYTES: usize = 16 << 30;
/// Most memory for the rotated inputs of one linear step, in bytes.
pub const MAX_WORKING_BYTES: usize = 16 << 30;
/// Plaintexts up to this period are kept transformed; longer ones as integer coefficients.
pub const MAX_TRANSFORMED_PERIOD: usize = 4096;
/// Largest relative difference between scales that count as equal.
pub const SCALE_TOLERANCE: f64 = 1.0 / (1 << 20) as f64;

/// Most an encoded weight may reach, so that its coefficients fit a signed word.
const MAX_ENCODED: f64 = (1u64 << 60) as f64;

/// Why a program was refused: a bug of whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// Something about the whole program.
    #[error("program: {0}")]
    Program(String),
    /// Something about one step.
    #[error("step {0}: {1}")]
    Step(usize, String),
}

/// What is known of a register before anything runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Limbs of the ciphertext.
    pub limbs: usize,
    /// Scale of the ciphertext.
    pub scale: f64,
}

/// Rotation keys and the relinearisation key that a program needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyNeeds {
    /// Rotation in 1..N -> most limbs at which it is used.
    pub rotations: BTreeMap<usize, usize>,
    /// Most limbs of a product; 0: none.
    pub relinearisation: usize,
}

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
        require!(
            close(result, scale),
            "scale {scale:e} where {result:e} results"
        );
        self.needs.relinearisation = self.needs.relinearisation.max(left.limbs);
        self.write(
            output,
            Shape {
                limbs: left.limbs - 1,
                scale: result,
            },
        )
    }

    fn linear(&mut self, linear: &Linear) -> Checks<()> {
        let limbs = self.linear_inputs(linear)?;
        positive(linear.scale)?;
        self.terms += linear.terms.len();
        within("terms", self.terms, MAX_TERMS)?;
        let prime = self.top_prime(limbs)?;
        for (index, term) in linear.terms.iter().enumerate() {
            self.term(linear, index, prime)
                .map_err(|problem| format!("term {index}: {problem}"))?;
            self.need(term.anchor, limbs);
            self.need(term.baby, limbs);
            if term.giant > 0 {
                self.need(linear.giant_step, limbs);
            }
        }
        self.working_memory(linear, limbs)?;
        self.linear_outputs(linear, limbs - 1)
    }

    fn linear_inputs(&self, linear: &Linear) -> Checks<usize> {
        within("inputs", linear.inputs.len(), MAX_CIPHERTEXTS)?;
        let first = *linear.inputs.first().ok_or("no inputs")?;
        let limbs = self.read(first)?.limbs;
        for &register in &linear.inputs {
            let other = self.read(register)?.limbs;
            require!(
                other == limbs,
                "register {register} has {other} limbs, others {limbs}"
            );
        }
        Ok(limbs)
    }

    fn linear_outputs(&mut self, linear: &Linear, limbs: usize) -> Checks<()> {
        let count = linear.outputs.len();
        within("outputs", count, MAX_CIPHERTEXTS)?;
        require!(count > 0, "no outputs");
        require!(
            linear.bias.len() == count,
            "{} biases, {count} outputs",
            linear.bias.len()
        );
        let reached: BTreeSet<usize> = linear.terms.iter().map(|term| term.output).collect();
        require!(reached.len() == count, "an output without terms");
        for bias in linear.bias.iter().flatten() {
            self.slot_vector(bias, linear.scale, limbs)
                .map_err(|problem| format!("bias: {problem}"))?;
        }
        let shape = Shape {
            limbs,
            scale: linear.scale,
        };
        linear
            .outputs
            .iter()
            .try_for_each(|&register| self.write(register, shape))
    }

    fn term(&mut self, linear: &Linear, index: usize, prime: f64) -> Checks<()> {
        let term = &linear.terms[index];
        require!(
            term.output < linear.outputs.len(),
            "no output {}",
            term.output
        );
        require!(
            term.giant <= MAX_GIANT,
            "giant {} over {MAX_GIANT}",
            term.giant
        );
        let input = *linear
            .inputs
            .get(term.input)
            .ok_or(format!("no input {}", term.input))?;
        let shape = self.read(input)?;
        let scale = plain_scale(linear.scale, prime, shape.scale);
        require!(scale >= 2.0, "weights would be encoded at scale {scale:e}");
        self.slot_vector(&term.weights, scale, shape.limbs)
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
            largest * scale <= MAX_ENCODED,
            "{largest:e} at scale {scale:e} is too large"
        );
        self.plaintext_bytes += period
            * if period <= MAX_TRANSFORMED_PERIOD {
                8 * limbs
            } else {
                8
            };
        within(
            "bytes of plaintexts",
            self.plaintext_bytes,
            MAX_PLAINTEXT_BYTES,
        )
    }

    fn working_memory(&self, linear: &Linear, limbs: usize) -> Checks<()> {
        let key = |step| self.parameters.step(step);
        let rotated: BTreeSet<_> = linear
            .terms
            .iter()
            .map(|term| (term.input, key(term.anchor), key(term.baby)))
            .collect();
        let bytes = rotated.len() * 2 * limbs * self.parameters.degree() * 8;
        within("bytes of rotated inputs", bytes, MAX_WORKING_BYTES)
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
            let most = self.needs.rotations.entry(step).or_default();
            *most = limbs.max(*most);
        }
    }

    fn read(&self, register: Register) -> Checks<Shape> {
        self.shapes
            .get(&register)
            .copied()
            .ok_or(format!("register {register} was never written"))
    }

    fn write(&mut self, register: Register, shape: Shape) -> Checks<()> {
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
        scale.is_finite() && scale >= 1.0,
        "scale {scale:e} is out of range"
    );
    Ok(())
}

fn within(what: &str, count: usize, most: usize) -> Checks<()> {
    require!(count <= most, "{count} {what}, at most {most}");
    Ok(())
}
