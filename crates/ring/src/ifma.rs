//! The kernel for processors with AVX-512 IFMA: eight products of 52-bit words an instruction.
//!
//! The layout, tables and levels are those of the portable kernel, which also does what is too
//! short for vectors. Transforms keep words below 4q < 2^52 (Harvey, arXiv 1205.2926).

mod transform;

use std::arch::x86_64::*;

use crate::kernel::{Kernel, Term};
use crate::modulus::Modulus;
use crate::portable::Portable;
use crate::slices::cyclic;
use transform::{MIN_LENGTH, Tables};

const LANES: usize = 8;
const WORD: u32 = 52;

/// Outputs of `dot` whose sums are held in registers together.
const TILE: usize = 8 * LANES;

/// Low halves below 2^52 and carries of this many products fit 64 bits.
const LAZY_TERMS: usize = 1 << 11;

/// Whether this processor has what is used here.
pub fn available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

/// The portable kernel with its loops vectorised. Made only where `available`.
#[derive(Debug)]
pub struct Ifma(Portable, Tables);

impl Ifma {
    /// # Panics
    /// Unless `available`.
    pub fn new(portable: Portable) -> Self {
        assert!(available());
        let tables = Tables::new(&portable);
        Self(portable, tables)
    }
}

/// The modulus and the constants of reduction, in every lane.
#[derive(Clone, Copy)]
struct Lanes {
    q: __m512i,
    twice: __m512i,
    /// 2^52 - q, for products with -q
    negated: __m512i,
    mask: __m512i,
    zero: __m512i,
}

/// A constant below q with floor(constant * 2^52 / q), in every lane or one a lane.
#[derive(Clone, Copy)]
struct Factor(__m512i, __m512i);

impl Lanes {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(modulus: &Modulus) -> Self {
        let q = modulus.value();
        Self {
            q: splat(q),
            twice: splat(2 * q),
            negated: splat((1 << WORD) - q),
            mask: splat((1 << WORD) - 1),
            zero: splat(0),
        }
    }

    /// x * w mod q, below 2q; x below 2^52.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn times(&self, x: __m512i, w: Factor) -> __m512i {
        let high = _mm512_madd52hi_epu64(self.zero, x, w.1);
        let low = _mm512_madd52lo_epu64(self.zero, x, w.0);
        _mm512_and_si512(_mm512_madd52lo_epu64(low, high, self.negated), self.mask)
    }

    /// x or x - bound, whichever lies below the bound, for x below twice the bound.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn below(&self, x: __m512i, bound: __m512i) -> __m512i {
        _mm512_min_epu64(x, _mm512_sub_epi64(x, bound))
    }

    /// Reduced, for x below 4q.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn reduced(&self, x: __m512i) -> __m512i {
        self.below(self.below(x, self.twice), self.q)
    }

    /// x - y + 2q, for y up to 2q.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn minus(&self, x: __m512i, y: __m512i) -> __m512i {
        _mm512_add_epi64(x, _mm512_sub_epi64(self.twice, y))
    }
}

#[target_feature(enable = "avx512f")]
fn splat(x: u64) -> __m512i {
    _mm512_set1_epi64(x as i64)
}

#[target_feature(enable = "avx512f")]
fn load(x: &[u64; LANES]) -> __m512i {
    // SAFETY: 64 bytes lie at x, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(x.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
fn store(x: &mut [u64; LANES], value: __m512i) {
    // SAFETY: 64 bytes lie at x, and the store needs no alignment.
    unsafe { _mm512_storeu_si512(x.as_mut_ptr().cast(), value) }
}

#[target_feature(enable = "avx512f")]
fn constant(modulus: &Modulus, w: u64) -> Factor {
    Factor(splat(w), splat(modulus.shoup(w) >> (64 - WORD)))
}

/// Sums of products in two halves: low + 2^52 high.
#[derive(Clone, Copy)]
struct Sum {
    low: __m512i,
    high: __m512i,
}

/// 1, 2^52 and 2^104 mod q.
struct Folding([Factor; 3]);

impl Folding {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(q: &Modulus) -> Self {
        let word = q.reduce(1 << WORD);
        Self([
            constant(q, 1),
            constant(q, word),
            constant(q, q.mul(word, word)),
        ])
    }

    /// The sum mod q.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn fold(&self, lanes: &Lanes, sum: Sum) -> __m512i {
        let carry = _mm512_srli_epi64::<WORD>(sum.low);
        let high = _mm512_add_epi64(sum.high, carry);
        let parts = [sum.low, high].map(|x| _mm512_and_si512(x, lanes.mask));
        let first = lanes.times(parts[0], self.0[0]);
        let second = lanes.times(parts[1], self.0[1]);
        let third = lanes.times(_mm512_srli_epi64::<WORD>(high), self.0[2]);
        let pair = lanes.below(_mm512_add_epi64(first, second), lanes.twice);
        lanes.reduced(_mm512_add_epi64(pair, third))
    }
}

/// One tile of `dot`, or less at the end.
#[target_feature(enable = "avx512f,avx512ifma")]
fn tile(lanes: &Lanes, folding: &Folding, start: usize, terms: &[Term<'_>], out: &mut [u64; TILE]) {
    let (mut left, mut right) = ([0; TILE], [0; TILE]);
    let zero = Sum {
        low: lanes.zero,
        high: lanes.zero,
    };
    let mut sums = [zero; TILE / LANES];
    for terms in terms.chunks(LAZY_TERMS - 1) {
        for term in terms {
            let a = cyclic(term.left, start.wrapping_add(term.shift), &mut left);
            if let [scalar] = term.right {
                let b = splat(*scalar);
                for (sum, a) in sums.iter_mut().zip(a.as_chunks().0) {
                    accumulate(sum, load(a), b);
                }
            } else {
                let b = cyclic(term.right, start, &mut right);
                for (sum, (a, b)) in sums
                    .iter_mut()
                    .zip(a.as_chunks().0.iter().zip(b.as_chunks().0))
                {
                    accumulate(sum, load(a), load(b));
                }
            }
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
fn accumulate(sum: &mut Sum, a: __m512i, b: __m512i) {
    sum.low = _mm512_madd52lo_epu64(sum.low, a, b);
    sum.high = _mm512_madd52hi_epu64(sum.high, a, b);
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn dot(modulus: &Modulus, start: usize, terms: &[Term<'_>], out: &mut [u64]) {
    let (lanes, folding) = (Lanes::new(modulus), Folding::new(modulus));
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

/// Calls `work` on a and the repetition of b, vector by vector; a whole vector at the end is
/// padded.
#[target_feature(enable = "avx512f,avx512ifma")]
fn pointwise(a: &mut [u64], b: &[u64], work: impl Fn(__m512i, __m512i) -> __m512i) {
    for a in a.chunks_mut(b.len()) {
        let (vectors, rest) = a.as_chunks_mut::<LANES>();
        let (others, others_rest) = b[..].as_chunks::<LANES>();
        let others_rest = if vectors.len() < others.len() {
            &others[vectors.len()][..]
        } else {
            others_rest
        };
        for (a, b) in vectors.iter_mut().zip(others) {
            store(a, work(load(a), load(b)));
        }
        if !rest.is_empty() {
            let (mut x, mut y) = ([0; LANES], [0; LANES]);
            x[..rest.len()].copy_from_slice(rest);
            y[..rest.len()].copy_from_slice(&others_rest[..rest.len()]);
            let out = work(load(&x), load(&y));
            store(&mut x, out);
            rest.copy_from_slice(&x[..rest.len()]);
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn add(modulus: &Modulus, a: &mut [u64], b: &[u64]) {
    let lanes = Lanes::new(modulus);
    pointwise(a, b, |a, b| lanes.below(_mm512_add_epi64(a, b), lanes.q));
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn sub(modulus: &Modulus, a: &mut [u64], b: &[u64]) {
    let lanes = Lanes::new(modulus);
    pointwise(a, b, |a, b| {
        let difference = _mm512_sub_epi64(a, b);
        _mm512_min_epu64(difference, _mm512_add_epi64(difference, lanes.q))
    });
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn mul(modulus: &Modulus, a: &mut [u64], b: &[u64]) {
    let (lanes, folding) = (Lanes::new(modulus), Folding::new(modulus));
    pointwise(a, b, |a, b| {
        let mut sum = Sum {
            low: lanes.zero,
            high: lanes.zero,
        };
        accumulate(&mut sum, a, b);
        folding.fold(&lanes, sum)
    });
}

/// a = (a - b) * scalar, reduced.
#[target_feature(enable = "avx512f,avx512ifma")]
fn sub_scale(modulus: &Modulus, a: &mut [u64], b: &[u64], scalar: u64) {
    let (lanes, factor) = (Lanes::new(modulus), constant(modulus, scalar));
    pointwise(a, b, |a, b| {
        lanes.below(lanes.times(lanes.minus(a, b), factor), lanes.q)
    });
}

// SAFETY of every call below: an `Ifma` is made only where the features are available.
impl Kernel for Ifma {
    fn modulus(&self) -> &Modulus {
        self.0.modulus()
    }

    fn log_degree(&self) -> u32 {
        self.0.log_degree()
    }

    fn forward(&self, values: &mut [u64], scratch: &mut [u64]) {
        if values.len() < MIN_LENGTH {
            return self.0.forward(values, scratch);
        }
        self.0.check(values, scratch);
        unsafe { transform::forward(&self.0, &self.1, values, scratch) }
    }

    fn inverse(&self, values: &mut [u64], scratch: &mut [u64]) {
        if values.len() < MIN_LENGTH {
            return self.0.inverse(values, scratch);
        }
        self.0.check(values, scratch);
        unsafe { transform::inverse(&self.0, &self.1, values, scratch) }
    }

    fn add(&self, a: &mut [u64], b: &[u64]) {
        unsafe { add(self.modulus(), a, b) }
    }

    fn sub(&self, a: &mut [u64], b: &[u64]) {
        unsafe { sub(self.modulus(), a, b) }
    }

    fn neg(&self, a: &mut [u64]) {
        self.0.neg(a);
    }

    fn mul(&self, a: &mut [u64], b: &[u64]) {
        unsafe { mul(self.modulus(), a, b) }
    }

    fn scale(&self, a: &mut [u64], scalar: u64) {
        unsafe { sub_scale(self.modulus(), a, &[0; TILE], scalar) }
    }

    fn sub_scale(&self, a: &mut [u64], b: &[u64], scalar: u64) {
        unsafe { sub_scale(self.modulus(), a, b, scalar) }
    }

    fn dot(&self, start: usize, terms: &[Term<'_>], out: &mut [u64]) {
        unsafe { dot(self.modulus(), start, terms, out) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obeys_the_laws() {
        if available() {
            crate::laws::check(|modulus, log_degree| {
                Box::new(Ifma::new(Portable::new(modulus, log_degree)))
            });
        }
    }
}
