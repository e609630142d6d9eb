//! A linear step: anchors and babies by hoisting, products by lazy sums, giants by Horner.
//!
//! Babies, products and their sums stay multiplied by P: only what a giant rotation decomposes is
//! divided by it, and the result.

use hushwork_ring::Poly;
use rayon::prelude::*;

use super::compile::{Anchor, Matrix, Product, Row};
use super::literal::Register;
use super::products::{Products, Sums, add_rotated};
use super::rotated::Rotated;
use super::run::{Run, RunError};
use crate::switching::Half;
use crate::{Ciphertext, Extended};

/// Memory for the sums of giants that share one making of the rotated inputs.
const SUMS_BYTES: usize = 256 << 20;
/// Most long plaintexts that are expanded at once.
const CHUNK: usize = 128;

/// Work units a limb: of a product, of a hoisted rotation, of a full one.
const PRODUCT: u64 = 1;
pub(super) const HOISTED: u64 = 12;
pub(super) const ROTATION: u64 = 60;

impl Matrix {
    /// Work units of the whole step.
    pub fn units(&self) -> u64 {
        let rotated = self.anchors.iter().map(Anchor::units).sum::<u64>();
        self.limbs as u64 * (rotated + self.rows.iter().map(Row::units).sum::<u64>())
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

impl Row {
    fn highest(&self) -> usize {
        self.giants.last_key_value().map_or(0, |(&index, _)| index)
    }

    fn units(&self) -> u64 {
        let products = self.giants.values().map(Vec::len).sum::<usize>() as u64;
        self.highest() as u64 * ROTATION + products * PRODUCT
    }
}

impl Run<'_> {
    /// Every output of a linear step.
    pub(super) fn linear(&self, matrix: &Matrix) -> Result<Vec<(Register, Ciphertext)>, RunError> {
        let anchored = self.anchored(matrix)?;
        let rotated = self.rotated(matrix, &anchored)?;
        let rows = matrix.rows.iter();
        rows.map(|row| Ok((row.output, self.row(matrix, row, &rotated)?)))
            .collect()
    }

    fn row(
        &self,
        matrix: &Matrix,
        row: &Row,
        rotated: &[Rotated<'_>],
    ) -> Result<Ciphertext, RunError> {
        let basis = self.parameters().extended(matrix.limbs);
        let mut sum = self.zero(matrix.limbs);
        let mut at = row.highest();
        let giants: Vec<_> = row.giants.iter().rev().collect();
        let bytes = 2 * size_of_val(sum.c0.values());
        for group in giants.chunks((SUMS_BYTES / bytes).max(1)) {
            let [c0, c1] = self.sums(group, rotated, matrix.limbs)?;
            for (which, &(&index, _)) in group.iter().enumerate() {
                sum = self.horner(matrix, sum, at - index)?;
                at = index;
                c0.add_to(basis, which, &mut sum.c0);
                c1.add_to(basis, which, &mut sum.c1);
            }
        }
        let sum = self.horner(matrix, sum, at)?;
        let mut result = self.evaluator.mod_down_rescale(sum)?;
        result.scale = matrix.scale;
        if let Some(bias) = &row.bias {
            self.add_plain_into(&mut result, bias);
        }
        Ok(result)
    }

    fn zero(&self, limbs: usize) -> Extended {
        let rows = self.parameters().extended(limbs).limbs();
        let zero = || Poly::zero(self.parameters().degree(), rows);
        Extended {
            c0: zero(),
            c1: zero(),
            scale: 1.0,
            limbs,
        }
    }

    fn horner(
        &self,
        matrix: &Matrix,
        mut sum: Extended,
        times: usize,
    ) -> Result<Extended, RunError> {
        for _ in 0..times {
            self.tick(ROTATION, sum.limbs)?;
            if matrix.giant_step != 0 {
                sum = self.giant(sum, matrix.giant_step)?;
            }
        }
        Ok(sum)
    }

    /// A rotation that divides only c1, to decompose it; c0 is merely shifted.
    fn giant(&self, sum: Extended, step: usize) -> Result<Extended, RunError> {
        let limbs = sum.limbs;
        let key = self.keys.rotation_key(step, limbs)?;
        let divided = self.parameters().mod_down(limbs).apply(sum.c1);
        let digits = self.evaluator.decompose(&divided);
        let (mut c0, c1) = self.evaluator.switch(&digits, step, key);
        add_rotated(self.parameters().extended(limbs), &mut c0, &sum.c0, step);
        Ok(Extended { c0, c1, ..sum })
    }

    /// The sums of products of these giants.
    fn sums(
        &self,
        giants: &[(&usize, &Vec<Product>)],
        rotated: &[Rotated<'_>],
        limbs: usize,
    ) -> Result<[Sums; 2], RunError> {
        let basis = self.parameters().extended(limbs);
        let zero = || {
            let degree = self.parameters().degree();
            Sums::zero(degree, basis.limbs(), giants.len(), rotated.len())
        };
        let mut sums = [zero(), zero()];
        let numbered = giants.iter().enumerate();
        let products: Vec<_> = numbered
            .flat_map(|(which, (_, products))| products.iter().map(move |each| (which, each)))
            .collect();
        let long = products.iter().any(|(_, each)| each.weights.is_long());
        for products in products.chunks(if long { CHUNK } else { products.len() }) {
            let weights = products.par_iter();
            let weights: Vec<_> = weights
                .map(|(_, each)| each.weights.transformed(basis))
                .collect();
            let mut from = Products::new(giants.len());
            for ((which, each), weights) in products.iter().zip(&weights) {
                from.push(*which, each.rotated, &rotated[each.rotated], weights);
            }
            for (sums, half) in sums.iter_mut().zip([Half::Constant, Half::Secret]) {
                sums.add(&self.evaluator, basis, half, &from);
            }
            self.tick(products.len() as u64 * PRODUCT, limbs)?;
        }
        Ok(sums)
    }
}
