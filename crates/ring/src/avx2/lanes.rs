//! Four residues as doubles, and arithmetic on them.

use std::arch::x86_64::*;

use crate::modulus::Modulus;

pub(super) const LANES: usize = 4;

/// Adding 2^52 to a whole number below it puts the number into the low bits of the double.
const SHIFT: f64 = (1u64 << 52) as f64;

/// The modulus and its inverse, in every lane.
#[derive(Clone, Copy)]
pub(super) struct Lanes {
    q: __m256d,
    inverse: __m256d,
}

impl Lanes {
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn new(modulus: &Modulus) -> Self {
        let q = modulus.value() as f64;
        Self {
            q: _mm256_set1_pd(q),
            inverse: _mm256_set1_pd(1.0 / q),
        }
    }

    /// x * w mod q, below (1/2 + x w / q 3 / 2^53) q in magnitude; x below 8q, w below q.
    ///
    /// The rounded product and what it leaves out are exact, and so is the difference from the
    /// multiple of q, being a small whole number.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn times(&self, x: __m256d, w: __m256d) -> __m256d {
        let high = _mm256_mul_pd(x, w);
        let low = _mm256_fmsub_pd(x, w, high);
        let quotient = round(_mm256_mul_pd(high, self.inverse));
        _mm256_add_pd(_mm256_fnmadd_pd(quotient, self.q, high), low)
    }

    /// x mod q, at most q / 2 and a rounding error in magnitude; x below 8q.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn centred(&self, x: __m256d) -> __m256d {
        _mm256_fnmadd_pd(round(_mm256_mul_pd(x, self.inverse)), self.q, x)
    }

    /// x mod q from 0 to q - 1; x below 8q in magnitude.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn residue(&self, x: __m256d) -> __m256d {
        let x = self.centred(x);
        let negative = _mm256_cmp_pd::<_CMP_LT_OQ>(x, _mm256_setzero_pd());
        _mm256_add_pd(x, _mm256_and_pd(negative, self.q))
    }

    /// Words below 2^52 as doubles.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn doubles(&self, x: __m256i) -> __m256d {
        let shift = _mm256_set1_pd(SHIFT);
        _mm256_sub_pd(_mm256_or_pd(_mm256_castsi256_pd(x), shift), shift)
    }
}

/// Whole numbers from 0 to 2^52 as words; the inverse of `doubles`.
#[target_feature(enable = "avx2,fma")]
pub(super) fn words(x: __m256d) -> __m256i {
    let shift = _mm256_set1_pd(SHIFT);
    _mm256_castpd_si256(_mm256_xor_pd(_mm256_add_pd(x, shift), shift))
}

#[target_feature(enable = "avx2,fma")]
fn round(x: __m256d) -> __m256d {
    _mm256_round_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x)
}

/// y where x, as a signed word, is negative, otherwise 0.
#[target_feature(enable = "avx2,fma")]
pub(super) fn where_negative(x: __m256i, y: __m256i) -> __m256i {
    _mm256_and_si256(_mm256_cmpgt_epi64(_mm256_setzero_si256(), x), y)
}

/// w below q as the number nearest 0.
pub(super) fn centred(modulus: &Modulus, w: u64) -> f64 {
    let q = modulus.value();
    if 2 * w > q {
        -((q - w) as f64)
    } else {
        w as f64
    }
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn constant(modulus: &Modulus, w: u64) -> __m256d {
    _mm256_set1_pd(centred(modulus, w))
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn splat(x: u64) -> __m256i {
    _mm256_set1_epi64x(x as i64)
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn load(x: &[u64; LANES]) -> __m256i {
    // SAFETY: 32 bytes lie at x, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(x.as_ptr().cast()) }
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn load_root(x: &[f64; LANES]) -> __m256d {
    // SAFETY: 32 bytes lie at x, and the load needs no alignment.
    unsafe { _mm256_loadu_pd(x.as_ptr()) }
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn store(x: &mut [u64; LANES], value: __m256i) {
    // SAFETY: 32 bytes lie at x, and the store needs no alignment.
    unsafe { _mm256_storeu_si256(x.as_mut_ptr().cast(), value) }
}
