//! Public and evaluation keys.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use hushwork_ring::sampling::{self, Seed};
use hushwork_ring::{Basis, Poly};

use crate::error::{Detail, Error, Result};
use crate::parameters::Parameters;

pub(crate) const CIPHERTEXT_LABEL: &str = "ciphertext";
const PUBLIC_LABEL: &str = "public key";
const SWITCHING_LABEL: &str = "switching key";

/// Row of `extended(limbs)` in something over `extended(all)`.
pub(crate) fn key_row(row: usize, limbs: usize, all: usize) -> usize {
    if row < limbs { row } else { row - limbs + all }
}

pub(crate) fn uniform_digit(basis: &Basis, degree: usize, seed: &Seed, index: usize) -> Poly {
    sampling::uniform_poly(basis, degree, seed, SWITCHING_LABEL, (index as u64) << 32)
}

/// An encryption of zero under which anybody encrypts, over all of Q.
#[derive(Clone, Debug)]
pub struct PublicKey {
    pub(crate) parameters: Parameters,
    pub(crate) seed: Seed,
    pub(crate) b: Poly,
    pub(crate) a: Poly,
}

impl PublicKey {
    pub(crate) fn from_parts(parameters: &Parameters, seed: Seed, b: Poly) -> Self {
        let basis = parameters.basis(parameters.limbs());
        let a = sampling::uniform_poly(basis, parameters.degree(), &seed, PUBLIC_LABEL, 0);
        Self {
            parameters: parameters.clone(),
            seed,
            b,
            a,
        }
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}

/// Encryptions of P times another secret's digits: one pair of polynomials a digit, over
/// `extended(limbs)`.
#[derive(Debug)]
pub struct SwitchingKey {
    parameters: Parameters,
    limbs: usize,
    pub(crate) seed: Seed,
    pub(crate) b: Vec<Poly>,
    a: OnceLock<Vec<Poly>>,
}

impl SwitchingKey {
    pub(crate) fn from_parts(
        parameters: &Parameters,
        limbs: usize,
        seed: Seed,
        b: Vec<Poly>,
    ) -> Self {
        Self {
            parameters: parameters.clone(),
            limbs,
            seed,
            b,
            a: OnceLock::new(),
        }
    }

    /// The most limbs at which it can be used.
    #[must_use]
    pub fn limbs(&self) -> usize {
        self.limbs
    }

    /// The pair (b, a) of one digit, over `extended(self.limbs())`; the uniform half is expanded
    /// at its first use.
    #[must_use]
    pub fn digit(&self, index: usize) -> (&Poly, &Poly) {
        (&self.b[index], &self.uniform()[index])
    }

    /// The uniform half, one polynomial a digit.
    pub(crate) fn uniform(&self) -> &[Poly] {
        let (basis, degree) = (
            self.parameters.extended(self.limbs),
            self.parameters.degree(),
        );
        let expand = |index| uniform_digit(basis, degree, &self.seed, index);
        self.a
            .get_or_init(|| (0..self.b.len()).map(expand).collect())
    }
}

/// What the evaluating party holds.
#[derive(Debug)]
pub struct EvaluationKeys {
    pub(crate) parameters: Parameters,
    pub(crate) relinearisation: Option<SwitchingKey>,
    pub(crate) rotations: BTreeMap<usize, SwitchingKey>,
}

impl EvaluationKeys {
    /// Rotation step -> limbs.
    #[must_use]
    pub fn rotations(&self) -> BTreeMap<usize, usize> {
        self.rotations
            .iter()
            .map(|(step, key)| (*step, key.limbs))
            .collect()
    }

    /// Limbs of the relinearisation key, 0 for none.
    #[must_use]
    pub fn relinearisation(&self) -> usize {
        self.relinearisation.as_ref().map_or(0, SwitchingKey::limbs)
    }

    /// # Errors
    /// MissingKey where absent or not deep enough.
    pub fn rotation_key(&self, step: usize, limbs: usize) -> Result<&SwitchingKey> {
        deep_enough(self.rotations.get(&step), limbs, || {
            format!("rotation by {step}")
        })
    }

    /// # Errors
    /// MissingKey where absent or not deep enough.
    pub fn relinearisation_key(&self, limbs: usize) -> Result<&SwitchingKey> {
        deep_enough(self.relinearisation.as_ref(), limbs, || {
            "relinearisation".into()
        })
    }

    /// Whether they were made under these parameters.
    ///
    /// # Errors
    /// ParameterMismatch
    pub fn check(&self, parameters: &Parameters) -> Result<()> {
        crate::serial::check_digest(parameters, self.parameters.digest())
    }
}

fn deep_enough(
    key: Option<&SwitchingKey>,
    limbs: usize,
    name: impl FnOnce() -> String,
) -> Result<&SwitchingKey> {
    let depth = key.map_or(0, SwitchingKey::limbs);
    key.filter(|_| depth >= limbs).ok_or_else(|| {
        let expected = format!("{} at {limbs} limbs", name());
        Error::MissingKey(Detail::new(
            "evaluation key missing or too shallow",
            expected,
            format!("{depth} limbs"),
        ))
    })
}
