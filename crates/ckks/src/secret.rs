//! The secret key and what is made from it.

use hushwork_ring::memory::copied;
use hushwork_ring::sampling::{self, Seed};
use hushwork_ring::{Basis, Poly};
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::error::{Detail, Error, Result};
use crate::keys::{EvaluationKeys, PublicKey, SwitchingKey, key_row, uniform_digit};
use crate::needs::{KeyNeeds, RELINEARISATION};
use crate::parameters::Parameters;

const SECRET_LABEL: &str = "secret";
const ERROR_LABEL: &str = "error";

/// A ternary secret; zeroised when dropped, and never serialised.
pub struct SecretKey {
    parameters: Parameters,
    /// Evaluations over all of Q, then P.
    secret: Zeroizing<Poly>,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Secret randomness for one operation, never a seed that travels.
pub(crate) struct Noise(Zeroizing<Seed>);

impl Noise {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(sampling::fresh_seed()?))
    }

    /// Gaussian error `index` over a basis, evaluation domain.
    pub(crate) fn error(&self, basis: &Basis, degree: usize, index: u64) -> Zeroizing<Poly> {
        let values = sampling::gaussian(&mut sampling::stream(&self.0, ERROR_LABEL, index), degree);
        lift_secret(basis, &values)
    }

    /// A ternary element over a basis, evaluation domain.
    pub(crate) fn ternary(&self, basis: &Basis, degree: usize) -> Zeroizing<Poly> {
        let values = sampling::ternary(&mut sampling::stream(&self.0, SECRET_LABEL, 0), degree);
        lift_secret(basis, &values)
    }
}

fn lift_secret(basis: &Basis, values: &[i64]) -> Zeroizing<Poly> {
    let mut poly = Zeroizing::new(basis.lift(values));
    basis.forward_secret(&mut poly);
    poly
}

impl SecretKey {
    /// # Errors
    /// NoEntropy
    pub fn generate(parameters: &Parameters) -> Result<Self> {
        Ok(Self::from_noise(parameters, &Noise::new()?))
    }

    /// Deterministic, for known-answer tests; only the secret is, not what is encrypted under it.
    ///
    /// # Errors
    /// Misuse under secure parameters.
    pub fn insecure_from_seed(parameters: &Parameters, seed: &Seed) -> Result<Self> {
        if parameters.is_secure() {
            let detail = Detail::new(
                "a seeded secret is for tests",
                "insecure parameters",
                "secure ones",
            );
            return Err(Error::Misuse(detail));
        }
        Ok(Self::from_noise(parameters, &Noise(Zeroizing::new(*seed))))
    }

    fn from_noise(parameters: &Parameters, noise: &Noise) -> Self {
        let secret = noise.ternary(parameters.whole(), parameters.degree());
        Self {
            parameters: parameters.clone(),
            secret,
        }
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Over all of Q, then P; what only needs the first limbs of Q reads those.
    pub(crate) fn secret(&self) -> &Poly {
        &self.secret
    }

    /// The secret over `extended(limbs)`.
    pub(crate) fn extended(&self, limbs: usize) -> Zeroizing<Poly> {
        let (all, degree) = (self.parameters.limbs(), self.parameters.degree());
        let rows = self.parameters.extended(limbs).limbs();
        let mut out = Zeroizing::new(Poly::zero(degree, rows));
        for row in 0..rows {
            out.limb_mut(row)
                .copy_from_slice(self.secret.limb(key_row(row, limbs, all)));
        }
        out
    }

    /// # Errors
    /// NoEntropy
    pub fn public_key(&self) -> Result<PublicKey> {
        let (basis, degree) = (
            self.parameters.basis(self.parameters.limbs()),
            self.parameters.degree(),
        );
        let seed = *sampling::fresh_seed()?;
        let mut key =
            PublicKey::from_parts(&self.parameters, seed, Poly::zero(degree, basis.limbs()));
        let error = Noise::new()?.error(basis, degree, 0);
        key.b = mask(basis, &self.secret, &key.a, &error);
        Ok(key)
    }

    /// # Errors
    /// NoEntropy
    pub fn evaluation_keys(&self, needs: &KeyNeeds) -> Result<EvaluationKeys> {
        let needs: Vec<_> = needs.iter().collect();
        let key = |&(step, limbs): &(usize, usize)| {
            let source = match step {
                RELINEARISATION => self.squared(limbs),
                _ => self.rotated(step, limbs),
            };
            let place = (step, self.parameters.tier_index(limbs));
            Ok((place, self.switching_key(&source, limbs)?))
        };
        let keys = needs.par_iter().map(key).collect::<Result<_>>()?;
        Ok(EvaluationKeys {
            parameters: self.parameters.clone(),
            keys,
        })
    }

    fn squared(&self, limbs: usize) -> Zeroizing<Poly> {
        let mut square = self.extended(limbs);
        self.parameters
            .extended(limbs)
            .mul(&mut square, &self.extended(limbs));
        square
    }

    fn rotated(&self, step: usize, limbs: usize) -> Zeroizing<Poly> {
        let mut rotated = self.extended(limbs);
        (0..rotated.limbs()).for_each(|row| rotated.limb_mut(row).rotate_left(step));
        rotated
    }

    /// Takes what is encrypted under `source`, over `extended(limbs)`, to this secret.
    fn switching_key(&self, source: &Poly, limbs: usize) -> Result<SwitchingKey> {
        let parameters = &self.parameters;
        let (basis, degree) = (parameters.extended(limbs), parameters.degree());
        let seed = *sampling::fresh_seed()?;
        let (noise, secret) = (Noise::new()?, self.extended(limbs));
        let width = parameters.tier(limbs).digit;
        let digit = |index: usize| {
            let mut payload = noise.error(basis, degree, index as u64);
            let first = index * width;
            for row in first..limbs.min(first + width) {
                let kernel = &basis.kernels()[row];
                let mut part = Zeroizing::new(copied(source.limb(row)));
                kernel.scale(&mut part, parameters.special_factor(limbs, row)[0]);
                kernel.add(payload.limb_mut(row), &part);
            }
            mask(
                basis,
                &secret,
                &uniform_digit(basis, degree, &seed, index),
                &payload,
            )
        };
        let digits = (0..parameters.digits(limbs).len())
            .into_par_iter()
            .map(digit)
            .collect();
        Ok(SwitchingKey::from_parts(parameters, limbs, seed, digits))
    }
}

/// payload - a * secret
pub(crate) fn mask(basis: &Basis, secret: &Poly, a: &Poly, payload: &Poly) -> Poly {
    let mut b = a.clone();
    basis.mul(&mut b, secret);
    basis.neg(&mut b);
    basis.add(&mut b, payload);
    b
}
