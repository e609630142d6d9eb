//! KoalaBear, F of p = 2^31 - 2^24 + 1, and its extension K of degree five, |K| > 2^154.9.

use p3_field::extension::QuinticTrinomialExtensionField;
use p3_field::{BasedVectorSpace, PrimeCharacteristicRing, PrimeField32};
use p3_koala_bear::KoalaBear;
use rand_core::Rng;

/// The base field: weights, activations and everything committed.
pub type F = KoalaBear;
/// The field of challenges and messages.
pub type K = QuinticTrinomialExtensionField<KoalaBear>;

/// Coordinates of an element of K over F.
pub const DEGREE: usize = 5;
/// Bytes of an element of F as it is written.
pub const F_BYTES: usize = 4;
/// Bytes of an element of K as it is written.
pub const K_BYTES: usize = DEGREE * F_BYTES;
/// p
pub const PRIME: u32 = F::ORDER_U32;
/// log2 |K|, rounded down.
pub const LOG_FIELD: f64 = 154.9;

/// A signed integer in F.
pub fn from_i64(value: i64) -> F {
    F::from_u32(value.rem_euclid(i64::from(PRIME)) as u32)
}

/// The powers X^0..X^4 of K's generator: what an element's coordinates stand for.
pub fn basis() -> [K; DEGREE] {
    std::array::from_fn(|index| K::from_basis_coefficients_fn(|at| F::from_bool(at == index)))
}

/// An element of K from its coordinates.
pub fn join(coordinates: &[F]) -> K {
    K::from_basis_coefficients_fn(|index| coordinates[index])
}

/// An element's coordinates over F.
pub fn split(value: &K) -> &[F] {
    value.as_basis_coefficients_slice()
}

/// A uniform element of F.
pub fn random(rng: &mut impl Rng) -> F {
    loop {
        let drawn = rng.next_u32() >> 1;
        if drawn < PRIME {
            return F::from_u32(drawn);
        }
    }
}

/// A uniform element of K.
pub fn random_extension(rng: &mut impl Rng) -> K {
    K::from_basis_coefficients_fn(|_| random(rng))
}

/// 1, x, x^2, ...
pub fn powers(x: K, count: usize) -> Vec<K> {
    std::iter::successors(Some(K::ONE), |power| Some(*power * x))
        .take(count)
        .collect()
}

/// Sum of products.
pub fn inner(left: &[K], right: &[K]) -> K {
    left.iter().zip(right).map(|(a, b)| *a * *b).sum()
}

/// Sum of products with elements of F.
pub fn inner_base(left: &[K], right: &[F]) -> K {
    left.iter().zip(right).map(|(a, b)| *a * *b).sum()
}

/// Canonical bytes of elements of F, four each, little-endian.
pub fn write_base(values: &[F], out: &mut Vec<u8>) {
    out.extend(
        values
            .iter()
            .flat_map(|value| value.as_canonical_u32().to_le_bytes()),
    );
}

/// Canonical bytes of elements of K.
pub fn write_extension(values: &[K], out: &mut Vec<u8>) {
    for value in values {
        write_base(split(value), out);
    }
}
