//! Programs run plainly on slots, and the party that runs them on ciphertexts.

use std::collections::HashMap;
use std::ops::ControlFlow;

use hushwork_ckks::encoding::{decode, encode};
use hushwork_ckks::program::{Combine, Linear, Program, ProgramLiteral, Progress, Register, Step};
use hushwork_ckks::{
    Ciphertext, EvaluationKeys, Literal, Parameters, SecretKey, Tier, find_primes,
};

pub const LOG_DEGREE: u32 = 6;
pub const SLOTS: usize = 1 << LOG_DEGREE;
pub const SCALE: f64 = (1u64 << 36) as f64;

fn tier(limbs: usize, digit: usize, special: usize) -> Tier {
    Tier {
        limbs,
        digit,
        special,
    }
}

/// Far too small to be secure; programs cross from one tier to the other.
pub fn parameters(log_degree: u32) -> Parameters {
    let primes = find_primes(log_degree, &[50, 36, 36, 36, 50, 50, 50]).unwrap();
    let (moduli, special) = primes.split_at(4);
    let literal = Literal {
        log_degree,
        moduli: moduli.to_vec(),
        special: special.to_vec(),
        tiers: vec![tier(4, 2, 2), tier(2, 2, 3)],
    };
    Parameters::insecure(literal).unwrap()
}

/// Slot i + step moves to slot i.
pub fn rotate(values: &[f64], step: i64) -> Vec<f64> {
    let mut rotated = values.to_vec();
    rotated.rotate_left(step.rem_euclid(values.len() as i64) as usize);
    rotated
}

pub fn carry_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn zip(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    a.iter()
        .zip(b.iter().cycle())
        .map(|(&x, &y)| f(x, y))
        .collect()
}

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    zip(a, b, |x, y| x + y)
}

type Registers = HashMap<Register, Vec<f64>>;

/// What the program should compute, slot by slot.
pub fn simulate(literal: &ProgramLiteral, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut registers: Registers = inputs.iter().cloned().enumerate().collect();
    for step in &literal.steps {
        let results = match step {
            Step::Linear(linear) => simulate_linear(linear, &registers),
            Step::Combine(combine) => simulate_combine(combine, &registers),
            step => vec![simulate_simple(step, &registers)],
        };
        registers.extend(results);
    }
    literal
        .outputs
        .iter()
        .map(|register| registers[register].clone())
        .collect()
}

fn simulate_simple(step: &Step, registers: &Registers) -> (Register, Vec<f64>) {
    match step {
        Step::Linear(_) | Step::Combine(_) => unreachable!(),
        &Step::Multiply { a, b, output, .. } => {
            (output, zip(&registers[&a], &registers[&b], |x, y| x * y))
        }
        &Step::Add { a, b, output } => (output, add(&registers[&a], &registers[&b])),
        Step::AddPlain {
            input,
            output,
            values,
        } => (*output, add(&registers[input], values)),
        Step::RotateAdd {
            input,
            output,
            steps,
        } => {
            let start = registers[input].clone();
            (
                *output,
                steps
                    .iter()
                    .fold(start, |x, &step| add(&x, &rotate(&x, step))),
            )
        }
        &Step::Drop { input, output, .. } => (output, registers[&input].clone()),
    }
}

fn simulate_linear(linear: &Linear, registers: &Registers) -> Vec<(Register, Vec<f64>)> {
    let slots = registers[&linear.inputs[0]].len();
    let mut sums = vec![vec![0.0; slots]; linear.outputs.len()];
    for term in &linear.terms {
        let step = term.anchor + linear.giant_step * term.giant as i64 + term.baby;
        let input = rotate(&registers[&linear.inputs[term.input]], step);
        let product = zip(&input, &term.weights, |x, w| x * w);
        sums[term.output] = add(&sums[term.output], &product);
    }
    for (sum, bias) in sums.iter_mut().zip(&linear.bias) {
        if let Some(bias) = bias {
            *sum = add(sum, bias);
        }
    }
    linear.outputs.iter().copied().zip(sums).collect()
}

fn simulate_combine(combine: &Combine, registers: &Registers) -> Vec<(Register, Vec<f64>)> {
    let outputs = combine.outputs.iter().enumerate();
    let results = outputs.map(|(output, &register)| {
        let bias = combine.bias.as_ref().map_or(0.0, |bias| bias[output]);
        let mut sum = vec![bias; registers[&combine.inputs[0]].len()];
        for entry in combine.starts[output]..combine.starts[output + 1] {
            let input = &registers[&combine.inputs[combine.columns[entry] as usize]];
            sum = zip(&sum, input, |sum, x| sum + combine.weights[entry] * x);
        }
        (register, sum)
    });
    results.collect()
}

/// Holds every key there is.
pub struct Party {
    pub parameters: Parameters,
    pub secret: SecretKey,
}

impl Party {
    pub fn new(log_degree: u32) -> Self {
        let parameters = parameters(log_degree);
        let secret = SecretKey::insecure_from_seed(&parameters, &[7; 32]).unwrap();
        Self { parameters, secret }
    }

    pub fn compile(&self, literal: &ProgramLiteral) -> Program {
        Program::new(self.parameters.clone(), literal).unwrap()
    }

    pub fn keys(&self, program: &Program) -> EvaluationKeys {
        self.secret.evaluation_keys(program.needs()).unwrap()
    }

    pub fn seal(&self, inputs: &[Vec<f64>], limbs: usize) -> Vec<Ciphertext> {
        let basis = self.parameters.basis(limbs);
        let seal = |values: &Vec<f64>| {
            let plaintext = encode(&self.parameters, basis, values, SCALE).unwrap();
            self.secret.encrypt(&plaintext).unwrap()
        };
        inputs.iter().map(seal).collect()
    }

    /// Runs the program on full-depth inputs and compares it with its simulation.
    pub fn check(&self, literal: &ProgramLiteral, inputs: &[Vec<f64>]) {
        self.check_program(&self.compile(literal), literal, inputs);
    }

    pub fn check_program(&self, program: &Program, literal: &ProgramLiteral, inputs: &[Vec<f64>]) {
        let sealed = self.seal(inputs, self.parameters.limbs());
        let outputs = program
            .run(&self.keys(program), sealed, 2, &mut carry_on)
            .unwrap();
        let shapes: Vec<_> = program.outputs().collect();
        for ((output, shape), want) in outputs.iter().zip(shapes).zip(simulate(literal, inputs)) {
            assert_eq!((output.limbs(), output.scale), (shape.limbs, shape.scale));
            let got = decode(&self.parameters, &self.secret.decrypt(output));
            let worst = zip(&got, &want, |x, y| (x - y).abs())
                .into_iter()
                .fold(0.0, f64::max);
            assert!(worst < 1e-4, "error {worst:e}");
        }
    }
}
