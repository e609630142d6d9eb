//! Exact sums of products.

use std::arch::x86_64::*;

use super::{Factor, LANES, Lanes, WORD, load, splat, store};
use crate::kernel::{Runs, Term};
use crate::modulus::{MAX_BITS, Modulus};

/// Outputs whose sums are held in registers together.
const TILE: usize = 8 * LANES;

/// Low halves below 2^52 and carries of this many products fit 64 bits.
pub(super) const LAZY_TERMS: usize = 1 << 11;

/// For reducing sums.
#[derive(Debug)]
pub struct Constants {
    /// 1, 2^52 and 2^104 mod q with their quotients by q.
    pub powers: [(u64, u64); 3],
    /// 1 / q mod 2^52
    pub inverse: u64,
}

impl Constants {
    pub fn new(q: &Modulus) -> Self {
        let word = q.reduce(1 << WORD);
        let pair = |w| (w, q.shoup(w) >> (64 - WORD));
        Self {
            powers: [pair(1), pair(word), pair(q.mul(word, word))],
            inverse: inverse(q.value()) & ((1 << WORD) - 1),
        }
    }

    /// 2^52 mod q
    pub fn word(&self) -> u64 {
        self.powers[1].0
    }
}

/// 1 / q mod 2^64 by Newton's iteration, which doubles the bits that are right, at first three.
fn inverse(q: u64) -> u64 {
    (0..5).fold(q, |x, _| {
        x.wrapping_mul(2u64.wrapping_sub(q.wrapping_mul(x)))
    })
}

/// Sums of products in two halves: low + 2^52 high.
#[derive(Clone, Copy)]
pub(super) struct Sum {
    pub low: __m512i,
    pub high: __m512i,
}

impl Sum {
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn zero(lanes: &Lanes) -> Self {
        Self {
            low: lanes.zero,
            high: lanes.zero,
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn accumulate(&mut self, a: __m512i, b: __m512i) {
        self.low = _mm512_madd52lo_epu64(self.low, a, b);
        self.high = _mm512_madd52hi_epu64(self.high, a, b);
    }
}

/// How sums of a number of products are reduced.
pub(super) struct Folding {
    factors: [Factor; 3],
    /// Whether high halves may reach 2^52.
    wide: bool,
}

impl Folding {
    /// For sums of up to `count` products of a word below 2^MAX_BITS and a residue.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn new(q: &Modulus, constants: &Constants, count: usize) -> Self {
        const LIMIT: u64 = 1 << (2 * WORD - MAX_BITS - 1);
        Self {
            factors: constants
                .powers
                .map(|(w, quotient)| Factor(splat(w), splat(quotient))),
            wide: count as u64 * q.value() >= LIMIT,
        }
    }

    /// The sum mod q.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn fold(&self, lanes: &Lanes, sum: Sum) -> __m512i {
        let [one, word, square] = self.factors;
        let high = _mm512_add_epi64(sum.high, _mm512_srli_epi64::<WORD>(sum.low));
        // The quotients of both parts together: what remains lies below 4q, modulo 2^52.
        let quotient = _mm512_madd52hi_epu64(lanes.zero, sum.low, one.1);
        let quotient = _mm512_madd52hi_epu64(quotient, high, word.1);
        let rest = _mm512_madd52lo_epu64(sum.low, high, word.0);
        let rest = _mm512_madd52lo_epu64(rest, quotient, lanes.negated);
        let mut total = _mm512_and_si512(rest, lanes.mask);
        if self.wide {
            let top = lanes.times(_mm512_srli_epi64::<WORD>(high), square);
            total = _mm512_add_epi64(lanes.below(total, lanes.twice), top);
        }
        lanes.reduced(total)
    }
}

/// Words of an array, vector by vector, from some index on.
pub(super) type Part<const VECTORS: usize> = [[u64; LANES]; VECTORS];

/// Reads in one piece, or through `wrapped` where the array ends in it.
#[inline(always)]
pub(super) fn part<'a, const VECTORS: usize>(
    x: &'a [u64],
    start: usize,
    wrapped: &'a mut Option<Part<VECTORS>>,
) -> &'a Part<VECTORS> {
    let start = start & (x.len() - 1);
    match x[start..].as_chunks().0.first_chunk() {
        Some(part) => part,
        None => wrapped.insert(wrap(x, start)),
    }
}

#[cold]
fn wrap<const VECTORS: usize>(x: &[u64], start: usize) -> Part<VECTORS> {
    let word = |at| x[(start + at) & (x.len() - 1)];
    std::array::from_fn(|i| std::array::from_fn(|lane| word(i * LANES + lane)))
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn add_term<const VECTORS: usize>(
    start: usize,
    term: &Term<'_>,
    sums: &mut [Sum; VECTORS],
) {
    let (mut left, mut right) = (None, None);
    let a: &Part<VECTORS> = part(term.left, start.wrapping_add(term.shift), &mut left);
    if let [scalar] = term.right {
        let b = splat(*scalar);
        for (sum, a) in sums.iter_mut().zip(a) {
            sum.accumulate(load(a), b);
        }
        return;
    }
    let b: &Part<VECTORS> = part(term.right, start, &mut right);
    for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
        sum.accumulate(load(a), load(b));
    }
}

/// One tile of `dot`, or less at the end.
#[target_feature(enable = "avx512f,avx512ifma")]
fn tile(lanes: &Lanes, folding: &Folding, start: usize, terms: &[Term<'_>], out: &mut [u64; TILE]) {
    let mut sums = [Sum::zero(lanes); TILE / LANES];
    for terms in terms.chunks(LAZY_TERMS - 1) {
        for term in terms {
            add_term(start, term, &mut sums);
        }
        for sum in &mut sums {
            *sum = Sum {
                low: folding.fold(lanes, *sum),
                high: lanes.zero,
            };
        }
    }
    for (out, sum) in out.as_chunks_mut().0.iter_mut().zip(sums) {
        store(out, sum.low);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn dot(
    q: &Modulus,
    constants: &Constants,
    runs: Runs,
    terms: &[Term<'_>],
    out: &mut [u64],
) {
    let (lanes, folding) = (Lanes::new(q), Folding::new(q, constants, terms.len() + 1));
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

/// See [`crate::Kernel::overflow`].
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) fn overflow(parts: &[&[u64]], reciprocals: &[f64], out: &mut [u64]) {
    let (vectors, rest) = out.as_chunks_mut::<LANES>();
    for (k, out) in vectors.iter_mut().enumerate() {
        let mut sum = _mm512_set1_pd(0.5);
        for (part, reciprocal) in parts.iter().zip(reciprocals) {
            let part = _mm512_cvtepu64_pd(load(&part.as_chunks().0[k]));
            sum = _mm512_add_pd(sum, _mm512_mul_pd(part, _mm512_set1_pd(*reciprocal)));
        }
        store(out, _mm512_cvttpd_epu64(sum));
    }
    let end = vectors.len() * LANES;
    let parts: Vec<_> = parts.iter().map(|part| &part[end..]).collect();
    crate::portable::overflow(&parts, reciprocals, rest);
}
