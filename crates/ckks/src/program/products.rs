//! Sums of products, tile by tile: the only place where rotated inputs exist, a tile at a time.

use std::borrow::Cow;

use hushwork_ring::{Buffer, Kernel, Poly, Runs, Term, Tile, with_scratch};
use rayon::prelude::*;

use super::matrix::{Group, Long, LongWeights, Periodic};
use super::rotated::Rotated;
use super::run::{Run, RunError};
use crate::Evaluator;
use crate::switching::{Addend, Half, rows};

/// Bytes of rotated inputs that stay in a core's cache beside the weights they meet.
const CACHED: usize = 3 << 17;
/// Runs that a weight meets at least, where there are as many.
const RUNS: usize = 8;
/// Words of the shortest run.
const SHORTEST: usize = 64;
/// Words by which the inputs of a tile are kept from falling into the same sets of a cache.
const SKEW: usize = 8;

/// Both halves of the sums of a group, each row by row, and in a row sum by sum.
pub(super) struct Sums {
    degree: usize,
    count: usize,
    halves: [Buffer; 2],
}

impl Sums {
    /// One sum, as something to add over `extended(limbs)`.
    pub fn addend(&self, half: Half, which: usize) -> Addend<'_> {
        Addend::Strided {
            words: &self.halves[half as usize][which * self.degree..],
            pitch: self.count * self.degree,
        }
    }

    /// A copy of one half of one sum.
    pub fn copy(&self, half: Half, which: usize) -> Poly {
        let (words, pitch) = (&self.halves[half as usize], self.count * self.degree);
        rows(self.degree, words.len() / pitch, |row, out| {
            out.copy_from_slice(&words[row * pitch + which * self.degree..][..self.degree]);
        })
    }
}

/// Runs that share their weights, as long as lets the rotated inputs stay in cache.
fn tiles(degree: usize, period: usize, inputs: usize) -> Vec<Runs> {
    let fitting = CACHED / size_of::<u64>() / inputs.max(1);
    let count = RUNS.min(degree / period);
    let length = (1 << (fitting / count).max(SHORTEST).ilog2()).min(period);
    let more = (1 << (fitting / (count * length)).max(1).ilog2()).min(degree / period / count);
    let count = if length == period {
        count * more
    } else {
        count
    };
    let starts = (0..degree).step_by(count * period).flat_map(|first| {
        let within = (0..period).step_by(length);
        within.map(move |within| first + within)
    });
    starts
        .map(|start| Runs {
            start,
            length,
            stride: period,
            count,
        })
        .collect()
}

/// One row of all sums of a group, and what makes it.
struct Row<'a> {
    evaluator: &'a Evaluator,
    rotated: &'a [Rotated<'a>],
    kernel: &'a dyn Kernel,
    row: usize,
}

impl Run<'_> {
    /// All sums of a group.
    pub(super) fn sums(
        &self,
        group: &Group,
        rotated: &[Rotated<'_>],
        limbs: usize,
    ) -> Result<Sums, RunError> {
        let degree = self.parameters().degree();
        let words = degree * group.sums;
        let kernels = self.parameters().extended(limbs).kernels();
        let [mut constant, mut secret] = [0, 1].map(|_| Buffer::recycled(words * kernels.len()));
        let both = constant.par_chunks_exact_mut(words);
        let both = both.zip(secret.par_chunks_exact_mut(words)).enumerate();
        both.try_for_each(|(row, (constant, secret))| {
            let evaluator = &self.evaluator;
            let kernel = &*kernels[row];
            let row = Row {
                evaluator,
                rotated,
                kernel,
                row,
            };
            self.tick(0, 0)?;
            row.fill(group, [constant, secret]);
            Ok::<_, RunError>(())
        })?;
        self.tick(group.units(), limbs)?;
        Ok(Sums {
            degree,
            count: group.sums,
            halves: [constant, secret],
        })
    }
}

impl Row<'_> {
    /// All products of both halves.
    fn fill(&self, group: &Group, [constant, secret]: [&mut [u64]; 2]) {
        let halves = [
            (Half::Constant, &mut *constant),
            (Half::Secret, &mut *secret),
        ];
        halves.into_par_iter().for_each(|(half, out)| {
            out.fill(0);
            if let Some(periodic) = &group.periodic {
                self.periodic(periodic, half, out);
            }
        });
        if let Some(long) = &group.long {
            self.long(long, [constant, secret]);
        }
    }

    fn degree(&self) -> usize {
        1 << self.kernel.log_degree()
    }

    /// One half of the products with short weights.
    fn periodic(&self, pass: &Periodic, half: Half, out: &mut [u64]) {
        let degree = self.degree();
        let tiles = tiles(degree, pass.period, pass.inputs.len());
        let pitch = tiles[0].indices() + SKEW;
        with_scratch(pitch * pass.inputs.len(), |inputs| {
            for runs in tiles {
                self.rotate(&pass.inputs, half, runs, pitch, inputs);
                for class in &pass.classes {
                    let tile = Tile {
                        pattern: &class.pattern,
                        weights: &class.weights[self.row],
                        runs,
                        inputs,
                        pitch,
                        degree,
                    };
                    self.kernel.multiply(&tile, out);
                }
            }
        });
    }

    /// Makes a tile of some rotated inputs, one from every multiple of `pitch` on.
    fn rotate(&self, which: &[usize], half: Half, runs: Runs, pitch: usize, inputs: &mut [u64]) {
        let whole = if runs.length == runs.stride {
            Runs::one(runs.start, runs.indices())
        } else {
            runs
        };
        let mut terms = Vec::new();
        for (&which, out) in which.iter().zip(inputs.chunks_exact_mut(pitch)) {
            self.rotated[which].terms(&mut terms, self.evaluator, half, self.row);
            self.kernel.dot(whole, &terms, &mut out[..whole.indices()]);
        }
    }

    /// Both halves of the products with long weights, which are read but once.
    fn long(&self, pass: &Long, mut halves: [&mut [u64]; 2]) {
        let made: Vec<_> = pass
            .weights
            .iter()
            .map(|weights| self.weights(weights))
            .collect();
        let fitting = CACHED / size_of::<u64>() / pass.inputs.len().max(1) / 2;
        let length = (1 << fitting.max(SHORTEST).ilog2()).min(pass.period);
        let pitch = length + SKEW;
        with_scratch(2 * pitch * pass.inputs.len() + length, |scratch| {
            let (sum, inputs) = scratch.split_at_mut(length);
            for start in (0..self.degree()).step_by(length) {
                let runs = Runs::one(start, length);
                let both = inputs.chunks_exact_mut(pitch * pass.inputs.len());
                for (half, inputs) in [Half::Constant, Half::Secret].into_iter().zip(both) {
                    self.rotate(&pass.inputs, half, runs, pitch, inputs);
                }
                for (index, entries) in pass.sums.iter().enumerate() {
                    let at = index * self.degree() + start;
                    let both = inputs.chunks_exact(pitch * pass.inputs.len());
                    for (out, inputs) in halves.iter_mut().zip(both) {
                        self.long_sum(entries, &made, (inputs, pitch), start, sum);
                        self.kernel.add(&mut out[at..][..length], sum);
                    }
                }
            }
        });
    }

    fn weights<'a>(&self, weights: &'a LongWeights) -> Cow<'a, [u64]> {
        match weights {
            LongWeights::Kept(poly) => Cow::Borrowed(poly.limb(self.row)),
            LongWeights::Made(coefficients) => {
                let mut out = vec![0; coefficients.period()];
                coefficients.transform(self.kernel, &mut out);
                Cow::Owned(out)
            }
        }
    }

    /// A tile of one sum.
    fn long_sum(
        &self,
        entries: &[(usize, usize)],
        weights: &[Cow<'_, [u64]>],
        (inputs, pitch): (&[u64], usize),
        start: usize,
        sum: &mut [u64],
    ) {
        let length = sum.len();
        let terms = entries.iter().map(|&(column, number)| {
            let weights = &weights[number];
            Term {
                left: &inputs[column * pitch..][..length],
                shift: 0,
                right: &weights[start & (weights.len() - 1)..][..length],
            }
        });
        self.kernel
            .dot(Runs::one(0, length), &terms.collect::<Vec<_>>(), sum);
    }
}
