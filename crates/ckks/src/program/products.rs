//! Sums of products, tile by tile: the only place where rotated inputs exist, a tile at a time.

use std::borrow::Cow;

use hushwork_ring::{Buffer, Kernel, Runs, Term, Tile, with_scratch};
use rayon::prelude::*;

use super::groups::{Group, Made, Packed, RUNS, fitting};
use super::rotated::Rotated;
use super::run::{Run, RunError};
use crate::Evaluator;
use crate::switching::{Addend, Half};

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
}

/// Runs that share their weights, as long as lets the rotated inputs stay in cache.
fn tiles(degree: usize, period: usize, inputs: usize) -> Vec<Runs> {
    let fitting = fitting(inputs.max(1));
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

/// A part of one row of all sums of a group, from some index on, and what makes it.
struct Part<'a> {
    evaluator: &'a Evaluator,
    rotated: &'a [Rotated<'a>],
    kernel: &'a dyn Kernel,
    row: usize,
    first: usize,
    /// Of each half, the words of each sum.
    halves: [Vec<&'a mut [u64]>; 2],
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
        let mut halves = [0, 1].map(|_| Buffer::recycled(words * kernels.len()));
        let [constant, secret] = &mut halves;
        let rows = constant.par_chunks_exact_mut(words);
        let rows = rows.zip(secret.par_chunks_exact_mut(words)).enumerate();
        let parts = rows.flat_map_iter(|(row, (constant, secret))| {
            let length = group.part(degree);
            let halves = [constant, secret].map(|half| split(half, degree, length));
            let [constant, secret] = halves;
            let numbered = constant.into_iter().zip(secret).enumerate();
            numbered.map(move |(part, (constant, secret))| (row, part * length, [constant, secret]))
        });
        let parts: Vec<_> = parts.collect();
        parts.into_par_iter().try_for_each(|(row, first, halves)| {
            self.tick(0, 0)?;
            let part = Part {
                evaluator: &self.evaluator,
                rotated,
                kernel: &*kernels[row],
                row,
                first,
                halves,
            };
            part.fill(group);
            Ok::<_, RunError>(())
        })?;
        self.tick(group.units(), limbs)?;
        Ok(Sums {
            degree,
            count: group.sums,
            halves,
        })
    }
}

/// For each part of the indices, the words of all sums.
fn split(half: &mut [u64], degree: usize, length: usize) -> Vec<Vec<&mut [u64]>> {
    let mut parts: Vec<Vec<&mut [u64]>> = (0..degree / length).map(|_| Vec::new()).collect();
    for sum in half.chunks_exact_mut(degree) {
        let pieces = sum.chunks_exact_mut(length);
        parts
            .iter_mut()
            .zip(pieces)
            .for_each(|(part, piece)| part.push(piece));
    }
    parts
}

impl Part<'_> {
    /// All products of both halves.
    fn fill(mut self, group: &Group) {
        if group.packed.is_empty() {
            self.halves.iter_mut().flatten().for_each(|sum| sum.fill(0));
        }
        for (index, pass) in group.packed.iter().enumerate() {
            self.packed(pass, index > 0);
        }
        if let Some(made) = &group.made {
            self.made(made);
        }
    }

    fn length(&self) -> usize {
        self.halves[0][0].len()
    }

    /// The products with packed weights.
    fn packed(&mut self, pass: &Packed, adding: bool) {
        let period = pass.period.min(self.length());
        let tiles = tiles(self.length(), period, pass.inputs.len());
        let pitch = tiles[0].indices() + SKEW;
        with_scratch(2 * pitch * pass.inputs.len(), |scratch| {
            let inputs = scratch.split_at_mut(pitch * pass.inputs.len());
            let mut inputs: [&mut [u64]; 2] = inputs.into();
            for mut runs in tiles {
                runs.start += self.first;
                self.rotate(&pass.inputs, runs, pitch, &mut inputs);
                let inputs = inputs.each_ref().map(|half| &**half);
                for (index, class) in pass.classes.iter().enumerate() {
                    let tile = Tile {
                        pattern: &class.pattern,
                        weights: &class.weights[self.row],
                        runs,
                        inputs,
                        pitch,
                        first: self.first,
                        adding: adding || index > 0,
                    };
                    let mut halves = self.halves.each_mut().map(Vec::as_mut_slice);
                    self.kernel.multiply(&tile, &mut halves);
                }
            }
        });
    }

    /// Makes a tile of some rotated inputs, one from every multiple of `pitch` on.
    fn rotate(&self, which: &[usize], runs: Runs, pitch: usize, inputs: &mut [&mut [u64]; 2]) {
        let whole = if runs.length == runs.stride {
            Runs::one(runs.start, runs.indices())
        } else {
            runs
        };
        let (mut pairs, words) = (Vec::new(), whole.indices());
        let [constant, secret] = inputs.each_mut().map(|half| half.chunks_exact_mut(pitch));
        for (&which, (constant, secret)) in which.iter().zip(constant.zip(secret)) {
            let more = self.rotated[which].terms(&mut pairs, self.evaluator, self.row);
            let more = more.each_ref().map(Option::as_slice);
            let out = [&mut constant[..words], &mut secret[..words]];
            self.kernel.dot_both(whole, &pairs, more, out);
        }
    }

    /// The products with long weights, which are made here.
    fn made(&mut self, pass: &Made) {
        let weights = pass.weights.iter();
        let weights = weights.map(|weights| weights.row(self.row, self.kernel));
        let weights: Vec<_> = weights.collect();
        let fitting = fitting(pass.inputs.len().max(1));
        let length = 1 << fitting.max(SHORTEST).ilog2();
        let length = length.min(pass.period).min(self.length());
        let pitch = length + SKEW;
        with_scratch(2 * pitch * pass.inputs.len() + length, |scratch| {
            let (sum, inputs) = scratch.split_at_mut(length);
            let inputs = inputs.split_at_mut(pitch * pass.inputs.len());
            let mut inputs: [&mut [u64]; 2] = inputs.into();
            for within in (0..self.length()).step_by(length) {
                let start = self.first + within;
                self.rotate(&pass.inputs, Runs::one(start, length), pitch, &mut inputs);
                for (index, entries) in pass.sums.iter().enumerate() {
                    for (half, inputs) in self.halves.iter_mut().zip(&inputs) {
                        let terms = long_terms(entries, &weights, (inputs, pitch), start, length);
                        self.kernel.dot(Runs::one(0, length), &terms, sum);
                        self.kernel.add(&mut half[index][within..][..length], sum);
                    }
                }
            }
        });
    }
}

/// The products of a tile of one sum.
fn long_terms<'a>(
    entries: &[(usize, usize)],
    weights: &'a [Cow<'_, [u64]>],
    (inputs, pitch): (&'a [u64], usize),
    start: usize,
    length: usize,
) -> Vec<Term<'a>> {
    let terms = entries.iter().map(|&(column, number)| {
        let weights = &weights[number];
        Term {
            left: &inputs[column * pitch..][..length],
            shift: 0,
            right: &weights[start & (weights.len() - 1)..][..length],
        }
    });
    terms.collect()
}
