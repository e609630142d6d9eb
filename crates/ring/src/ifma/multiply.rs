//! Products of matrices.

use std::arch::x86_64::*;

use super::dot::{Constants, Sum};
use super::{Factor, LANES, Lanes, WORD, load, splat, store};
use crate::modulus::Modulus;
use crate::weights::Tile;

/// How sums of a number of products, each with a prepared factor, are reduced: prepared ones are
/// times 2^52, which this divides out again (Montgomery).
struct Dividing {
    /// 1 / q mod 2^52
    inverse: __m512i,
    one: Factor,
    /// Products that are summed before they are reduced: more might not fit 52 bits of high halves.
    most: usize,
    /// Whether high halves may reach q.
    wide: bool,
}

impl Dividing {
    /// For sums of up to `count` products of residues.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(q: &Modulus, constants: &Constants, count: usize) -> Self {
        let (w, quotient) = constants.powers[0];
        let most = (1 << (2 * WORD)) / u128::from(q.value()).pow(2);
        let most = most.min(1 << (u64::BITS - WORD)) as usize;
        Self {
            inverse: splat(constants.inverse),
            one: Factor(splat(w), splat(quotient)),
            most,
            wide: count.min(most) as u64 * q.value() >= 1 << WORD,
        }
    }

    /// The sum by 2^52 mod q.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn fold(&self, lanes: &Lanes, sum: Sum) -> __m512i {
        let mut high = _mm512_add_epi64(sum.high, _mm512_srli_epi64::<WORD>(sum.low));
        if self.wide {
            high = lanes.below(lanes.times(high, self.one), lanes.q);
        }
        let quotient = _mm512_madd52lo_epu64(lanes.zero, sum.low, self.inverse);
        let multiple = _mm512_madd52hi_epu64(lanes.zero, quotient, lanes.q);
        // Low halves agree.
        let rest = _mm512_sub_epi64(high, multiple);
        _mm512_min_epu64(rest, _mm512_add_epi64(rest, lanes.q))
    }
}

/// Bytes that lie far enough ahead to be fetched from memory in time.
const AHEAD: usize = 2048;

/// How weights are read, of so many bytes each.
struct Packing {
    /// Bytes of a vector of them.
    bytes: usize,
    places: __m512i,
    kept: __mmask64,
}

impl Packing {
    #[target_feature(enable = "avx512f,avx512vbmi")]
    fn new(width: usize) -> Self {
        let place = |byte: usize| (byte / 8 * width + byte % 8) as u64;
        let word = |lane| (0..8).fold(0, |word, i| word | place(lane * 8 + i) << (8 * i));
        Self {
            bytes: LANES * width,
            places: load(&std::array::from_fn(word)),
            kept: (u64::MAX / 255) * (u64::MAX >> (64 - width)),
        }
    }

    /// The first vector.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vbmi")]
    fn load(&self, bytes: &[u8]) -> __m512i {
        let bytes: &[u8; 64] = bytes.first_chunk().expect("a margin");
        // SAFETY: 64 bytes lie there, and the load needs no alignment.
        let all = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
        _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().wrapping_add(AHEAD).cast());
        _mm512_maskz_permutexvar_epi8(self.kept, self.places, all)
    }
}

/// A tile of a product of matrices: a weight meets as many vectors of both halves as registers
/// hold, of runs that all have the same weights.
#[target_feature(enable = "avx512f,avx512ifma,avx512vbmi")]
pub(super) fn multiply(
    q: &Modulus,
    constants: &Constants,
    tile: &Tile<'_>,
    out: &mut [&mut [&mut [u64]]; 2],
) {
    let longest = (0..tile.pattern.rows()).map(|row| tile.pattern.row(row).1.len());
    let (lanes, dividing) = (
        Lanes::new(q),
        Dividing::new(q, constants, longest.max().unwrap_or(0) + 1),
    );
    let packing = Packing::new(tile.weights.width());
    for within in (0..tile.runs.length).step_by(LANES) {
        let mut run = 0;
        while run < tile.runs.count {
            run += match tile.runs.count - run {
                4.. => columns::<4>(&lanes, (&dividing, &packing), tile, within, run, out),
                2.. => columns::<2>(&lanes, (&dividing, &packing), tile, within, run, out),
                _ => columns::<1>(&lanes, (&dividing, &packing), tile, within, run, out),
            };
        }
    }
}

/// One vector of RUNS runs, for all rows.
#[target_feature(enable = "avx512f,avx512ifma,avx512vbmi")]
fn columns<const RUNS: usize>(
    lanes: &Lanes,
    (dividing, packing): (&Dividing, &Packing),
    tile: &Tile<'_>,
    within: usize,
    run: usize,
    out: &mut [&mut [&mut [u64]]; 2],
) -> usize {
    let (runs, pitch) = (tile.runs, tile.pitch / LANES);
    let from = (run * runs.length + within) / LANES;
    let inputs = tile.inputs.map(|half| &half.as_chunks::<LANES>().0[from..]);
    let weights = tile.weights.bytes_from(runs.start + within);
    let length = runs.length / LANES;
    let start = runs.start + run * runs.stride + within - tile.first;
    for row in 0..tile.pattern.rows() {
        let (first, columns) = tile.pattern.row(row);
        let mut totals = [[lanes.zero; RUNS]; 2];
        let mut weights = weights[first * packing.bytes..]
            .windows(64)
            .step_by(packing.bytes);
        for columns in columns.chunks(dividing.most) {
            let mut sums = [[Sum::zero(lanes); RUNS]; 2];
            for (column, weight) in columns.iter().zip(&mut weights) {
                let weight = packing.load(weight);
                for half in 0..2 {
                    let column =
                        &inputs[half][*column as usize * pitch..][..length * (RUNS - 1) + 1];
                    for i in 0..RUNS {
                        sums[half][i].accumulate(load(&column[i * length]), weight);
                    }
                }
            }
            for (total, sum) in totals
                .as_flattened_mut()
                .iter_mut()
                .zip(sums.as_flattened())
            {
                let sum = dividing.fold(lanes, *sum);
                *total = lanes.below(_mm512_add_epi64(*total, sum), lanes.q);
            }
        }
        for half in 0..2 {
            for i in 0..RUNS {
                let out = out[half][row][start + i * runs.stride..]
                    .first_chunk_mut()
                    .expect("within the degree");
                let sum = totals[half][i];
                let total = lanes.below(_mm512_add_epi64(load(out), sum), lanes.q);
                store(out, if tile.adding { total } else { sum });
            }
        }
    }
    RUNS
}
