//! Sums of products, tile by tile: the only place where rotated inputs exist, a tile at a time.

use hushwork_ring::{Buffer, Kernel, Poly, Runs, Tile, with_scratch};
use rayon::prelude::*;

use super::matrix::{Group, Long, Periodic};
use super::rotated::Rotated;
use super::run::{Run, RunError};
use crate::switching::{Addend, Half, rows};

/// Bytes of rotated inputs that stay in a core's cache beside the weights they meet.
const CACHED: usize = 5 << 17;
/// Runs that a weight meets at least, where there are as many.
const RUNS: usize = 4;
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
        let each_half = [Half::Constant, Half::Secret].into_par_iter();
        each_half.zip(&mut halves).try_for_each(|(half, buffer)| {
            let rows = buffer.par_chunks_exact_mut(words).enumerate();
            rows.try_for_each(|(row, out)| {
                self.tick(0, 0)?;
                out.fill(0);
                if let Some(periodic) = &group.periodic {
                    self.periodic(periodic, rotated, half, row, &*kernels[row], out);
                }
                Ok::<_, RunError>(())
            })
        })?;
        if let Some(long) = &group.long {
            self.long(long, rotated, kernels, words, &mut halves)?;
        }
        self.tick(group.units(), limbs)?;
        Ok(Sums {
            degree,
            count: group.sums,
            halves,
        })
    }

    /// One half and row of the products with short weights.
    fn periodic(
        &self,
        pass: &Periodic,
        rotated: &[Rotated<'_>],
        half: Half,
        row: usize,
        kernel: &dyn Kernel,
        out: &mut [u64],
    ) {
        let degree = self.parameters().degree();
        let tiles = tiles(degree, pass.period, pass.inputs.len());
        let pitch = tiles[0].indices() + SKEW;
        with_scratch(pitch * pass.inputs.len(), |inputs| {
            for runs in tiles {
                self.rotate(
                    &pass.inputs,
                    rotated,
                    half,
                    row,
                    kernel,
                    runs,
                    pitch,
                    inputs,
                );
                for class in &pass.classes {
                    let tile = Tile {
                        pattern: &class.pattern,
                        weights: &class.weights[row],
                        runs,
                        inputs,
                        pitch,
                        degree,
                    };
                    kernel.multiply(&tile, out);
                }
            }
        });
    }

    /// Makes a tile of rotated inputs.
    #[allow(clippy::too_many_arguments)]
    fn rotate(
        &self,
        which: &[usize],
        rotated: &[Rotated<'_>],
        half: Half,
        row: usize,
        kernel: &dyn Kernel,
        runs: Runs,
        pitch: usize,
        inputs: &mut [u64],
    ) {
        let whole = if runs.length == runs.stride {
            Runs::one(runs.start, runs.indices())
        } else {
            runs
        };
        let mut terms = Vec::new();
        for (&which, out) in which.iter().zip(inputs.chunks_exact_mut(pitch)) {
            rotated[which].terms(&mut terms, &self.evaluator, half, row);
            kernel.dot(whole, &terms, &mut out[..runs.indices()]);
        }
    }

    /// Both halves of the products with long weights, which are transformed a few rows at a time.
    fn long(
        &self,
        pass: &Long,
        rotated: &[Rotated<'_>],
        kernels: &[std::sync::Arc<dyn Kernel>],
        words: usize,
        halves: &mut [Buffer; 2],
    ) -> Result<(), RunError> {
        let together = rayon::current_num_threads().div_ceil(2);
        for first in (0..kernels.len()).step_by(together) {
            let some = first..kernels.len().min(first + together);
            let places = some.clone().into_par_iter().flat_map(|row| {
                let plains = pass.weights.par_iter();
                plains.map(move |plain| plain.row(&*kernels[row]))
            });
            let weights: Vec<Buffer> = places.collect();
            let range = some.start * words..some.end * words;
            let each_half = [Half::Constant, Half::Secret].into_par_iter();
            each_half.zip(&mut *halves).try_for_each(|(half, buffer)| {
                let rows = buffer[range.clone()].par_chunks_exact_mut(words);
                rows.enumerate().try_for_each(|(index, out)| {
                    self.tick(0, 0)?;
                    let row = first + index;
                    let weights = &weights[index * pass.weights.len()..];
                    self.long_row(pass, rotated, half, row, &*kernels[row], weights, out);
                    Ok::<_, RunError>(())
                })
            })?;
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    fn long_row(
        &self,
        pass: &Long,
        rotated: &[Rotated<'_>],
        half: Half,
        row: usize,
        kernel: &dyn Kernel,
        weights: &[Buffer],
        out: &mut [u64],
    ) {
        let degree = self.parameters().degree();
        let fitting = CACHED / size_of::<u64>() / pass.inputs.len().max(1);
        let length = (1 << fitting.max(64).ilog2()).min(pass.period);
        let pitch = length + SKEW;
        with_scratch(pitch * pass.inputs.len() + length, |scratch| {
            let (sum, inputs) = scratch.split_at_mut(length);
            for start in (0..degree).step_by(length) {
                let runs = Runs::one(start, length);
                self.rotate(
                    &pass.inputs,
                    rotated,
                    half,
                    row,
                    kernel,
                    runs,
                    pitch,
                    inputs,
                );
                for (entries, out) in pass.sums.iter().zip(out.chunks_exact_mut(degree)) {
                    let terms = entries.iter().map(|&(column, weight)| hushwork_ring::Term {
                        left: &inputs[column * pitch..][..length],
                        shift: 0,
                        right: &weights[weight][start & (weights[weight].len() - 1)..][..length],
                    });
                    let terms: Vec<_> = terms.collect();
                    if !terms.is_empty() {
                        kernel.dot(Runs::one(0, length), &terms, sum);
                        kernel.add(&mut out[start..][..length], sum);
                    }
                }
            }
        });
    }
}
