//! Sums of products, block by block.

use hushwork_ring::{Basis, Poly, Term};
use rayon::prelude::*;

/// Words of one output at a time: work for all cores, inputs that stay in cache.
const BLOCK: usize = 2048;

/// sum += sum over pairs of left * right, where a right one may be a period.
pub(super) fn add_products(basis: &Basis, sum: &mut Poly, pairs: &[(&Poly, &Poly)]) {
    add_dots(basis, sum, |limb| {
        let terms = pairs.iter().map(|(left, right)| Term {
            left: left.limb(limb),
            shift: 0,
            right: right.limb(limb),
        });
        terms.collect()
    });
}

/// sum += a, rotated
pub(super) fn add_rotated(basis: &Basis, sum: &mut Poly, a: &Poly, step: usize) {
    add_dots(basis, sum, |limb| {
        vec![Term {
            left: a.limb(limb),
            shift: step,
            right: &[1],
        }]
    });
}

fn add_dots<'a>(basis: &Basis, sum: &mut Poly, terms: impl Fn(usize) -> Vec<Term<'a>> + Sync) {
    let degree = sum.degree();
    let block = BLOCK.min(degree);
    let blocks = sum.values_mut().par_chunks_exact_mut(block).enumerate();
    blocks.for_each(|(index, out)| {
        let (limb, start) = (index * block / degree, index * block % degree);
        let kernel = &basis.kernels()[limb];
        let mut products = [0; BLOCK];
        let products = &mut products[..block];
        kernel.dot(start, &terms(limb), products);
        kernel.add(out, products);
    });
}
