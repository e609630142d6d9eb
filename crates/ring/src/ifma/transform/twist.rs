//! What mixes coefficients j and N - j, before all levels or after them.

use std::arch::x86_64::*;

use super::super::{Factor, LANES, WORD, constant, load, store};
use super::registers::{Levels, Vector, prefetch_next};
use crate::kernel::Kernel;
use crate::portable::Portable;

const REVERSED: Vector = [7, 6, 5, 4, 3, 2, 1, 0];

impl<const LAZY: bool> Levels<LAZY> {
    /// b_j = a_j - I a_(N-j) for the 8 coefficients from `first` on of every row.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn twist(
        &self,
        imaginary: Factor,
        values: &[u64],
        first: usize,
        column: &mut [Vector],
    ) {
        let (first, stride) = (first / LANES, values.len() / column.len() / LANES);
        let (vectors, shifted) = (values.as_chunks().0, values[1..].as_chunks().0);
        let reversed = load(&REVERSED);
        let row = |out: &mut Vector, at: usize, mirrored| {
            prefetch_next(&vectors[at]);
            let own = _mm512_add_epi64(load(&vectors[at]), self.bias);
            store(
                out,
                _mm512_sub_epi64(own, self.lanes.times(mirrored, imaginary)),
            );
        };
        let mut rows = column.iter_mut().enumerate();
        if first == 0 {
            let (_, out) = rows.next().expect("a row");
            let last = load(&vectors[vectors.len() - 1]);
            let order = load(&[0, 7, 6, 5, 4, 3, 2, 1]);
            row(out, 0, _mm512_maskz_permutexvar_epi64(0xfe, order, last));
        }
        for (index, out) in rows {
            let at = first + index * stride;
            let mirrored = load(&shifted[shifted.len() - at]);
            row(out, at, _mm512_permutexvar_epi64(reversed, mirrored));
        }
    }

    /// a_j = (b_j + I b_(N-j)) / 2N, reduced: a sum and a difference, as
    /// 2 (x + I y) = (1 + I) (x + y) + (1 - I) (x - y).
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn untwist(&self, portable: &Portable, values: &mut [u64]) {
        let (q, level) = (portable.modulus(), values.len().ilog2() as usize);
        let [half, imaginary] = [level + 1, level + 65].map(|entry| portable.halves.values[entry]);
        let even = constant(q, q.add(half, imaginary));
        let odd = constant(q, q.sub(half, imaginary));
        let (lanes, reversed) = (&self.lanes, load(&REVERSED));
        let (middle, end) = (values.len() / 2, values.len() - LANES);
        for range in [0..LANES, middle..middle + 1, end + 1..values.len()] {
            values[range].iter_mut().for_each(|x| *x &= (1 << WORD) - 1);
        }
        portable.untwist(values, 1..LANES);
        let (low, high) = values[..=end].split_at_mut(middle + 1);
        let low = low.as_chunks_mut().0.iter_mut().skip(1);
        let high = high.as_rchunks_mut().1.iter_mut().rev();
        for (low, high) in low.zip(high) {
            let (x, y) = (load(low), _mm512_permutexvar_epi64(reversed, load(high)));
            let sum = lanes.times(_mm512_add_epi64(x, y), even);
            let difference = _mm512_sub_epi64(_mm512_add_epi64(x, self.offset()), y);
            let difference = lanes.times(difference, odd);
            store(low, lanes.reduced(_mm512_add_epi64(sum, difference)));
            let back = lanes.reduced(lanes.minus(sum, difference));
            store(high, _mm512_permutexvar_epi64(reversed, back));
        }
    }
}
