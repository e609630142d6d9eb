//! From checked steps to what the executor walks through.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use super::check::{Checked, plain_scale};
use super::linear::ROTATION;
use super::literal::{Linear, Register, Step};
use super::plain::Plain;
use crate::Parameters;

/// A step with its plaintexts encoded and its rotations in 1..N.
pub(super) enum Compiled {
    Linear(Matrix),
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

/// A linear step, ready to run.
pub(super) struct Matrix {
    pub limbs: usize,
    pub scale: f64,
    pub giant_step: usize,
    /// Inputs under the rotations that the products read, in the order of `Product::rotated`.
    pub anchors: Vec<Anchor>,
    pub rows: Vec<Row>,
}

/// One input under one full rotation, from which the babies are hoisted.
pub(super) struct Anchor {
    pub input: Register,
    pub step: usize,
    pub babies: Vec<usize>,
}

/// One output of a linear step.
pub(super) struct Row {
    pub output: Register,
    /// The products that each giant rotation moves together.
    pub giants: BTreeMap<usize, Vec<Product>>,
    pub bias: Option<Plain>,
}

/// A rotated input times a plaintext.
pub(super) struct Product {
    pub rotated: usize,
    pub weights: Plain,
}

impl Compiled {
    /// Work units of the whole step.
    pub fn units(&self) -> u64 {
        match self {
            Self::Linear(matrix) => matrix.units(),
            Self::Multiply { limbs, .. } => ROTATION * *limbs as u64,
            Self::RotateAdd { steps, limbs, .. } => ROTATION * (steps.len() * limbs) as u64,
            _ => 0,
        }
    }

    /// Memory that the encoded weights take.
    pub fn plaintext_bytes(&self) -> usize {
        match self {
            Self::Linear(matrix) => matrix.rows.iter().map(Row::plaintext_bytes).sum(),
            Self::AddPlain { plain, .. } => plain.bytes(),
            _ => 0,
        }
    }
}

impl Row {
    fn plaintext_bytes(&self) -> usize {
        let products = self.giants.values().flatten();
        let weights = products
            .map(|product| product.weights.bytes())
            .sum::<usize>();
        weights + self.bias.as_ref().map_or(0, Plain::bytes)
    }
}

/// Compiles steps that have been checked.
pub(super) fn compile(parameters: &Parameters, checked: &Checked, steps: &[Step]) -> Vec<Compiled> {
    steps
        .iter()
        .map(|step| compile_step(parameters, checked, step))
        .collect()
}

fn compile_step(parameters: &Parameters, checked: &Checked, step: &Step) -> Compiled {
    match step {
        Step::Linear(linear) => Compiled::Linear(Matrix::new(parameters, checked, linear)),
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

type Rotation = (usize, usize, usize);

impl Matrix {
    fn new(parameters: &Parameters, checked: &Checked, linear: &Linear) -> Self {
        let limbs = checked.shapes[&linear.inputs[0]].limbs;
        let (anchors, places) = rotations(parameters, linear);
        let weights = encode(parameters, checked, linear, limbs);
        let outputs = linear.outputs.iter().zip(&linear.bias);
        let mut rows: Vec<Row> = outputs
            .map(|(&output, bias)| Row {
                output,
                giants: BTreeMap::new(),
                bias: bias.as_ref().map(|values| {
                    Plain::new(
                        parameters,
                        parameters.basis(limbs - 1),
                        values,
                        linear.scale,
                    )
                }),
            })
            .collect();
        for (term, weights) in linear.terms.iter().zip(weights) {
            let rotated = places[&rotation(parameters, linear, term)];
            let giant = rows[term.output].giants.entry(term.giant).or_default();
            giant.push(Product { rotated, weights });
        }
        let giant_step = parameters.step(linear.giant_step);
        Self {
            limbs,
            scale: linear.scale,
            giant_step,
            anchors,
            rows,
        }
    }
}

fn rotation(parameters: &Parameters, linear: &Linear, term: &super::Term) -> Rotation {
    let key = |step| parameters.step(step);
    (linear.inputs[term.input], key(term.anchor), key(term.baby))
}

/// The rotations that occur, grouped by input and anchor, and the place of each.
fn rotations(parameters: &Parameters, linear: &Linear) -> (Vec<Anchor>, HashMap<Rotation, usize>) {
    let terms = linear.terms.iter();
    let sorted: BTreeSet<Rotation> = terms
        .map(|term| rotation(parameters, linear, term))
        .collect();
    let mut anchors: Vec<Anchor> = Vec::new();
    for &(input, step, baby) in &sorted {
        match anchors.last_mut() {
            Some(last) if (last.input, last.step) == (input, step) => last.babies.push(baby),
            _ => anchors.push(Anchor {
                input,
                step,
                babies: vec![baby],
            }),
        }
    }
    let places = sorted.into_iter().enumerate();
    (anchors, places.map(|(place, key)| (key, place)).collect())
}

/// The weights of every term, moved to where they meet the input before its giant rotation.
fn encode(parameters: &Parameters, checked: &Checked, linear: &Linear, limbs: usize) -> Vec<Plain> {
    let prime = parameters.literal().moduli[limbs - 1] as f64;
    let terms = linear.terms.par_iter().map(|term| {
        let input = checked.shapes[&linear.inputs[term.input]];
        let scale = plain_scale(linear.scale, prime, input.scale);
        let shift = parameters.step(linear.giant_step.wrapping_mul(term.giant as i64));
        let mut weights = term.weights.clone();
        let period = weights.len();
        weights.rotate_right(shift % period);
        Plain::new(parameters, parameters.extended(limbs), &weights, scale)
    });
    terms.collect()
}
