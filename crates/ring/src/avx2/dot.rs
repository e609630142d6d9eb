//! Exact sums of products.
//!
//! Adding a large constant to a product rounds it to a multiple of 2^50, whose bits count upwards
//! from the constant's, and subtracting that multiple again leaves a remainder of 2^49 at most. The
//! bits of both are summed as integers.

use std::arch::x86_64::*;

use super::lanes::{LANES, Lanes, constant, load, splat, store, words};
use crate::kernel::{Runs, Term};
use crate::modulus::{MAX_BITS, Modulus};
use crate::slices::cyclic;

/// Outputs whose sums are held in registers together.
const TILE: usize = 4 * LANES;

/// This many remainders of 2^49 lie within 2^59 of zero.
const LAZY_TERMS: usize = 1 << 10;
const BIAS: u32 = 59;

/// Doubles near the first are whole multiples of 2^50, near the second whole numbers.
const UPPER: f64 = 1.5 * (1u128 << 102) as f64;
const LOWER: f64 = 1.5 * (1u128 << 52) as f64;

/// low + 2^50 high
#[derive(Clone, Copy)]
struct Sum {
    low: __m256i,
    high: __m256i,
}

impl Sum {
    /// `low`, less what the constants in `count` products will add.
    #[target_feature(enable = "avx2,fma")]
    fn before(count: usize, low: __m256i) -> Self {
        let constants = |x: f64| splat(x.to_bits().wrapping_mul(count as u64));
        Self {
            low: _mm256_sub_epi64(low, constants(LOWER)),
            high: _mm256_sub_epi64(splat(0), constants(UPPER)),
        }
    }

    #[target_feature(enable = "avx2,fma")]
    fn accumulate(&mut self, a: __m256d, b: __m256d) {
        let upper = _mm256_fmadd_pd(a, b, _mm256_set1_pd(UPPER));
        let rest = _mm256_sub_pd(_mm256_set1_pd(UPPER + LOWER), upper);
        let lower = _mm256_fmadd_pd(a, b, rest);
        self.low = _mm256_add_epi64(self.low, _mm256_castpd_si256(lower));
        self.high = _mm256_add_epi64(self.high, _mm256_castpd_si256(upper));
    }
}

/// 2^50 and 2^100 mod q.
struct Folding([__m256d; 2]);

impl Folding {
    #[target_feature(enable = "avx2,fma")]
    fn new(q: &Modulus) -> Self {
        let word = q.reduce(1 << MAX_BITS);
        Self([constant(q, word), constant(q, q.mul(word, word))])
    }

    /// The sum mod q.
    #[target_feature(enable = "avx2,fma")]
    fn fold(&self, lanes: &Lanes, sum: Sum) -> __m256i {
        const SHIFT: i32 = MAX_BITS as i32;
        let mask = splat((1 << MAX_BITS) - 1);
        let low = _mm256_add_epi64(sum.low, splat(1 << BIAS));
        let carry = _mm256_sub_epi64(
            _mm256_srli_epi64::<SHIFT>(low),
            splat(1 << (BIAS - MAX_BITS)),
        );
        let high = _mm256_add_epi64(sum.high, carry);
        let first = lanes.doubles(_mm256_and_si256(low, mask));
        let second = lanes.doubles(_mm256_and_si256(high, mask));
        let third = lanes.doubles(_mm256_srli_epi64::<SHIFT>(high));
        let upper = _mm256_add_pd(
            lanes.times(second, self.0[0]),
            lanes.times(third, self.0[1]),
        );
        words(lanes.residue(_mm256_add_pd(first, upper)))
    }
}

#[target_feature(enable = "avx2,fma")]
fn add_term(lanes: &Lanes, start: usize, term: &Term<'_>, sums: &mut [Sum; TILE / LANES]) {
    let (mut left, mut right) = ([0; TILE], [0; TILE]);
    let a = cyclic(term.left, start.wrapping_add(term.shift), &mut left);
    if let [scalar] = term.right {
        let b = _mm256_set1_pd(*scalar as f64);
        for (sum, a) in sums.iter_mut().zip(a.as_chunks().0) {
            sum.accumulate(lanes.doubles(load(a)), b);
        }
        return;
    }
    let b = cyclic(term.right, start, &mut right);
    let pairs = a.as_chunks().0.iter().zip(b.as_chunks().0);
    for (sum, (a, b)) in sums.iter_mut().zip(pairs) {
        sum.accumulate(lanes.doubles(load(a)), lanes.doubles(load(b)));
    }
}

/// One tile, or less at the end.
#[target_feature(enable = "avx2,fma")]
fn tile(lanes: &Lanes, folding: &Folding, start: usize, terms: &[Term<'_>], out: &mut [u64; TILE]) {
    let mut folded = [splat(0); TILE / LANES];
    for terms in terms.chunks(LAZY_TERMS) {
        let mut sums = folded.map(|low| Sum::before(terms.len(), low));
        for term in terms {
            add_term(lanes, start, term, &mut sums);
        }
        folded = sums.map(|sum| folding.fold(lanes, sum));
    }
    for (out, folded) in out.as_chunks_mut().0.iter_mut().zip(folded) {
        store(out, folded);
    }
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn dot(modulus: &Modulus, runs: Runs, terms: &[Term<'_>], out: &mut [u64]) {
    let (lanes, folding) = (Lanes::new(modulus), Folding::new(modulus));
    for (start, out) in runs.starts().zip(out.chunks_mut(runs.length)) {
        let (tiles, rest) = out.as_chunks_mut();
        let end = start + tiles.len() * TILE;
        for (i, out) in tiles.iter_mut().enumerate() {
            tile(&lanes, &folding, start + i * TILE, terms, out);
        }
        if !rest.is_empty() {
            let mut last = [0; TILE];
            tile(&lanes, &folding, end, terms, &mut last);
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}
