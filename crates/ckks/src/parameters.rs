//! Unchecked literals become checked, immutable, shared parameters.

use std::sync::Arc;

use hushwork_ring::float::Embedding;
use hushwork_ring::{Basis, Division};

use crate::error::Result;

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
        Ok(Self(Arc::new(Inner {
            literal,
            secure: true,
        })))
    }

    /// A test-only set: every check but the bound.
    ///
    /// # Errors
    /// InvalidParameters
    pub fn insecure(literal: Literal) -> Result<Self> {
        Ok(Self(Arc::new(Inner {
            literal,
            secure: false,
        })))
    }

    /// # Errors
    /// InvalidBytes kinds, and whatever `new` gives. Refuses insecure sets.
    pub fn from_bytes(_data: &[u8]) -> Result<Self> {
        todo!()
    }

    /// The inverse of `from_bytes`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        todo!()
    }

    /// SHA-256 of the bytes; names these parameters in every other format.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        todo!()
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
        todo!()
    }

    /// The first `limbs` moduli of Q.
    #[must_use]
    pub fn basis(&self, _limbs: usize) -> &Basis {
        todo!()
    }

    /// The first `limbs` moduli of Q, then all of P.
    #[must_use]
    pub fn extended(&self, _limbs: usize) -> &Basis {
        todo!()
    }

    /// Division of `basis(limbs)` by its last modulus.
    #[must_use]
    pub fn rescaling(&self, _limbs: usize) -> &Division {
        todo!()
    }

    /// Division of `extended(limbs)` by P.
    #[must_use]
    pub fn mod_down(&self, _limbs: usize) -> &Division {
        todo!()
    }

    /// Division of `extended(limbs)` by P and the last modulus of Q at once.
    #[must_use]
    pub fn mod_down_rescaling(&self, _limbs: usize) -> &Division {
        todo!()
    }

    /// The embedding of slots.
    #[must_use]
    pub fn embedding(&self) -> &Embedding {
        todo!()
    }

    /// A rotation step of either sign as its residue in 0..N.
    #[must_use]
    pub fn step(&self, step: i64) -> usize {
        step.rem_euclid(self.degree() as i64) as usize
    }
}
