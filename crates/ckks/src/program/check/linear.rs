//! Checks of a linear step.

use std::collections::BTreeSet;

use super::{Checker, Checks, plain_scale, positive, within};
use crate::program::limits::{
    MAX_ENCODED, MAX_GIANT, MAX_LINEAR, MAX_TERMS, MAX_WORKING_BYTES, Shape,
};
use crate::program::literal::{Linear, Register};

impl Checker<'_> {
    pub(super) fn linear(&mut self, linear: &Linear) -> Checks<()> {
        let limbs = self.inputs(&linear.inputs, MAX_LINEAR)?;
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

    /// The limbs of all inputs of one step.
    pub(super) fn inputs(&self, registers: &[Register], most: usize) -> Checks<usize> {
        within("inputs", registers.len(), most)?;
        let first = *registers.first().ok_or("no inputs")?;
        let limbs = self.read(first)?.limbs;
        for &register in registers {
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
        within("outputs", count, MAX_LINEAR)?;
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
        let scale = self.weight_scale(linear.scale, prime, shape)?;
        let rows = self.parameters.extended(shape.limbs).limbs();
        self.slot_vector(&term.weights, scale, rows)
    }

    /// At which the weights of one input are encoded.
    pub(super) fn weight_scale(&self, scale: f64, prime: f64, input: Shape) -> Checks<f64> {
        let scale = plain_scale(scale, prime, input.scale);
        require!(
            (2.0..=MAX_ENCODED).contains(&scale),
            "weights would be encoded at scale {scale:e}"
        );
        Ok(scale)
    }

    fn working_memory(&self, linear: &Linear, limbs: usize) -> Checks<()> {
        let key = |step| self.parameters.step(step);
        let rotated: BTreeSet<_> = linear
            .terms
            .iter()
            .map(|term| (term.input, key(term.anchor), key(term.baby)))
            .collect();
        let rows = self.parameters.extended(limbs).limbs();
        let bytes = rotated.len() * 2 * rows * self.parameters.degree() * 8;
        within("bytes of rotated inputs", bytes, MAX_WORKING_BYTES)
    }
}
