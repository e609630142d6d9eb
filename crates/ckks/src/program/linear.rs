//! A linear step: anchors and babies by hoisting, products by lazy sums, giants by Horner.
//!
//! Babies, products and their sums stay multiplied by P: only what a giant rotation decomposes is
//! divided by it, and the result.

use super::literal::Register;
use super::matrix::{Matrix, Output};
use super::products::Sums;
use super::run::{Run, RunError};
use crate::switching::{Addend, Half};
use crate::{Ciphertext, Extended};

/// Work units a limb: of a product, of a hoisted rotation, of a full one.
pub(super) const PRODUCT: u64 = 1;
pub(super) const HOISTED: u64 = 12;
pub(super) const ROTATION: u64 = 60;

/// Horner's rule in the giant rotation: the sum so far, of giants from some index on.
struct Horner {
    sum: Extended,
    index: usize,
}

impl Run<'_> {
    /// Every output of a linear step.
    pub(super) fn linear(&self, matrix: &Matrix) -> Result<Vec<(Register, Ciphertext)>, RunError> {
        let anchored = self.anchored(matrix)?;
        let rotated = self.rotated(matrix, &anchored)?;
        let mut horners: Vec<Option<Horner>> = matrix.outputs.iter().map(|_| None).collect();
        let mut places = matrix.places.iter();
        for group in &matrix.groups {
            let sums = self.sums(group, &rotated, matrix.limbs)?;
            for (which, &(output, giant)) in places.by_ref().take(group.sums).enumerate() {
                let horner = horners[output].take();
                horners[output] = Some(self.next(matrix, horner, giant, &sums, which)?);
            }
        }
        let outputs = matrix.outputs.iter().zip(horners);
        let finished = outputs
            .map(|(output, horner)| Ok((output.register, self.last(matrix, output, horner)?)));
        finished.collect()
    }

    /// Takes in the sum of the next lower giant.
    fn next(
        &self,
        matrix: &Matrix,
        horner: Option<Horner>,
        giant: usize,
        sums: &Sums,
        which: usize,
    ) -> Result<Horner, RunError> {
        let sum = match horner {
            Some(horner) => {
                let sum = self.turned(matrix, horner.sum, horner.index - giant - 1)?;
                self.giant(matrix, sum, Some((sums, which)))?
            }
            None => {
                let first = |half| {
                    let addend = sums.addend(half, which);
                    self.evaluator.total(matrix.limbs, &[addend])
                };
                Extended {
                    c0: first(Half::Constant),
                    c1: first(Half::Secret),
                    scale: 1.0,
                    limbs: matrix.limbs,
                }
            }
        };
        Ok(Horner { sum, index: giant })
    }

    fn last(
        &self,
        matrix: &Matrix,
        output: &Output,
        horner: Option<Horner>,
    ) -> Result<Ciphertext, RunError> {
        let Horner { sum, index } = horner.expect("every output has a term");
        let sum = self.turned(matrix, sum, index)?;
        let mut result = self.evaluator.mod_down_rescale(sum)?;
        result.scale = matrix.scale;
        if let Some(bias) = &output.bias {
            self.add_plain_into(&mut result, bias);
        }
        Ok(result)
    }

    /// So many giant rotations.
    fn turned(
        &self,
        matrix: &Matrix,
        mut sum: Extended,
        times: usize,
    ) -> Result<Extended, RunError> {
        for _ in 0..times {
            sum = self.giant(matrix, sum, None)?;
        }
        Ok(sum)
    }

    /// A rotation that divides only c1, to decompose it, while c0 is merely shifted; then one of
    /// the sums is added.
    fn giant(
        &self,
        matrix: &Matrix,
        sum: Extended,
        plus: Option<(&Sums, usize)>,
    ) -> Result<Extended, RunError> {
        let (evaluator, step) = (&self.evaluator, matrix.giant_step);
        let Extended { c0, c1, limbs, .. } = sum;
        self.tick(ROTATION, limbs)?;
        let [mut constant, mut secret] = [Half::Constant, Half::Secret].map(|half| {
            let addend = plus.map(|(sums, which)| sums.addend(half, which));
            Vec::from_iter(addend)
        });
        constant.push(Addend::Extended(&c0, step));
        let (c0, c1) = if step == 0 {
            secret.push(Addend::Extended(&c1, 0));
            (
                evaluator.total(limbs, &constant),
                evaluator.total(limbs, &secret),
            )
        } else {
            let key = self.keys.rotation_key(step, limbs)?;
            let divided = self.parameters().mod_down(limbs).apply(c1);
            let digits = evaluator.decompose_owned(divided);
            evaluator.switch_adding(&digits, step, key, &[constant, secret])
        };
        let scale = sum.scale;
        Ok(Extended {
            c0,
            c1,
            scale,
            limbs,
        })
    }
}
