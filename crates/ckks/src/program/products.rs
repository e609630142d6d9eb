//! Sums of products, block by block.

use std::collections::HashMap;

use hushwork_ring::{Basis, Poly, Term, with_scratch};
use rayon::prelude::*;

use super::rotated::Rotated;
use crate::Evaluator;
use crate::switching::Half;

/// Bytes of rotated inputs that stay in a core's cache beside the weights they meet.
const CACHED: usize = 1 << 19;
/// Words of a block.
const BLOCKS: std::ops::RangeInclusive<usize> = 128..=2048;

/// Products to be summed: the inputs that occur, and for each sum the places of its inputs among
/// them with their weights.
pub(super) struct Products<'a> {
    rotated: Vec<&'a Rotated<'a>>,
    pairs: Vec<Vec<(usize, &'a Poly)>>,
    places: HashMap<usize, usize>,
}

impl<'a> Products<'a> {
    /// Empty sums.
    pub fn new(count: usize) -> Self {
        Self {
            rotated: Vec::new(),
            pairs: vec![Vec::new(); count],
            places: HashMap::new(),
        }
    }

    /// Adds the product of an input, of that number, with weights, which may be a period.
    pub fn push(&mut self, sum: usize, number: usize, rotated: &'a Rotated<'a>, weights: &'a Poly) {
        let place = *self.places.entry(number).or_insert(self.rotated.len());
        if place == self.rotated.len() {
            self.rotated.push(rotated);
        }
        self.pairs[sum].push((place, weights));
    }
}

/// Several sums over the same inputs. A block of all of them lies together, and is made while
/// that block of the rotated inputs is in cache, the only place where these ever exist.
pub(super) struct Sums {
    count: usize,
    degree: usize,
    block: usize,
    words: Vec<u64>,
}

impl Sums {
    /// All zero; made for this many rotated inputs.
    pub fn zero(degree: usize, rows: usize, count: usize, rotated: usize) -> Self {
        let fitting = CACHED / size_of::<u64>() / rotated.max(1);
        let block = fitting.clamp(*BLOCKS.start(), *BLOCKS.end()).min(degree);
        Self {
            count,
            degree,
            block: 1 << block.ilog2(),
            words: vec![0; degree * rows * count],
        }
    }

    /// Adds to each sum its products with one half of the rotated inputs.
    pub fn add(&mut self, evaluator: &Evaluator, basis: &Basis, half: Half, from: &Products<'_>) {
        let (block, degree) = (self.block, self.degree);
        let blocks = self.words.par_chunks_exact_mut(block * self.count);
        blocks.enumerate().for_each(|(index, sums)| {
            let (row, start) = (index * block / degree, index * block % degree);
            let kernel = &basis.kernels()[row];
            with_scratch(block * (from.rotated.len() + 1), |scratch| {
                let (products, inputs) = scratch.split_at_mut(block);
                let blocks = inputs.chunks_exact_mut(block);
                for (rotated, out) in from.rotated.iter().zip(blocks) {
                    rotated.block(evaluator, half, row, start, out);
                }
                for (sum, pairs) in sums.chunks_exact_mut(block).zip(&from.pairs) {
                    let terms = pairs.iter().map(|&(place, weights)| Term {
                        left: &inputs[place * block..][..block],
                        shift: 0,
                        right: weights.limb(row),
                    });
                    kernel.dot(start, &terms.collect::<Vec<_>>(), products);
                    kernel.add(sum, products);
                }
            });
        });
    }

    /// a += one of the sums
    pub fn add_to(&self, basis: &Basis, which: usize, a: &mut Poly) {
        let (block, degree) = (self.block, self.degree);
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
