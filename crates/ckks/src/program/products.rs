//! Sums of products, block by block.

use hushwork_ring::{Basis, Poly, Term};
use rayon::prelude::*;

/// Words of one output at a time: work for all cores, inputs that stay in cache.
const BLOCK: usize = 1024;

/// An input and its weights, which may be a period.
pub(super) type Pair<'a> = (&'a Poly, &'a Poly);

/// Several sums over the same inputs. A block of all of them lies together, and is made while
/// that block of the inputs is in cache.
pub(super) struct Sums {
    count: usize,
    degree: usize,
    words: Vec<u64>,
}

impl Sums {
    /// All zero.
    pub fn zero(degree: usize, rows: usize, count: usize) -> Self {
        let words = vec![0; degree * rows * count];
        Self {
            count,
            degree,
            words,
        }
    }

    /// Adds the products of these pairs to each sum.
    pub fn add(&mut self, basis: &Basis, pairs: &[Vec<Pair<'_>>]) {
        let (block, degree) = (BLOCK.min(self.degree), self.degree);
        let blocks = self.words.par_chunks_exact_mut(block * self.count);
        blocks.enumerate().for_each(|(index, sums)| {
            let (row, start) = (index * block / degree, index * block % degree);
            for (sum, pairs) in sums.chunks_exact_mut(block).zip(pairs) {
                let terms: Vec<Term<'_>> = pairs.iter().map(|pair| term(pair, row)).collect();
                add_dot(basis, row, start, &terms, sum);
            }
        });
    }

    /// a += one of the sums
    pub fn add_to(&self, basis: &Basis, which: usize, a: &mut Poly) {
        let (block, degree) = (BLOCK.min(self.degree), self.degree);
        let blocks = a.values_mut().par_chunks_exact_mut(block).enumerate();
        blocks.for_each(|(index, out)| {
            let sum = &self.words[(index * self.count + which) * block..][..block];
            basis.kernels()[index * block / degree].add(out, sum);
        });
    }
}

/// sum += a, rotated
pub(super) fn add_rotated(basis: &Basis, sum: &mut Poly, a: &Poly, step: usize) {
    let degree = sum.degree();
    let rows = sum.values_mut().par_chunks_exact_mut(degree).enumerate();
    rows.for_each(|(row, out)| {
        let (end, front) = a.limb(row).split_at(step);
        let kernel = &basis.kernels()[row];
        kernel.add(&mut out[..degree - step], front);
        kernel.add(&mut out[degree - step..], end);
    });
}

fn term<'a>((left, right): &Pair<'a>, row: usize) -> Term<'a> {
    Term {
        left: left.limb(row),
        shift: 0,
        right: right.limb(row),
    }
}

fn add_dot(basis: &Basis, row: usize, start: usize, terms: &[Term<'_>], sum: &mut [u64]) {
    let mut products = [0; BLOCK];
    let products = &mut products[..sum.len()];
    let kernel = &basis.kernels()[row];
    kernel.dot(start, terms, products);
    kernel.add(sum, products);
}
