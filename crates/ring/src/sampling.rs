//! Random ring elements, from ChaCha20.

use rand_chacha::ChaCha20Rng;
use zeroize::Zeroizing;

use crate::modulus::Modulus;
use crate::poly::Poly;
use crate::rns::Basis;

/// 32 bytes from which a stream is expanded.
pub type Seed = [u8; 32];

/// Standard deviation of errors.
pub const SIGMA: f64 = 3.2;

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness: {0}")]
pub struct NoEntropy(String);

/// A fresh seed from the operating system.
///
/// # Errors
/// Where the operating system gives none.
pub fn fresh_seed() -> Result<Seed, NoEntropy> {
    todo!()
}

/// The stream of (seed, label, index); distinct labels or indices give independent streams.
#[must_use]
pub fn stream(_seed: &Seed, _label: &str, _index: u64) -> ChaCha20Rng {
    todo!()
}

/// Uniform residues, by rejection.
pub fn uniform(_rng: &mut ChaCha20Rng, _modulus: &Modulus, _out: &mut [u64]) {
    todo!()
}

/// A uniform element of a basis; limb i comes from its own stream, with index `first + i`.
#[must_use]
pub fn uniform_poly(
    _basis: &Basis,
    _degree: usize,
    _seed: &Seed,
    _label: &str,
    _first: u64,
) -> Poly {
    todo!()
}

/// Coefficients uniform in {-1, 0, 1}.
#[must_use]
pub fn ternary(_rng: &mut ChaCha20Rng, _degree: usize) -> Zeroizing<Vec<i64>> {
    todo!()
}

/// Discrete Gaussian coefficients of deviation SIGMA.
#[must_use]
pub fn gaussian(_rng: &mut ChaCha20Rng, _degree: usize) -> Zeroizing<Vec<i64>> {
    todo!()
}
