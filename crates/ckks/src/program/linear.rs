//! A linear step: anchors and babies by hoisting, products by lazy sums, giants by Horner.

use std::borrow::Cow;
use std::sync::Arc;

use hushwork_ring::{Basis, Poly, Term};
use rayon::prelude::*;

use super::compile::{Anchor, Giant, Matrix, Row};
use super::literal::Register;
use super::run::{Run, RunError};
use crate::{Ciphertext, Decomposed};

/// Words of one output at a time, so that the inputs of many products stay in cache.
const BLOCK: usize = 2048;
/// Most plaintexts of one sum that are expanded at once.
const CHUNK: usize = 64;

/// Work units a limb: of a product, of a hoisted rotation, of a full one.
pub(super) const PRODUCT: u64 = 1;
pub(super) const HOISTED: u64 = 30;
pub(super) const ROTATION: u64 = 60;

impl Matrix {
    /// Work units of the whole step.
    pub fn units(&self) -> u64 {
        let rotated = self.anchors.iter().map(Anchor::units).sum::<u64>();
        self.limbs as u64 * (rotated + self.rows.iter().map(Row::units).sum::<u64>())
    }
}

impl Anchor {
    fn units(&self) -> u64 {
        let babies = self.babies.iter().filter(|&&baby| baby != 0).count() as u64;
        babies * HOISTED + if self.step == 0 { 0 } else { ROTATION }
    }
}

impl Row {
    fn units(&self) -> u64 {
        let horner = self.giants.first().map_or(0, |giant| giant.index) as u64;
        horner * ROTATION + self.giants.iter().map(Giant::units).sum::<u64>()
    }
}

impl Giant {
    fn units(&self) -> u64 {
        self.products.len() as u64 * PRODUCT
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
    fn rotated(&self, matrix: &Matrix) -> Result<Vec<Arc<Ciphertext>>, RunError> {
        let mut rotated = Vec::new();
        for anchors in matrix.anchors.chunk_by(|a, b| a.input == b.input) {
            let input = self.register(anchors[0].input);
            let hoisted =
                Hoisted::new(self, input, anchors.iter().any(|anchor| anchor.units() > 0));
            let steps: Vec<usize> = anchors.iter().map(|anchor| anchor.step).collect();
            for (anchor, moved) in anchors.iter().zip(hoisted.rotate(self, &steps, ROTATION)?) {
                let babies = &anchor.babies;
                if anchor.step == 0 {
                    rotated.extend(hoisted.rotate(self, babies, HOISTED)?);
                } else {
                    let again = Hoisted::new(self, &moved, babies.iter().any(|&baby| baby != 0));
                    rotated.extend(again.rotate(self, babies, HOISTED)?);
                }
            }
        }
        Ok(rotated)
    }

    fn row(
        &self,
        matrix: &Matrix,
        row: &Row,
        rotated: &[Arc<Ciphertext>],
    ) -> Result<Ciphertext, RunError> {
        let zero = || Poly::zero(self.parameters().degree(), matrix.limbs);
        let prime = self.parameters().literal().moduli[matrix.limbs - 1] as f64;
        let mut sum = Ciphertext::new(zero(), zero(), matrix.scale * prime);
        let mut index = row.giants.first().map_or(0, |giant| giant.index);
        for giant in &row.giants {
            sum = self.horner(matrix, sum, index - giant.index)?;
            index = giant.index;
            self.accumulate(&mut sum, giant, rotated)?;
        }
        let sum = self.horner(matrix, sum, index)?;
        let mut result = self.evaluator.rescale(&sum)?;
        result.scale = matrix.scale;
        if let Some(bias) = &row.bias {
            self.add_plain_into(&mut result, bias);
        }
        Ok(result)
    }

    fn horner(
        &self,
        matrix: &Matrix,
        mut sum: Ciphertext,
        times: usize,
    ) -> Result<Ciphertext, RunError> {
        for _ in 0..times {
            sum = self.rotate(&sum, matrix.giant_step)?;
        }
        Ok(sum)
    }

    /// sum += the products of one giant
    fn accumulate(
        &self,
        sum: &mut Ciphertext,
        giant: &Giant,
        rotated: &[Arc<Ciphertext>],
    ) -> Result<(), RunError> {
        let limbs = sum.limbs();
        let basis = self.parameters().basis(limbs);
        for products in giant.products.chunks(CHUNK) {
            let weights: Vec<Cow<'_, Poly>> = products
                .par_iter()
                .map(|product| product.weights.transformed(basis))
                .collect();
            let inputs = || products.iter().map(|product| &rotated[product.rotated]);
            let pairs = |parts: Vec<_>| parts.into_iter().zip(weights.iter().map(AsRef::as_ref));
            add_products(
                basis,
                &mut sum.c0,
                &pairs(inputs().map(|a| &a.c0).collect()).collect::<Vec<_>>(),
            );
            add_products(
                basis,
                &mut sum.c1,
                &pairs(inputs().map(|a| &a.c1).collect()).collect::<Vec<_>>(),
            );
            self.tick(products.len() as u64 * PRODUCT, limbs)?;
        }
        Ok(())
    }
}

/// sum += sum over pairs of left * right, where a right one may be a period.
fn add_products(basis: &Basis, sum: &mut Poly, pairs: &[(&Poly, &Poly)]) {
    let degree = sum.degree();
    let block = BLOCK.min(degree);
    sum.values_mut()
        .par_chunks_mut(block)
        .enumerate()
        .for_each(|(index, out)| {
            let (limb, start) = (index * block / degree, index * block % degree);
            let terms: Vec<Term<'_>> = pairs
                .iter()
                .map(|(left, right)| Term {
                    left: left.limb(limb),
                    shift: 0,
                    right: right.limb(limb),
                })
                .collect();
            let mut products = vec![0; block];
            let kernel = &basis.kernels()[limb];
            kernel.dot(start, &terms, &mut products);
            kernel.add(out, &products);
        });
}

/// A ciphertext and, where it is to be rotated at all, its digits.
struct Hoisted<'a> {
    ciphertext: &'a Arc<Ciphertext>,
    digits: Option<Decomposed>,
}

impl<'a> Hoisted<'a> {
    fn new(run: &Run<'_>, ciphertext: &'a Arc<Ciphertext>, rotates: bool) -> Self {
        let digits = rotates.then(|| run.evaluator.decompose(&ciphertext.c1));
        Self { ciphertext, digits }
    }

    fn rotate(
        &self,
        run: &Run<'_>,
        steps: &[usize],
        units: u64,
    ) -> Result<Vec<Arc<Ciphertext>>, RunError> {
        let one = |&step: &usize| match &self.digits {
            Some(digits) if step != 0 => {
                run.tick(units, digits.limbs)?;
                let rotated =
                    run.evaluator
                        .rotate_decomposed(self.ciphertext, digits, step, run.keys)?;
                Ok(Arc::new(rotated))
            }
            _ => Ok(Arc::clone(self.ciphertext)),
        };
        steps.par_iter().map(one).collect()
    }
}
