//! Unchecked literals become checked, immutable, shared parameters.

use std::collections::HashSet;
use std::sync::Arc;

use hushwork_ring::float::Embedding;
use hushwork_ring::prime::{self, is_prime};
use hushwork_ring::{Basis, Division, Extension, Kernel, Modulus, kernel};
use sha2::{Digest, Sha256};

use crate::error::{Detail, Error, Result};
use crate::security::security_bound;
use crate::serial;

/// Primes lie below 2^50, so that four of them fit the 52-bit words of fast kernels.
pub const MAX_MODULUS: u64 = 1 << 50;

/// Most primes in Q, and in P.
pub const MAX_LIMBS: usize = 64;

/// P exceeds every digit by this many bits, which keeps the noise of key switching small.
pub const SPECIAL_MARGIN_BITS: f64 = 6.0;

/// A digit or P strays from its nominal power of two by less than this.
const NOMINAL_BITS: f64 = 0.5;

/// Degrees of test-only sets start here; secure ones where the table does.
const MIN_LOG_DEGREE: u32 = 3;
const MAX_LOG_DEGREE: u32 = 17;

/// Unchecked parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Literal {
    /// log2 of the degree N, which is also the number of slots.
    pub log_degree: u32,
    /// The primes of Q, bottom first.
    pub moduli: Vec<u64>,
    /// The primes of P.
    pub special: Vec<u64>,
    /// Limbs of Q in a key-switching digit.
    pub digit: usize,
}

/// Checked parameters with all tables. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Parameters(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    literal: Literal,
    secure: bool,
    digest: [u8; 32],
    embedding: Embedding,
    /// P mod each modulus of Q.
    special_products: Vec<u64>,
    /// Entry i has the tables for i + 1 limbs.
    levels: Vec<Level>,
}

#[derive(Debug)]
struct Level {
    basis: Basis,
    extended: Basis,
    rescaling: Option<Division>,
    mod_down: Division,
    mod_down_rescaling: Option<Division>,
    digits: Vec<Extension>,
}

impl PartialEq for Parameters {
    fn eq(&self, other: &Self) -> bool {
        self.0.literal == other.0.literal && self.0.secure == other.0.secure
    }
}

impl Eq for Parameters {}

/// Distinct primes for parameters of this degree, each as near as can be to 2^bits[i].
///
/// # Errors
/// InvalidParameters where there is none within a factor of two and below MAX_MODULUS.
pub fn find_primes(log_degree: u32, bits: &[u32]) -> Result<Vec<u64>> {
    prime::find_primes(log_degree, bits, MAX_MODULUS).ok_or_else(|| {
        invalid(
            "no such primes",
            "bits between log N + 3 and 50",
            format!("{bits:?}"),
        )
    })
}

impl Parameters {
    /// # Errors
    /// InsecureParameters over the bound, InvalidParameters for anything else.
    pub fn new(literal: Literal) -> Result<Self> {
        check(&literal)?;
        check_security(&literal)?;
        Ok(Self::build(literal, true))
    }

    /// A test-only set: every check but the bound.
    ///
    /// # Errors
    /// InvalidParameters
    pub fn insecure(literal: Literal) -> Result<Self> {
        check(&literal)?;
        Ok(Self::build(literal, false))
    }

    fn build(literal: Literal, secure: bool) -> Self {
        let make = |q: &u64| kernel(Modulus::new(*q), literal.log_degree);
        let moduli: Vec<_> = literal.moduli.iter().map(make).collect();
        let special: Vec<_> = literal.special.iter().map(make).collect();
        let product = |kernel: &Arc<dyn Kernel>| {
            let special = literal.special.iter();
            let modulus = kernel.modulus();
            special.fold(1, |product, p| modulus.mul(product, modulus.reduce(*p)))
        };
        let special_products = moduli.iter().map(product).collect();
        let levels =
            (1..=moduli.len()).map(|limbs| Level::new(&moduli[..limbs], &special, literal.digit));
        let levels = levels.collect();
        let digest = Sha256::digest(serial::parameter_bytes(&literal, secure)).into();
        let embedding = Embedding::new(literal.log_degree);
        Self(Arc::new(Inner {
            literal,
            secure,
            digest,
            embedding,
            special_products,
            levels,
        }))
    }

    /// # Errors
    /// InvalidBytes kinds, and whatever `new` gives. Refuses insecure sets.
    pub fn from_bytes(data: &[u8]) -> Result<Self> {
        Self::new(serial::read_parameters(data)?)
    }

    /// The inverse of `from_bytes`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serial::parameter_bytes(&self.0.literal, self.0.secure)
    }

    /// SHA-256 of the bytes; names these parameters in every other format.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.0.digest
    }

    /// What they were made from.
    #[must_use]
    pub fn literal(&self) -> &Literal {
        &self.0.literal
    }

    /// Whether the 128-bit bound was checked.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.secure
    }

    /// N, the number of slots.
    #[must_use]
    pub fn degree(&self) -> usize {
        1 << self.0.literal.log_degree
    }

    /// Limbs of Q.
    #[must_use]
    pub fn limbs(&self) -> usize {
        self.0.literal.moduli.len()
    }

    /// log2(Q * P)
    #[must_use]
    pub fn log_qp(&self) -> f64 {
        log2(&self.0.literal.moduli) + log2(&self.0.literal.special)
    }

    fn level(&self, limbs: usize) -> &Level {
        &self.0.levels[limbs - 1]
    }

    /// The first `limbs` moduli of Q, of which there is at least one here and below.
    #[must_use]
    pub fn basis(&self, limbs: usize) -> &Basis {
        &self.level(limbs).basis
    }

    /// The first `limbs` moduli of Q, then all of P.
    #[must_use]
    pub fn extended(&self, limbs: usize) -> &Basis {
        &self.level(limbs).extended
    }

    /// Division of `basis(limbs)` by its last modulus; None for one limb.
    #[must_use]
    pub fn rescaling(&self, limbs: usize) -> Option<&Division> {
        self.level(limbs).rescaling.as_ref()
    }

    /// Division of `extended(limbs)` by P.
    #[must_use]
    pub fn mod_down(&self, limbs: usize) -> &Division {
        &self.level(limbs).mod_down
    }

    /// Division of `extended(limbs)` by P and the last modulus of Q at once; None for one limb.
    #[must_use]
    pub fn mod_down_rescaling(&self, limbs: usize) -> Option<&Division> {
        self.level(limbs).mod_down_rescaling.as_ref()
    }

    /// Of each digit of `basis(limbs)`: from its moduli to all others of `extended(limbs)`.
    #[must_use]
    pub fn digits(&self, limbs: usize) -> &[Extension] {
        &self.level(limbs).digits
    }

    /// P mod the modulus `index` of Q, as one word.
    #[must_use]
    pub fn special_factor(&self, index: usize) -> &[u64] {
        std::slice::from_ref(&self.0.special_products[index])
    }

    /// The embedding of slots.
    #[must_use]
    pub fn embedding(&self) -> &Embedding {
        &self.0.embedding
    }

    /// A rotation step of either sign as its residue in 0..N.
    #[must_use]
    pub fn step(&self, step: i64) -> usize {
        step.rem_euclid(self.degree() as i64) as usize
    }
}

impl Level {
    fn new(moduli: &[Arc<dyn Kernel>], special: &[Arc<dyn Kernel>], digit: usize) -> Self {
        let limbs = moduli.len();
        let basis = Basis::new(moduli.to_vec());
        let all = [moduli, special].concat();
        let extended = Basis::new(all.clone());
        let digits = (0..limbs).step_by(digit).map(|start| {
            let range = start..limbs.min(start + digit);
            let others = [&all[..range.start], &all[range.end..]].concat();
            Extension::new(Basis::new(all[range].to_vec()), Basis::new(others))
        });
        Self {
            digits: digits.collect(),
            rescaling: (limbs > 1).then(|| Division::new(&basis, limbs - 1)),
            mod_down: Division::new(&extended, limbs),
            mod_down_rescaling: (limbs > 1).then(|| Division::new(&extended, limbs - 1)),
            basis,
            extended,
        }
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

fn check(literal: &Literal) -> Result<()> {
    let Literal {
        log_degree,
        moduli,
        special,
        digit,
    } = literal;
    if !(MIN_LOG_DEGREE..=MAX_LOG_DEGREE).contains(log_degree) {
        return Err(invalid(
            "log N out of range",
            format!("{MIN_LOG_DEGREE} to {MAX_LOG_DEGREE}"),
            log_degree,
        ));
    }
    for primes in [moduli, special] {
        if primes.is_empty() || primes.len() > MAX_LIMBS {
            return Err(invalid(
                "wrong number of primes",
                format!("1 to {MAX_LIMBS}"),
                primes.len(),
            ));
        }
    }
    if *digit == 0 || *digit > moduli.len() {
        return Err(invalid(
            "digit out of range",
            format!("1 to {}", moduli.len()),
            digit,
        ));
    }
    let mut seen = HashSet::new();
    moduli
        .iter()
        .chain(special)
        .try_for_each(|q| check_prime(*q, *log_degree, &mut seen))?;
    check_margin(literal)
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

fn check_margin(literal: &Literal) -> Result<()> {
    let digits = literal.moduli.chunks(literal.digit).map(log2);
    let needed = digits.fold(0.0, f64::max) + SPECIAL_MARGIN_BITS - NOMINAL_BITS;
    let special = log2(&literal.special);
    if special < needed {
        return Err(invalid(
            "P too small for the digits",
            format!("{needed:.1} bits"),
            format!("{special:.1}"),
        ));
    }
    Ok(())
}

fn check_security(literal: &Literal) -> Result<()> {
    let insecure = |expected: String, got: String| {
        Error::InsecureParameters(Detail::new("not 128-bit secure", expected, got))
    };
    let degree = format!("N = 2^{}", literal.log_degree);
    let bound = security_bound(literal.log_degree)
        .ok_or_else(|| insecure("N = 2^13 to 2^17".into(), degree))?;
    let bits = log2(&literal.moduli) + log2(&literal.special);
    if bits > f64::from(bound) {
        return Err(insecure(
            format!("at most {bound} bits of QP"),
            format!("{bits:.2}"),
        ));
    }
    Ok(())
}
