//! The kernel for processors with AVX-512 IFMA: eight products of 52-bit words an instruction.
//!
//! The layout, tables and levels are those of the portable kernel, which also does what is too
//! short for vectors. Transforms keep words below 4q < 2^52 (Harvey, arXiv 1205.2926).

mod both;
mod combine;
mod dot;
mod multiply;
mod transform;

use std::arch::x86_64::*;

use crate::kernel::{Kernel, Pair, Runs, Term};
use crate::modulus::Modulus;
use crate::portable::Portable;
use crate::strips::{Scalars, Strip};
use crate::weights::Tile;
use dot::{Constants, Folding, Sum};
use transform::{MIN_LENGTH, Tables};

const LANES: usize = 8;
const WORD: u32 = 52;

/// Whether this processor has what is used here.
pub fn available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512ifma")
        && is_x86_feature_detected!("avx512vbmi")
}

/// The portable kernel with its loops vectorised. Made only where `available`.
#[derive(Debug)]
pub struct Ifma {
    portable: Portable,
    constants: Constants,
    tables: Tables,
}

impl Ifma {
    /// # Panics
    /// Unless `available`.
    pub fn new(portable: Portable) -> Self {
        assert!(available());
        Self {
            constants: Constants::new(portable.modulus()),
            tables: Tables::new(&portable),
            portable,
        }
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
fn mul(modulus: &Modulus, constants: &Constants, a: &mut [u64], b: &[u64]) {
    let (lanes, folding) = (Lanes::new(modulus), Folding::new(modulus, constants, 1));
    pointwise(a, b, |a, b| {
        let mut sum = Sum::zero(&lanes);
        sum.accumulate(a, b);
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

#[target_feature(enable = "avx512f,avx512dq")]
fn lift(modulus: &Modulus, values: &[i32], out: &mut [u64]) {
    crate::portable::lift(modulus, values, out);
}

// SAFETY of every call below: an `Ifma` is made only where the features are available.
impl Kernel for Ifma {
    fn modulus(&self) -> &Modulus {
        self.portable.modulus()
    }

    fn log_degree(&self) -> u32 {
        self.portable.log_degree()
    }

    fn forward(&self, values: &mut [u64], scratch: &mut [u64]) {
        if values.len() < MIN_LENGTH {
            return self.portable.forward(values, scratch);
        }
        self.portable.check(values, scratch);
        unsafe { transform::forward(&self.portable, &self.tables, values, scratch) }
    }

    fn inverse(&self, values: &mut [u64], scratch: &mut [u64]) {
        if values.len() < MIN_LENGTH {
            return self.portable.inverse(values, scratch);
        }
        self.portable.check(values, scratch);
        unsafe { transform::inverse(&self.portable, &self.tables, values, scratch) }
    }

    fn add(&self, a: &mut [u64], b: &[u64]) {
        unsafe { add(self.modulus(), a, b) }
    }

    fn sub(&self, a: &mut [u64], b: &[u64]) {
        unsafe { sub(self.modulus(), a, b) }
    }

    fn neg(&self, a: &mut [u64]) {
        self.portable.neg(a);
    }

    fn mul(&self, a: &mut [u64], b: &[u64]) {
        unsafe { mul(self.modulus(), &self.constants, a, b) }
    }

    fn scale(&self, a: &mut [u64], scalar: u64) {
        unsafe { sub_scale(self.modulus(), a, &[0; 8 * LANES], scalar) }
    }

    fn sub_scale(&self, a: &mut [u64], b: &[u64], scalar: u64) {
        unsafe { sub_scale(self.modulus(), a, b, scalar) }
    }

    fn dot(&self, runs: Runs, terms: &[Term<'_>], out: &mut [u64]) {
        unsafe { dot::dot(self.modulus(), &self.constants, runs, terms, out) }
    }

    fn dot_both(
        &self,
        runs: Runs,
        pairs: &[Pair<'_>],
        more: [&[Term<'_>]; 2],
        out: [&mut [u64]; 2],
    ) {
        unsafe { both::dot_both(self.modulus(), &self.constants, runs, (pairs, more), out) }
    }

    fn overflow(&self, parts: &[&[u64]], reciprocals: &[f64], out: &mut [u64]) {
        unsafe { dot::overflow(parts, reciprocals, out) }
    }

    fn lift(&self, values: &[i32], out: &mut [u64]) {
        unsafe { lift(self.modulus(), values, out) }
    }

    fn prepare(&self, values: &mut [u64]) {
        self.scale(values, self.constants.word());
    }

    fn packs(&self) -> bool {
        true
    }

    fn lanes(&self) -> usize {
        LANES
    }

    fn multiply(&self, tile: &Tile<'_>, out: &mut [&mut [&mut [u64]]; 2]) {
        unsafe { multiply::multiply(self.modulus(), &self.constants, tile, out) }
    }

    fn combine(&self, scalars: &Scalars<'_>, inputs: &[Strip], out: &mut [Strip]) {
        unsafe { combine::combine(self.modulus(), &self.constants, scalars, inputs, out) }
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
