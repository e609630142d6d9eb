//! Secret, public and key-switching keys.

use std::collections::BTreeMap;

use hushwork_ring::Poly;
use hushwork_ring::sampling::Seed;

use crate::error::Result;
use crate::parameters::Parameters;

/// A ternary secret; zeroised when dropped, and never serialised.
pub struct SecretKey {
    _private: (),
}

impl SecretKey {
    /// # Errors
    /// NoEntropy
    pub fn generate(_parameters: &Parameters) -> Result<Self> {
        todo!()
    }

    /// Deterministic, for known-answer tests.
    ///
    /// # Errors
    /// Misuse under secure parameters.
    pub fn insecure_from_seed(_parameters: &Parameters, _seed: &Seed) -> Result<Self> {
        todo!()
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        todo!()
    }

    /// # Errors
    /// NoEntropy
    pub fn public_key(&self) -> Result<PublicKey> {
        todo!()
    }

    /// Rotation step -> most limbs at which it is used; relinearisation 0 for none.
    ///
    /// # Errors
    /// Misuse for a step or depth out of range; NoEntropy.
    pub fn evaluation_keys(
        &self,
        _rotations: &BTreeMap<usize, usize>,
        _relinearisation: usize,
    ) -> Result<EvaluationKeys> {
        todo!()
    }
}

/// An encryption of zero under which anybody encrypts.
#[derive(Clone, Debug)]
pub struct PublicKey {
    _private: (),
}

/// Encryptions of P times another secret's digits: one pair of polynomials a digit, over
/// `extended(limbs)`.
#[derive(Debug)]
pub struct SwitchingKey {
    limbs: usize,
}

impl SwitchingKey {
    /// The most limbs at which it can be used.
    #[must_use]
    pub fn limbs(&self) -> usize {
        self.limbs
    }

    /// The pair of one digit, over `extended(self.limbs())`; the uniform half is expanded at its
    /// first use.
    #[must_use]
    pub fn digit(&self, _index: usize) -> (&Poly, &Poly) {
        todo!()
    }
}

/// What the evaluating party holds.
#[derive(Debug)]
pub struct EvaluationKeys {
    _private: (),
}

impl EvaluationKeys {
    /// Rotation step -> limbs.
    #[must_use]
    pub fn rotations(&self) -> BTreeMap<usize, usize> {
        todo!()
    }

    /// Limbs of the relinearisation key, 0 for none.
    #[must_use]
    pub fn relinearisation(&self) -> usize {
        todo!()
    }

    /// # Errors
    /// MissingKey where absent or not deep enough.
    pub fn rotation_key(&self, _step: usize, _limbs: usize) -> Result<&SwitchingKey> {
        todo!()
    }

    /// # Errors
    /// MissingKey where absent or not deep enough.
    pub fn relinearisation_key(&self, _limbs: usize) -> Result<&SwitchingKey> {
        todo!()
    }

    /// Whether they were made under these parameters.
    ///
    /// # Errors
    /// ParameterMismatch
    pub fn check(&self, _parameters: &Parameters) -> Result<()> {
        todo!()
    }
}
