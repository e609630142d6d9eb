//! Linear steps compiled: which rotated inputs and which sums there are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use hushwork_ring::memory::{copied, reserved};
use rayon::prelude::*;

use super::check::{Checked, plain_scale};
use super::groups::{Grant, Group, Product, groups};
use super::linear::{HOISTED, ROTATION};
use super::literal::{Linear, Register, Term};
use super::plain::Plain;
use crate::Parameters;

/// A linear step, ready to run.
pub(super) struct Matrix {
    pub limbs: usize,
    pub scale: f64,
    pub giant_step: usize,
    /// Inputs under the rotations that the products read.
    pub anchors: Vec<Anchor>,
    pub outputs: Vec<Output>,
    /// Output and giant of each sum, the giants of an output falling.
    pub places: Vec<(usize, usize)>,
    /// The sums in this order, a part in each.
    pub groups: Vec<Group>,
}

/// One input under one full rotation, from which the babies are hoisted.
pub(super) struct Anchor {
    pub input: Register,
    pub step: usize,
    pub babies: Vec<usize>,
}

/// One output of a linear step.
pub(super) struct Output {
    pub register: Register,
    pub bias: Option<Plain>,
}

impl Matrix {
    /// Work units of the whole step.
    pub fn units(&self) -> u64 {
        let rotated = self.anchors.iter().map(Anchor::units).sum::<u64>();
        let products = self.groups.iter().map(Group::units).sum::<u64>();
        self.limbs as u64 * (rotated + products + self.turns() * ROTATION)
    }

    /// Giant rotations: as many for each output as its highest index.
    fn turns(&self) -> u64 {
        let mut highest = HashMap::new();
        for &(output, giant) in &self.places {
            highest.entry(output).or_insert(giant as u64);
        }
        highest.values().sum()
    }

    /// Memory that the encoded weights take.
    pub fn plaintext_bytes(&self) -> usize {
        let biases = self
            .outputs
            .iter()
            .filter_map(|output| output.bias.as_ref());
        let weights = self
            .groups
            .iter()
            .map(Group::plaintext_bytes)
            .sum::<usize>();
        weights + biases.map(Plain::bytes).sum::<usize>()
    }

    pub fn new(
        parameters: &Parameters,
        checked: &Checked,
        linear: &Linear,
        grant: &mut Grant,
    ) -> Self {
        let limbs = checked.shapes[&linear.inputs[0]].limbs;
        let (anchors, numbers) = rotations(parameters, linear);
        let weights = encode(parameters, checked, linear, limbs);
        let mut counts: BTreeMap<_, usize> = BTreeMap::new();
        for term in &linear.terms {
            *counts.entry(sum_of(term)).or_default() += 1;
        }
        let empty = |(sum, count)| (sum, reserved(count));
        let mut sums: BTreeMap<_, Vec<Product>> = counts.into_iter().map(empty).collect();
        for (term, weights) in linear.terms.iter().zip(weights) {
            let rotated = numbers[&rotation(parameters, linear, term)];
            let sum = sums.entry(sum_of(term)).or_default();
            sum.push(Product { rotated, weights });
        }
        let places = sums
            .keys()
            .map(|&(output, giant)| (output, giant.0))
            .collect();
        let outputs = linear.outputs.iter().zip(&linear.bias);
        let bias = |values: &Vec<f64>| {
            Plain::new(
                parameters,
                parameters.basis(limbs - 1),
                values,
                linear.scale,
            )
        };
        let outputs = outputs.map(|(&register, values)| Output {
            register,
            bias: values.as_ref().map(bias),
        });
        Self {
            limbs,
            scale: linear.scale,
            giant_step: parameters.step(linear.giant_step),
            anchors,
            outputs: outputs.collect(),
            places,
            groups: groups(parameters, limbs, sums.into_values(), grant),
        }
    }
}

impl Anchor {
    /// Whether a baby rotates it.
    pub fn moves(&self) -> bool {
        self.babies.iter().any(|&baby| baby != 0)
    }

    pub fn units(&self) -> u64 {
        let babies = self.babies.iter().filter(|&&baby| baby != 0).count() as u64;
        babies * HOISTED + if self.step == 0 { 0 } else { ROTATION }
    }
}

/// Output and giant, in the order in which sums are made.
fn sum_of(term: &Term) -> (usize, Reverse<usize>) {
    (term.output, Reverse(term.giant))
}

type Rotation = (usize, usize, usize);

fn rotation(parameters: &Parameters, linear: &Linear, term: &Term) -> Rotation {
    let key = |step| parameters.step(step);
    (linear.inputs[term.input], key(term.anchor), key(term.baby))
}

/// The rotations that occur, grouped by input and anchor, and the number of each.
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
    let numbers = sorted.into_iter().enumerate();
    (
        anchors,
        numbers.map(|(number, key)| (key, number)).collect(),
    )
}

/// The weights of every term, moved to where they meet the input before its giant rotation.
fn encode(parameters: &Parameters, checked: &Checked, linear: &Linear, limbs: usize) -> Vec<Plain> {
    let prime = parameters.literal().moduli[limbs - 1] as f64;
    let terms = linear.terms.par_iter().map(|term| {
        let input = checked.shapes[&linear.inputs[term.input]];
        let scale = plain_scale(linear.scale, prime, input.scale);
        let shift = parameters.step(linear.giant_step.wrapping_mul(term.giant as i64));
        let mut weights = copied(&term.weights);
        let period = weights.len();
        weights.rotate_right(shift % period);
        Plain::new(parameters, parameters.extended(limbs), &weights, scale)
    });
    let mut weights = reserved(linear.terms.len());
    weights.par_extend(terms);
    weights
}
