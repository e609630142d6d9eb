//! Random ring elements, from ChaCha20.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::memory::collected;
use crate::modulus::Modulus;
use crate::poly::Poly;
use crate::rns::Basis;

/// 32 bytes from which a stream is expanded.
pub type Seed = [u8; 32];

/// Standard deviation of errors.
pub const SIGMA: f64 = 3.2;

/// Entry k is 2^63 times the probability that a discrete Gaussian of deviation SIGMA has
/// magnitude at most k. What lies beyond 25 (7.8 deviations) has probability 2^-46, and is cut.
const GAUSSIAN: [u64; 25] = [
    1149872835429266008,
    3340023666152832878,
    5231742854224525755,
    6713673034491318534,
    7766573326200196559,
    8445050402542556634,
    8841576285654612683,
    9051758678878186096,
    9152802451769415979,
    9196859074767746705,
    9214281206174004120,
    9220529764022708441,
    9222562339745873206,
    9223161995634596964,
    9223322447917711088,
    9223361386320111733,
    9223369956674611012,
    9223371667508612691,
    9223371977254386295,
    9223372028116140532,
    9223372035690845298,
    9223372036713969870,
    9223372036839307001,
    9223372036853232778,
    9223372036854636068,
];

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness: {0}")]
pub struct NoEntropy(String);

/// A fresh seed from the operating system.
///
/// # Errors
/// Where the operating system gives none.
pub fn fresh_seed() -> Result<Zeroizing<Seed>, NoEntropy> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut()).map_err(|error| NoEntropy(error.to_string()))?;
    Ok(seed)
}

/// The stream of (seed, label, index); distinct labels or indices give independent streams.
#[must_use]
pub fn stream(seed: &Seed, label: &str, index: u64) -> ChaCha20Rng {
    let mut hash = Sha256::new();
    hash.update(b"hushwork stream 1");
    hash.update(seed);
    hash.update(index.to_le_bytes());
    hash.update(label);
    let key: Zeroizing<Seed> = Zeroizing::new(hash.finalize().into());
    ChaCha20Rng::from_seed(*key)
}

/// Uniform residues: words below the largest multiple of the modulus, reduced; others are redrawn.
pub fn uniform(rng: &mut ChaCha20Rng, modulus: &Modulus, out: &mut [u64]) {
    let bound = u64::MAX / modulus.value() * modulus.value();
    let mut bytes = [0; 1024];
    for values in out.chunks_mut(bytes.len() / 8) {
        rng.fill_bytes(&mut bytes[..8 * values.len()]);
        for (value, word) in values.iter_mut().zip(bytes.as_chunks().0) {
            let mut word = u64::from_le_bytes(*word);
            while word >= bound {
                word = rng.next_u64();
            }
            *value = modulus.reduce(word);
        }
    }
}

/// A uniform element of a basis; limb i comes from its own stream, with index `first + i`.
#[must_use]
pub fn uniform_poly(basis: &Basis, degree: usize, seed: &Seed, label: &str, first: u64) -> Poly {
    let mut poly = Poly::zero(degree, basis.limbs());
    let limbs = poly
        .values_mut()
        .par_chunks_mut(degree)
        .zip(basis.kernels())
        .enumerate();
    limbs.for_each(|(i, (limb, kernel))| {
        uniform(
            &mut stream(seed, label, first + i as u64),
            kernel.modulus(),
            limb,
        );
    });
    poly
}

/// Coefficients uniform in {-1, 0, 1}.
#[must_use]
pub fn ternary(rng: &mut ChaCha20Rng, degree: usize) -> Zeroizing<Vec<i64>> {
    let draw = |_| loop {
        let bits = rng.next_u32() & 3;
        if bits < 3 {
            break i64::from(bits) - 1;
        }
    };
    Zeroizing::new(collected((0..degree).map(draw)))
}

/// Discrete Gaussian coefficients of deviation SIGMA: a constant-time scan of the cumulative
/// table, 63 bits a coefficient.
#[must_use]
pub fn gaussian(rng: &mut ChaCha20Rng, degree: usize) -> Zeroizing<Vec<i64>> {
    let draw = |_| {
        let word = rng.next_u64();
        let magnitude: i64 = GAUSSIAN
            .iter()
            .map(|bound| i64::from(word >> 1 >= *bound))
            .sum();
        let sign = -((word & 1) as i64);
        (magnitude ^ sign) - sign
    };
    Zeroizing::new(collected((0..degree).map(draw)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Seed = [7; 32];

    #[test]
    fn streams_are_separated_and_repeatable() {
        let draw = |seed, label, index| stream(&seed, label, index).next_u64();
        assert_eq!(draw(SEED, "a", 1), draw(SEED, "a", 1));
        assert_ne!(draw(SEED, "a", 1), draw(SEED, "a", 2));
        assert_ne!(draw(SEED, "a", 1), draw(SEED, "b", 1));
        assert_ne!(draw(SEED, "a", 1), draw([8; 32], "a", 1));
    }

    #[test]
    fn uniform_residues_fill_the_range_evenly() {
        let modulus = Modulus::new(97);
        let mut out = vec![0; 97 * 1000];
        uniform(&mut stream(&SEED, "uniform", 0), &modulus, &mut out);
        let mut counts = [0i64; 97];
        out.iter().for_each(|x| counts[*x as usize] += 1);
        assert!(counts.iter().all(|c| (c - 1000).abs() < 200));
    }

    #[test]
    fn ternary_is_uniform() {
        let values = ternary(&mut stream(&SEED, "ternary", 0), 30_000);
        for value in -1..=1 {
            let count = values.iter().filter(|v| **v == value).count();
            assert!((9_600..10_400).contains(&count), "{value}: {count}");
        }
    }

    #[test]
    fn gaussian_has_its_moments() {
        let values = gaussian(&mut stream(&SEED, "gaussian", 0), 100_000);
        let mean = values.iter().sum::<i64>() as f64 / 1e5;
        let moment = |p| {
            values
                .iter()
                .map(|v| (*v as f64 / SIGMA).powi(p))
                .sum::<f64>()
                / 1e5
        };
        assert!(mean.abs() < 0.05, "{mean}");
        assert!((moment(2) - 1.0).abs() < 0.02, "{}", moment(2));
        assert!((moment(4) - 3.0).abs() < 0.15, "{}", moment(4));
        assert!(values.iter().all(|v| v.abs() <= 25));
    }

    #[test]
    fn fresh_seeds_differ() {
        assert_ne!(fresh_seed().unwrap(), fresh_seed().unwrap());
    }
}
