//! Public and evaluation keys.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use hushwork_ring::sampling::{self, Seed};
use hushwork_ring::{Basis, Poly};

use crate::error::{Detail, Error, Result};
use crate::needs::{KeyNeeds, Place, RELINEARISATION};
use crate::parameters::Parameters;

pub(crate) const CIPHERTEXT_LABEL: &str = "ciphertext";
const PUBLIC_LABEL: &str = "public key";
const SWITCHING_LABEL: &str = "switching key";

/// Row of `extended(limbs)` in something over `extended(all)` of its tier, or over all of Q and P.
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

    /// The most limbs at which it can be used; the fewest are those of its tier.
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
        if let Some(made) = self.a.get() {
            return made;
        }
        let (basis, degree) = (
            self.parameters.extended(self.limbs),
            self.parameters.degree(),
        );
        let expand = |index| uniform_digit(basis, degree, &self.seed, index);
        // Not under the lock: a thread that waits for parts may be given work that needs the whole.
        let made = (0..self.b.len()).map(expand).collect();
        self.a.get_or_init(|| made)
    }
}

/// What the evaluating party holds.
#[derive(Debug)]
pub struct EvaluationKeys {
    pub(crate) parameters: Parameters,
    pub(crate) keys: BTreeMap<Place, SwitchingKey>,
}

impl EvaluationKeys {
    /// Which these are.
    #[must_use]
    pub fn needs(&self) -> KeyNeeds {
        let keys = self.keys.iter();
        keys.map(|(place, key)| (*place, key.limbs)).collect()
    }

    /// # Errors
    /// MissingKey where the tier of `limbs` has none, or none deep enough.
    pub fn rotation_key(&self, step: usize, limbs: usize) -> Result<&SwitchingKey> {
        self.key(step, limbs)
    }

    /// # Errors
    /// MissingKey where the tier of `limbs` has none, or none deep enough.
    pub fn relinearisation_key(&self, limbs: usize) -> Result<&SwitchingKey> {
        self.key(RELINEARISATION, limbs)
    }

    fn key(&self, step: usize, limbs: usize) -> Result<&SwitchingKey> {
        let key = self.keys.get(&(step, self.parameters.tier_index(limbs)));
        let depth = key.map_or(0, SwitchingKey::limbs);
        key.filter(|_| depth >= limbs)
            .ok_or_else(|| missing(step, limbs, depth))
    }

    /// Whether they were made under these parameters.
    ///
    /// # Errors
    /// ParameterMismatch
    pub fn check(&self, parameters: &Parameters) -> Result<()> {
        crate::serial::check_digest(parameters, self.parameters.digest())
    }

    /// Whether they are all that is needed.
    ///
    /// # Errors
    /// MissingKey
    pub fn meet(&self, needs: &KeyNeeds) -> Result<()> {
        let mut needs = needs.iter();
        needs.try_for_each(|(step, limbs)| self.key(step, limbs).map(drop))
    }
}

fn missing(step: usize, limbs: usize, depth: usize) -> Error {
    let name = match step {
        RELINEARISATION => "relinearisation".into(),
        _ => format!("rotation by {step}"),
    };
    Error::MissingKey(Detail::new(
        "evaluation key missing or too shallow",
        format!("{name} at {limbs} limbs"),
        format!("{depth} limbs in that tier"),
    ))
}
