//! A combine step: sums with scalar weights, a strip of all inputs at a time, and their rescaling.

use hushwork_ring::memory::{collected, reserved};
use hushwork_ring::{Kernel, Poly, STRIP, Scalars, Strip, with_scratch};
use rayon::prelude::*;

use super::combination::{Batch, Combination};
use super::literal::Register;
use super::run::{Run, RunError};
use crate::Ciphertext;
use crate::evaluator::quotient;

/// Words of a limb that one task makes.
const PART: usize = 1 << 10;
/// Strips that are gathered at once, since each input lies in a page of its own.
const GATHERED: usize = 4;
/// Words of a repeated scalar.
const REPEATED: usize = 64;

/// Some words of a limb of all sums of a batch, and what makes them.
struct Part<'a> {
    batch: &'a Batch,
    kernel: &'a dyn Kernel,
    weights: &'a [u64],
    inputs: Vec<&'a [u64]>,
    sums: Vec<&'a mut [u64]>,
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
            self.tick(batch.divisions(), step.limbs)?;
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
        let weights: Vec<_> = weights.collect();
        let inputs = batch.inputs.iter();
        let inputs: Vec<_> = collected(inputs.map(|register| &**self.register(*register)));
        let constant: Vec<_> = collected(inputs.iter().map(|input| &input.c0));
        let secret: Vec<_> = collected(inputs.iter().map(|input| &input.c1));
        let units = batch.products() * limbs as u64;
        Ok([
            self.half(batch, &weights, &constant, units / 2)?,
            self.half(batch, &weights, &secret, units.div_ceil(2))?,
        ])
    }

    /// One half of the sums, from that of each input and the residues of the weights in each limb.
    fn half(
        &self,
        batch: &Batch,
        weights: &[Vec<u64>],
        inputs: &[&Poly],
        units: u64,
    ) -> Result<Vec<Poly>, RunError> {
        let (degree, limbs) = (self.parameters().degree(), weights.len());
        let kernels = self.parameters().basis(limbs).kernels();
        let mut sums = collected(batch.outputs.iter().map(|_| Poly::recycled(degree, limbs)));
        let length = PART.min(degree);
        let parts = parts(&mut sums, limbs * degree / length, length);
        let count = parts.len() as u64;
        let parts = parts.into_par_iter().enumerate();
        parts.try_for_each(|(index, sums)| {
            let (row, start) = (index * length / degree, index * length % degree);
            let inputs = inputs.iter();
            let inputs = inputs.map(|input| &input.limb(row)[start..][..length]);
            let part = Part {
                batch,
                kernel: &*kernels[row],
                weights: &weights[row],
                inputs: collected(inputs),
                sums,
            };
            part.fill();
            let (done, index) = (|index| units * index / count, index as u64);
            self.tick(done(index + 1) - done(index), 1)
        })?;
        Ok(sums)
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

impl Part<'_> {
    fn fill(mut self) {
        let rows = self.batch.blocks.iter().map(|block| block.rows);
        let (count, rows) = (self.inputs.len(), rows.max().unwrap_or(0));
        let length = self.sums[0].len();
        with_scratch((GATHERED * count + rows) * STRIP, |scratch| {
            let (inputs, out) = scratch.as_chunks_mut().0.split_at_mut(GATHERED * count);
            for start in (0..length).step_by(GATHERED * STRIP) {
                self.gather(start, inputs);
                let starts = (start..length).step_by(STRIP);
                for (start, inputs) in starts.zip(inputs.chunks_exact(count)) {
                    self.strip(start, inputs, out);
                }
            }
        });
    }

    /// One strip of every input, then the next; zeros where a limb is shorter.
    fn gather(&self, start: usize, strips: &mut [Strip]) {
        let count = self.inputs.len();
        for (index, input) in self.inputs.iter().enumerate() {
            let strips = strips[index..].iter_mut().step_by(count);
            for (words, strip) in input[start..].chunks(STRIP).zip(strips) {
                match words.first_chunk() {
                    Some(words) => *strip = *words,
                    None => {
                        *strip = [0; STRIP];
                        strip[..words.len()].copy_from_slice(words);
                    }
                }
            }
        }
    }

    /// A strip of every sum.
    fn strip(&mut self, start: usize, inputs: &[Strip], out: &mut [Strip]) {
        let (mut columns, mut weights) = (&self.batch.columns[..], self.weights);
        let mut sums = self.sums.iter_mut();
        for block in &self.batch.blocks {
            let scalars = Scalars {
                columns: columns.split_off(..block.columns).expect("its columns"),
                weights: weights
                    .split_off(..block.rows * block.columns)
                    .expect("its weights"),
            };
            let out = &mut out[..block.rows];
            self.kernel.combine(&scalars, inputs, out);
            for (out, sum) in out.iter().zip(&mut sums) {
                let words = &mut sum[start..];
                let length = words.len().min(STRIP);
                words[..length].copy_from_slice(&out[..length]);
            }
        }
    }
}
