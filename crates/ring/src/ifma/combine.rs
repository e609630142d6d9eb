//! Products of a matrix of scalars with strips.

use std::arch::x86_64::*;

use super::dot::{Constants, Folding, LAZY_TERMS, Sum};
use super::{LANES, Lanes, load, splat, store};
use crate::modulus::Modulus;
use crate::strips::{STRIP, Scalars, Strip};

/// A weight meets several vectors of a strip and a vector several weights: as many sums as registers
/// hold.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn combine(
    q: &Modulus,
    constants: &Constants,
    scalars: &Scalars<'_>,
    inputs: &[Strip],
    out: &mut [Strip],
) {
    let width = scalars.columns.len();
    let kernel = Combining {
        lanes: Lanes::new(q),
        folding: Folding::new(q, constants, width + 1),
        columns: scalars.columns,
        inputs,
    };
    let (mut weights, mut out) = (scalars.weights, out);
    while !out.is_empty() {
        let rows = match out.len() {
            6.. => kernel.block::<6, 2>(weights, out),
            3.. => kernel.block::<3, 4>(weights, out),
            _ => kernel.block::<1, 4>(weights, out),
        };
        weights = &weights[rows * width..];
        out = &mut out[rows..];
    }
}

struct Combining<'a> {
    lanes: Lanes,
    folding: Folding,
    columns: &'a [u32],
    inputs: &'a [Strip],
}

impl Combining<'_> {
    /// The first ROWS rows, VECTORS vectors at a time.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn block<const ROWS: usize, const VECTORS: usize>(
        &self,
        weights: &[u64],
        out: &mut [Strip],
    ) -> usize {
        let width = self.columns.len();
        let rows: [&[u64]; ROWS] = std::array::from_fn(|row| &weights[row * width..][..width]);
        for first in (0..STRIP / LANES).step_by(VECTORS) {
            let sums = self.sums::<ROWS, VECTORS>(&rows, first);
            for (out, sums) in out.iter_mut().zip(sums) {
                let out = &mut out.as_chunks_mut().0[first..];
                out.iter_mut()
                    .zip(sums)
                    .for_each(|(out, sum)| store(out, sum));
            }
        }
        ROWS
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn sums<const ROWS: usize, const VECTORS: usize>(
        &self,
        rows: &[&[u64]; ROWS],
        first: usize,
    ) -> [[__m512i; VECTORS]; ROWS] {
        let (lanes, mut totals) = (&self.lanes, [[self.lanes.zero; VECTORS]; ROWS]);
        for start in (0..self.columns.len()).step_by(LAZY_TERMS - 1) {
            let end = self.columns.len().min(start + LAZY_TERMS - 1);
            let rows: [&[u64]; ROWS] = std::array::from_fn(|row| &rows[row][start..end]);
            // Indexed, and not walked over, so that they stay in registers.
            let mut sums = [[Sum::zero(lanes); VECTORS]; ROWS];
            for (index, &column) in self.columns[start..end].iter().enumerate() {
                let input = &self.inputs[column as usize].as_chunks::<LANES>().0[first..];
                let input: &[[u64; LANES]; VECTORS] = input.first_chunk().expect("a strip");
                for row in 0..ROWS {
                    let weight = splat(rows[row][index]);
                    for i in 0..VECTORS {
                        sums[row][i].accumulate(load(&input[i]), weight);
                    }
                }
            }
            for row in 0..ROWS {
                for i in 0..VECTORS {
                    let mut sum = sums[row][i];
                    sum.low = _mm512_add_epi64(sum.low, totals[row][i]);
                    totals[row][i] = self.folding.fold(lanes, sum);
                }
            }
        }
        totals
    }
}
