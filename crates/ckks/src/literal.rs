//! Unchecked parameters, and what is wanted of them.

use std::collections::HashSet;

use hushwork_ring::prime::{self, is_prime};

use crate::error::{Detail, Error, Result};
use crate::security::security_bound;

/// Primes lie below 2^50, so that four of them fit the 52-bit words of fast kernels.
pub const MAX_MODULUS: u64 = 1 << 50;

/// Most primes in Q, and in P.
pub const MAX_LIMBS: usize = 64;

/// Most tiers.
pub const MAX_TIERS: usize = 8;

/// P exceeds every digit by this many bits, which keeps the noise of key switching small.
pub const SPECIAL_MARGIN_BITS: f64 = 6.0;

/// A digit or P strays from its nominal power of two by less than this.
const NOMINAL_BITS: f64 = 0.5;

/// Degrees of test-only sets start here; secure ones where the table does.
const MIN_LOG_DEGREE: u32 = 3;
/// Degrees of any set end here.
pub const MAX_LOG_DEGREE: u32 = 17;

/// Unchecked parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Literal {
    /// log2 of the degree N, which is also the number of slots.
    pub log_degree: u32,
    /// The primes of Q, bottom first.
    pub moduli: Vec<u64>,
    /// The primes of P, of which each tier takes the first few.
    pub special: Vec<u64>,
    /// How keys are switched at which levels, highest first; the first has all of Q.
    pub tiers: Vec<Tier>,
}

/// How keys are switched at `limbs` limbs of Q and below, down to the next tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tier {
    /// The most limbs of a ciphertext.
    pub limbs: usize,
    /// Limbs of Q in a key-switching digit.
    pub digit: usize,
    /// Primes of P.
    pub special: usize,
}

/// Distinct primes for parameters of this degree, each the largest of exactly bits[i] bits that is
/// left.
///
/// # Errors
/// InvalidParameters where there is none below MAX_MODULUS.
pub fn find_primes(log_degree: u32, bits: &[u32]) -> Result<Vec<u64>> {
    prime::find_primes(log_degree, bits, MAX_MODULUS).ok_or_else(|| {
        invalid(
            "no such primes",
            "bits between log N + 3 and 50",
            format!("{bits:?}"),
        )
    })
}

impl Literal {
    /// The moduli of a tier's keys: Q and P.
    fn halves(&self, tier: &Tier) -> (&[u64], &[u64]) {
        (&self.moduli[..tier.limbs], &self.special[..tier.special])
    }

    /// log2(Q * P) of the tier where it is largest. Whatever is under the secret has samples modulo
    /// one tier's Q * P, or modulo Q alone, so this decides security.
    pub(crate) fn log_qp(&self) -> f64 {
        let tiers = self.tiers.iter().map(|tier| self.halves(tier));
        tiers.map(|(q, p)| log2(q) + log2(p)).fold(0.0, f64::max)
    }

    /// Every check but the bound.
    pub(crate) fn check(&self) -> Result<()> {
        let Self {
            log_degree,
            moduli,
            special,
            tiers: _,
        } = self;
        if !(MIN_LOG_DEGREE..=MAX_LOG_DEGREE).contains(log_degree) {
            let expected = format!("{MIN_LOG_DEGREE} to {MAX_LOG_DEGREE}");
            return Err(invalid("log N out of range", expected, log_degree));
        }
        within("wrong number of primes", moduli.len(), MAX_LIMBS)?;
        within("wrong number of primes", special.len(), MAX_LIMBS)?;
        let mut seen = HashSet::new();
        let mut primes = moduli.iter().chain(special);
        primes.try_for_each(|q| check_prime(*q, *log_degree, &mut seen))?;
        self.check_tiers()
    }

    fn check_tiers(&self) -> Result<()> {
        let Self { moduli, tiers, .. } = self;
        within("wrong number of tiers", tiers.len(), MAX_TIERS)?;
        let whole = (tiers[0].limbs, moduli.len());
        if whole.0 != whole.1 {
            return Err(invalid("limbs of the first tier", whole.1, whole.0));
        }
        if let Some(pair) = tiers.windows(2).find(|pair| pair[1].limbs >= pair[0].limbs) {
            let expected = format!("fewer than {}", pair[0].limbs);
            return Err(invalid("limbs of a lower tier", expected, pair[1].limbs));
        }
        let most = tiers.iter().map(|tier| tier.special).max();
        if most != Some(self.special.len()) {
            let got = most.unwrap_or(0);
            return Err(invalid("most primes of a P", self.special.len(), got));
        }
        tiers.iter().try_for_each(|tier| self.check_tier(tier))
    }

    fn check_tier(&self, tier: &Tier) -> Result<()> {
        within("limbs of a tier", tier.limbs, self.moduli.len())?;
        within("digit out of range", tier.digit, tier.limbs)?;
        within("primes of a P", tier.special, self.special.len())?;
        let (moduli, special) = self.halves(tier);
        let digits = moduli.chunks(tier.digit).map(log2);
        let needed = digits.fold(0.0, f64::max) + SPECIAL_MARGIN_BITS - NOMINAL_BITS;
        let special = log2(special);
        if special < needed {
            let (expected, got) = (format!("{needed:.1} bits"), format!("{special:.1}"));
            return Err(invalid("P too small for the digits", expected, got));
        }
        Ok(())
    }

    /// The 128-bit bound, for the modulus of every key.
    pub(crate) fn check_security(&self) -> Result<()> {
        let insecure = |expected: String, got: String| {
            Error::InsecureParameters(Detail::new("not 128-bit secure", expected, got))
        };
        let degree = format!("N = 2^{}", self.log_degree);
        let bound = security_bound(self.log_degree)
            .ok_or_else(|| insecure("N = 2^13 to 2^17".into(), degree))?;
        let bits = self.log_qp();
        if bits > f64::from(bound) {
            let (expected, got) = (format!("at most {bound} bits of QP"), format!("{bits:.2}"));
            return Err(insecure(expected, got));
        }
        Ok(())
    }
}

pub(crate) fn log2(moduli: &[u64]) -> f64 {
    moduli.iter().map(|q| (*q as f64).log2()).sum()
}

fn invalid(
    message: &'static str,
    expected: impl std::fmt::Display,
    got: impl std::fmt::Display,
) -> Error {
    Error::InvalidParameters(Detail::new(message, expected, got))
}

fn within(message: &'static str, count: usize, most: usize) -> Result<()> {
    if (1..=most).contains(&count) {
        return Ok(());
    }
    Err(invalid(message, format!("1 to {most}"), count))
}

fn check_prime(q: u64, log_degree: u32, seen: &mut HashSet<u64>) -> Result<()> {
    if q >= MAX_MODULUS {
        return Err(invalid("modulus too large", "below 2^50", q));
    }
    if q % (4 << log_degree) != 1 || !is_prime(q) {
        return Err(invalid("modulus not usable", "a prime 1 mod 4N", q));
    }
    if !seen.insert(q) {
        return Err(invalid("modulus used twice", "distinct primes", q));
    }
    Ok(())
}
