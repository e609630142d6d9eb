//! Unchecked literals become checked, immutable, shared parameters.

use std::sync::Arc;

use hushwork_ring::float::Embedding;
use hushwork_ring::{Basis, Division, Extension, Kernel, Modulus, kernel};
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::literal::{Literal, Tier};
use crate::serial;

/// Checked parameters with all tables. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Parameters(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    literal: Literal,
    secure: bool,
    digest: [u8; 32],
    embedding: Embedding,
    /// All of Q, then all of P.
    whole: Basis,
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
    /// P modulo each modulus of Q.
    special_products: Vec<u64>,
}

impl PartialEq for Parameters {
    fn eq(&self, other: &Self) -> bool {
        self.0.literal == other.0.literal && self.0.secure == other.0.secure
    }
}

impl Eq for Parameters {}

impl Parameters {
    /// # Errors
    /// InsecureParameters over the bound, InvalidParameters for anything else.
    pub fn new(literal: Literal) -> Result<Self> {
        literal.check()?;
        literal.check_security()?;
        Ok(Self::build(literal, true))
    }

    /// A test-only set: every check but the bound.
    ///
    /// # Errors
    /// InvalidParameters
    pub fn insecure(literal: Literal) -> Result<Self> {
        literal.check()?;
        Ok(Self::build(literal, false))
    }

    fn build(literal: Literal, secure: bool) -> Self {
        let make = |q: &u64| kernel(Modulus::new(*q), literal.log_degree);
        let moduli: Vec<_> = literal.moduli.iter().map(make).collect();
        let special: Vec<_> = literal.special.iter().map(make).collect();
        let level = |limbs| {
            let Tier {
                digit,
                special: count,
                ..
            } = literal.tiers[tier_of(&literal, limbs)];
            Level::new(&moduli[..limbs], &special[..count], digit)
        };
        let levels = (1..=moduli.len()).map(level).collect();
        let digest = Sha256::digest(serial::parameter_bytes(&literal, secure)).into();
        let embedding = Embedding::new(literal.log_degree);
        Self(Arc::new(Inner {
            literal,
            secure,
            digest,
            embedding,
            whole: Basis::new([moduli, special].concat()),
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

    /// log2(Q * P) of the tier where it is largest.
    #[must_use]
    pub fn log_qp(&self) -> f64 {
        self.0.literal.log_qp()
    }

    /// Place of the tier in which ciphertexts of so many limbs are.
    #[must_use]
    pub fn tier_index(&self, limbs: usize) -> usize {
        tier_of(&self.0.literal, limbs)
    }

    /// The tier in which ciphertexts of so many limbs are.
    #[must_use]
    pub fn tier(&self, limbs: usize) -> &Tier {
        &self.0.literal.tiers[self.tier_index(limbs)]
    }

    /// All of Q, then all of P: what the secret is over.
    #[must_use]
    pub fn whole(&self) -> &Basis {
        &self.0.whole
    }

    fn level(&self, limbs: usize) -> &Level {
        &self.0.levels[limbs - 1]
    }

    /// The first `limbs` moduli of Q, of which there is at least one here and below.
    #[must_use]
    pub fn basis(&self, limbs: usize) -> &Basis {
        &self.level(limbs).basis
    }

    /// The first `limbs` moduli of Q, then those of their tier's P, here and below.
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

    /// The P of `limbs` limbs modulo the modulus `index` of Q, as one word.
    #[must_use]
    pub fn special_factor(&self, limbs: usize, index: usize) -> &[u64] {
        std::slice::from_ref(&self.level(limbs).special_products[index])
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

/// The lowest tier that reaches so many limbs.
fn tier_of(literal: &Literal, limbs: usize) -> usize {
    let reaches = |tier: &Tier| tier.limbs >= limbs;
    literal.tiers.iter().rposition(reaches).unwrap_or(0)
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
            special_products: moduli
                .iter()
                .map(|q| product(q.modulus(), special))
                .collect(),
            rescaling: (limbs > 1).then(|| Division::new(&basis, limbs - 1)),
            mod_down: Division::new(&extended, limbs),
            mod_down_rescaling: (limbs > 1).then(|| Division::new(&extended, limbs - 1)),
            basis,
            extended,
        }
    }
}

fn product(modulus: &Modulus, primes: &[Arc<dyn Kernel>]) -> u64 {
    let residues = primes.iter().map(|p| modulus.reduce(p.modulus().value()));
    residues.fold(1, |product, p| modulus.mul(product, p))
}
