//! A linear step: anchors and babies by hoisting, products by lazy sums, giants by Horner.
//!
//! Babies, products and their sums stay multiplied by P: only what a giant rotation decomposes is
//! divided by it, and the result.

use std::sync::Arc;

use hushwork_ring::Poly;
use rayon::prelude::*;

use super::compile::{Anchor, Matrix, Product, Row};
use super::literal::Register;
use super::products::{Sums, add_rotated};
use super::run::{Run, RunError};
use crate::{Ciphertext, Decomposed, Extended};

/// Giants whose products are summed together.
const GROUP: usize = 8;
/// Most long plaintexts that are expanded at once.
const CHUNK: usize = 64;

/// Work units a limb: of a product, of a hoisted rotation, of a full one.
const PRODUCT: u64 = 1;
const HOISTED: u64 = 12;
pub(super) const ROTATION: u64 = 60;

impl Matrix {
    /// Work units of the whole step.
    pub fn units(&self) -> u64 {
        let rotated = self.anchors.iter().map(Anchor::units).sum::<u64>();
        self.limbs as u64 * (rotated + self.rows.iter().map(Row::units).sum::<u64>())
    }
}

impl Anchor {
    fn moves(&self) -> bool {
        self.babies.iter().any(|&baby| baby != 0)
    }

    fn units(&self) -> u64 {
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
        let rotated = self.rotated(matrix)?;
        let rows = matrix.rows.iter();
        rows.map(|row| Ok((row.output, self.row(matrix, row, &rotated)?)))
            .collect()
    }

    /// The inputs under all their anchors and babies.
    fn rotated(&self, matrix: &Matrix) -> Result<Vec<Extended>, RunError> {
        let mut rotated = Vec::new();
        for anchors in matrix.anchors.chunk_by(|a, b| a.input == b.input) {
            let input = self.register(anchors[0].input);
            let rotates = anchors.iter().any(|anchor| anchor.units() > 0);
            let hoisted = Hoisted::new(self, input, rotates);
            for (anchor, moved) in anchors.iter().zip(hoisted.anchors(anchors)?) {
                rotated.extend(if anchor.step == 0 {
                    hoisted.babies(anchor)?
                } else {
                    Hoisted::new(self, &moved, anchor.moves()).babies(anchor)?
                });
            }
        }
        Ok(rotated)
    }

    fn row(
        &self,
        matrix: &Matrix,
        row: &Row,
        rotated: &[Extended],
    ) -> Result<Ciphertext, RunError> {
        let basis = self.parameters().extended(matrix.limbs);
        let mut sum = self.zero(matrix.limbs);
        let mut at = row.highest();
        let giants: Vec<_> = row.giants.iter().rev().collect();
        for group in giants.chunks(GROUP) {
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
        rotated: &[Extended],
        limbs: usize,
    ) -> Result<[Sums; 2], RunError> {
        let basis = self.parameters().extended(limbs);
        let zero = || Sums::zero(self.parameters().degree(), basis.limbs(), giants.len());
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
            let mut pairs = [(); 2].map(|()| vec![Vec::new(); giants.len()]);
            for ((which, each), weights) in products.iter().zip(&weights) {
                let input = &rotated[each.rotated];
                pairs[0][*which].push((&input.c0, weights.as_ref()));
                pairs[1][*which].push((&input.c1, weights.as_ref()));
            }
            for (sums, pairs) in sums.iter_mut().zip(&pairs) {
                sums.add(basis, pairs);
            }
            self.tick(products.len() as u64 * PRODUCT, limbs)?;
        }
        Ok(sums)
    }
}

/// A ciphertext and, where it is to be rotated at all, its digits.
struct Hoisted<'a> {
    run: &'a Run<'a>,
    ciphertext: &'a Arc<Ciphertext>,
    digits: Option<Decomposed>,
}

impl<'a> Hoisted<'a> {
    fn new(run: &'a Run<'_>, ciphertext: &'a Arc<Ciphertext>, rotates: bool) -> Self {
        let digits = rotates.then(|| run.evaluator.decompose(&ciphertext.c1));
        Self {
            run,
            ciphertext,
            digits,
        }
    }

    /// Under the full rotations of these anchors, ready to be decomposed again.
    fn anchors(&self, anchors: &[Anchor]) -> Result<Vec<Arc<Ciphertext>>, RunError> {
        let one = |anchor: &Anchor| match &self.digits {
            Some(digits) if anchor.step != 0 => {
                self.run.tick(ROTATION, digits.limbs)?;
                let rotated = self.run.evaluator.rotate_decomposed(
                    self.ciphertext,
                    digits,
                    anchor.step,
                    self.run.keys,
                )?;
                Ok(Arc::new(rotated))
            }
            _ => Ok(Arc::clone(self.ciphertext)),
        };
        anchors.par_iter().map(one).collect()
    }

    /// Under the babies of this anchor, ready for products.
    fn babies(&self, anchor: &Anchor) -> Result<Vec<Extended>, RunError> {
        let one = |&step: &usize| match &self.digits {
            Some(digits) if step != 0 => {
                self.run.tick(HOISTED, digits.limbs)?;
                let (evaluator, keys) = (&self.run.evaluator, self.run.keys);
                Ok(evaluator.rotate_extended(self.ciphertext, digits, step, keys)?)
            }
            _ => Ok(self.lifted()),
        };
        anchor.babies.par_iter().map(one).collect()
    }

    fn lifted(&self) -> Extended {
        Extended {
            c0: self.run.evaluator.lift(&self.ciphertext.c0),
            c1: self.run.evaluator.lift(&self.ciphertext.c1),
            scale: self.ciphertext.scale,
            limbs: self.ciphertext.limbs(),
        }
    }
}
