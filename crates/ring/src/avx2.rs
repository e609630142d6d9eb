//! The kernel for processors with AVX2 and FMA: four products of doubles an instruction.
//!
//! Residues are whole numbers in double precision, exact below 2^53 in magnitude, that is below 8q.
//! A fused multiply-add gives what a rounded product leaves out, so that products modulo q are exact
//! as well. The layout and levels are those of the portable kernel, two levels a pass; it also does
//! what is too short for vectors.

mod dot;
mod lanes;
mod transform;

use std::arch::x86_64::*;

use crate::kernel::{Kernel, Runs, Term};
use crate::memory::collected;
use crate::modulus::Modulus;
use crate::portable::Portable;
use lanes::{LANES, Lanes, centred, load, splat, store, words};

/// Shorter transforms are left to the portable kernel.
const MIN_LENGTH: usize = 4 * LANES;

/// Whether this processor has what is used here.
pub fn available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// The portable kernel with its loops vectorised. Made only where `available`.
#[derive(Debug)]
pub struct Avx2 {
    portable: Portable,
    /// The portable tables, centred.
    roots: Vec<f64>,
    inverse_roots: Vec<f64>,
}

impl Avx2 {
    /// # Panics
    /// Unless `available`.
    pub fn new(portable: Portable) -> Self {
        assert!(available());
        let modulus = *portable.modulus();
        let table = |values: &[u64]| collected(values.iter().map(|w| centred(&modulus, *w)));
        Self {
            roots: table(&portable.roots.values),
            inverse_roots: table(&portable.inverse_roots.values),
            portable,
        }
    }
}

/// Calls `work` on a and the repetition of b, vector by vector; a whole vector at the end is
/// padded.
#[target_feature(enable = "avx2,fma")]
fn pointwise(a: &mut [u64], b: &[u64], work: impl Fn(__m256i, __m256i) -> __m256i) {
    for a in a.chunks_mut(b.len()) {
        let whole = a.len() / LANES * LANES;
        let (vectors, rest) = a.as_chunks_mut::<LANES>();
        for (a, b) in vectors.iter_mut().zip(b.as_chunks().0) {
            store(a, work(load(a), load(b)));
        }
        if !rest.is_empty() {
            let (mut x, mut y) = ([0; LANES], [0; LANES]);
            x[..rest.len()].copy_from_slice(rest);
            y[..rest.len()].copy_from_slice(&b[whole..whole + rest.len()]);
            let out = work(load(&x), load(&y));
            store(&mut x, out);
            rest.copy_from_slice(&x[..rest.len()]);
        }
    }
}

#[target_feature(enable = "avx2,fma")]
fn add(modulus: &Modulus, a: &mut [u64], b: &[u64]) {
    let q = splat(modulus.value());
    pointwise(a, b, |a, b| {
        let sum = _mm256_sub_epi64(_mm256_add_epi64(a, b), q);
        _mm256_add_epi64(sum, lanes::where_negative(sum, q))
    });
}

#[target_feature(enable = "avx2,fma")]
fn sub(modulus: &Modulus, a: &mut [u64], b: &[u64]) {
    let q = splat(modulus.value());
    pointwise(a, b, |a, b| {
        let difference = _mm256_sub_epi64(a, b);
        _mm256_add_epi64(difference, lanes::where_negative(difference, q))
    });
}

#[target_feature(enable = "avx2,fma")]
fn mul(modulus: &Modulus, a: &mut [u64], b: &[u64]) {
    let lanes = Lanes::new(modulus);
    pointwise(a, b, |a, b| {
        words(lanes.residue(lanes.times(lanes.doubles(a), lanes.doubles(b))))
    });
}

/// a = (a - b) * scalar
#[target_feature(enable = "avx2,fma")]
fn sub_scale(modulus: &Modulus, a: &mut [u64], b: &[u64], scalar: u64) {
    let (lanes, scalar) = (Lanes::new(modulus), lanes::constant(modulus, scalar));
    pointwise(a, b, |a, b| {
        let difference = _mm256_sub_pd(lanes.doubles(a), lanes.doubles(b));
        words(lanes.residue(lanes.times(difference, scalar)))
    });
}

// SAFETY of every call below: an `Avx2` is made only where the features are available.
impl Kernel for Avx2 {
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
        unsafe { transform::forward(self, values, scratch) }
    }

    fn inverse(&self, values: &mut [u64], scratch: &mut [u64]) {
        if values.len() < MIN_LENGTH {
            return self.portable.inverse(values, scratch);
        }
        self.portable.check(values, scratch);
        unsafe { transform::inverse(self, values, scratch) }
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
        unsafe { mul(self.modulus(), a, b) }
    }

    fn scale(&self, a: &mut [u64], scalar: u64) {
        unsafe { sub_scale(self.modulus(), a, &[0; 16 * LANES], scalar) }
    }

    fn sub_scale(&self, a: &mut [u64], b: &[u64], scalar: u64) {
        unsafe { sub_scale(self.modulus(), a, b, scalar) }
    }

    fn dot(&self, runs: Runs, terms: &[Term<'_>], out: &mut [u64]) {
        unsafe { dot::dot(self.modulus(), runs, terms, out) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obeys_the_laws() {
        if available() {
            crate::laws::check(|modulus, log_degree| {
                Box::new(Avx2::new(Portable::new(modulus, log_degree)))
            });
        }
    }
}
