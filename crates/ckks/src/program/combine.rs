//! A combine step: sums with scalar weights, and their rescaling.

use hushwork_ring::memory::{collected, reserved};
use hushwork_ring::{Kernel, Poly};
use rayon::prelude::*;

use super::combination::{Batch, Combination};
use super::literal::Register;
use super::run::{Run, RunError};
use super::strips::{PART, Part};
use crate::Ciphertext;
use crate::evaluator::quotient;

/// Words of a repeated scalar.
const REPEATED: usize = 64;

/// What one half of the sums of a batch is made from.
struct Half<'a> {
    batch: &'a Batch,
    /// Residues of the weights in each limb.
    weights: &'a [Vec<u64>],
    inputs: Vec<&'a Poly>,
}

impl Run<'_> {
    /// Every output of a combine step.
    pub(super) fn combine(
        &self,
        step: &Combination,
    ) -> Result<Vec<(Register, Ciphertext)>, RunError> {
        let outputs = step.batches.iter().map(|batch| batch.outputs.len());
        let mut results = reserved(outputs.sum());
        let division = self.parameters().rescaling(step.limbs);
        let division = division.expect("a limb to rescale by");
        for batch in &step.batches {
            let [constant, secret] = self.both(batch, step.limbs)?;
            let sums = constant.into_par_iter().zip(secret).enumerate();
            results.par_extend(sums.map(|(index, (c0, c1))| {
                let mut result = quotient(division, &c0, &c1, step.scale);
                if let Some(bias) = &batch.bias {
                    self.add_scalar(&mut result, bias[index]);
                }
                (batch.outputs[index], result)
            }));
            self.tick(batch.divisions(step.limbs), 1)?;
        }
        Ok(results)
    }

    /// Adds an encoded scalar to every slot.
    fn add_scalar(&self, sum: &mut Ciphertext, scalar: i64) {
        let kernels = self.parameters().basis(sum.limbs()).kernels();
        for (row, kernel) in kernels.iter().enumerate() {
            let repeated = [kernel.modulus().lift(scalar); REPEATED];
            let limb = sum.c0.limb_mut(row);
            let length = REPEATED.min(limb.len());
            kernel.add(limb, &repeated[..length]);
        }
    }

    /// Both halves of the sums of a batch.
    fn both(&self, batch: &Batch, limbs: usize) -> Result<[Vec<Poly>; 2], RunError> {
        let kernels = self.parameters().basis(limbs).kernels();
        let weights = kernels.par_iter().map(|kernel| {
            let lift = |weight: &i64| kernel.modulus().lift(*weight);
            collected(batch.weights.iter().map(lift))
        });
        let weights: &Vec<_> = &weights.collect();
        let half = |which: fn(&Ciphertext) -> &Poly| {
            let inputs = batch.inputs.iter();
            let inputs = collected(inputs.map(|register| which(self.register(*register))));
            let half = Half {
                batch,
                weights,
                inputs,
            };
            self.half(&half)
        };
        Ok([half(|input| &input.c0)?, half(|input| &input.c1)?])
    }

    fn half(&self, half: &Half<'_>) -> Result<Vec<Poly>, RunError> {
        let (degree, limbs) = (self.parameters().degree(), half.weights.len());
        let outputs = half.batch.outputs.par_iter();
        let mut sums = reserved(outputs.len());
        sums.par_extend(outputs.map(|_| Poly::recycled(degree, limbs)));
        let length = PART.min(degree);
        let parts = parts(&mut sums, limbs * degree / length, length);
        let count = parts.len() as u64;
        let units = half.batch.half(limbs);
        let parts = parts.into_par_iter().enumerate();
        parts.try_for_each(|(index, sums)| {
            let (row, start) = (index * length / degree, index * length % degree);
            let kernel = &*self.parameters().basis(limbs).kernels()[row];
            half.part(kernel, row, start, sums).fill();
            let done = |parts| units * parts / count;
            self.tick(done(index as u64 + 1) - done(index as u64), 1)
        })?;
        Ok(sums)
    }
}

impl Half<'_> {
    /// That which makes some words of one limb of all sums.
    fn part<'a>(
        &'a self,
        kernel: &'a dyn Kernel,
        row: usize,
        start: usize,
        sums: Vec<&'a mut [u64]>,
    ) -> Part<'a> {
        let length = PART.min(self.inputs[0].degree());
        let inputs = self.inputs.iter();
        Part {
            batch: self.batch,
            kernel,
            weights: &self.weights[row],
            inputs: collected(inputs.map(|input| &input.limb(row)[start..][..length])),
            sums,
        }
    }
}

/// Of all sums, the words of each part of a limb, limb after limb.
fn parts(sums: &mut [Poly], count: usize, length: usize) -> Vec<Vec<&mut [u64]>> {
    let mut parts: Vec<_> = collected((0..count).map(|_| reserved(sums.len())));
    for sum in sums {
        let words = sum.values_mut().chunks_exact_mut(length);
        let words = parts.iter_mut().zip(words);
        words.for_each(|(part, words)| part.push(words));
    }
    parts
}
