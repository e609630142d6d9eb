//! Operations on ciphertexts, none of which touches a secret.

use hushwork_ring::{Basis, Poly};

use crate::ciphertext::Ciphertext;
use crate::encoding::Plaintext;
use crate::error::Result;
use crate::keys::{EvaluationKeys, SwitchingKey};
use crate::parameters::Parameters;

/// The digits of a polynomial, each over `extended(limbs)` in the evaluation domain. Rotations of
/// one polynomial share them: an automorphism only shifts their arrays.
#[derive(Debug)]
pub struct Decomposed {
    /// One polynomial a digit.
    pub digits: Vec<Poly>,
    /// Moduli of Q.
    pub limbs: usize,
}

/// A ciphertext times P over `extended(limbs)`, not yet divided by P; linear operations may come
/// before that division.
#[derive(Clone, Debug)]
pub struct Extended {
    /// The constant part, evaluation domain.
    pub c0: Poly,
    /// The part that meets the secret, evaluation domain.
    pub c1: Poly,
    /// Scale, not counting P.
    pub scale: f64,
    /// Moduli of Q.
    pub limbs: usize,
}

/// Operations under one set of parameters. Cheap to clone.
///
/// Mismatched scales (beyond one part in 2^30), limbs or degrees are the caller's bug: Misuse.
#[derive(Clone, Debug)]
pub struct Evaluator {
    parameters: Parameters,
}

#[allow(clippy::missing_errors_doc)]
impl Evaluator {
    /// An evaluator.
    #[must_use]
    pub fn new(parameters: Parameters) -> Self {
        Self { parameters }
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// a + b
    pub fn add(&self, _a: &Ciphertext, _b: &Ciphertext) -> Result<Ciphertext> {
        todo!()
    }

    /// a - b
    pub fn subtract(&self, _a: &Ciphertext, _b: &Ciphertext) -> Result<Ciphertext> {
        todo!()
    }

    /// a + plaintext; a plaintext of at least as many limbs.
    pub fn add_plain(&self, _a: &Ciphertext, _plaintext: &Plaintext) -> Result<Ciphertext> {
        todo!()
    }

    /// a * plaintext, scales multiplied; a plaintext of at least as many limbs.
    pub fn multiply_plain(&self, _a: &Ciphertext, _plaintext: &Plaintext) -> Result<Ciphertext> {
        todo!()
    }

    /// a * b, relinearised, scales multiplied, not rescaled.
    pub fn multiply(
        &self,
        _a: &Ciphertext,
        _b: &Ciphertext,
        _keys: &EvaluationKeys,
    ) -> Result<Ciphertext> {
        todo!()
    }

    /// Divided by the last modulus.
    pub fn rescale(&self, _a: &Ciphertext) -> Result<Ciphertext> {
        todo!()
    }

    /// Only the first `limbs` moduli.
    pub fn drop(&self, _a: &Ciphertext, _limbs: usize) -> Result<Ciphertext> {
        todo!()
    }

    /// Slot i + step moves to slot i.
    pub fn rotate(
        &self,
        _a: &Ciphertext,
        _step: usize,
        _keys: &EvaluationKeys,
    ) -> Result<Ciphertext> {
        todo!()
    }

    /// The digits of a polynomial over `basis(limbs)` in the evaluation domain, such as `c1`.
    #[must_use]
    pub fn decompose(&self, _c1: &Poly) -> Decomposed {
        todo!()
    }

    /// `rotate` with the decomposition of `a.c1` at hand.
    pub fn rotate_decomposed(
        &self,
        _a: &Ciphertext,
        _digits: &Decomposed,
        _step: usize,
        _keys: &EvaluationKeys,
    ) -> Result<Ciphertext> {
        todo!()
    }

    /// The same, left undivided: P times the rotated ciphertext. A step of 0 needs no key.
    pub fn rotate_extended(
        &self,
        _a: &Ciphertext,
        _digits: &Decomposed,
        _step: usize,
        _keys: &EvaluationKeys,
    ) -> Result<Extended> {
        todo!()
    }

    /// P times the polynomial whose digits these are, shifted by `step`, under the key: the inner
    /// product of key switching, as (c0, c1) over `extended(limbs)`.
    #[must_use]
    pub fn switch(&self, _digits: &Decomposed, _step: usize, _key: &SwitchingKey) -> (Poly, Poly) {
        todo!()
    }

    /// Divided by P.
    #[must_use]
    pub fn mod_down(&self, _a: Extended) -> Ciphertext {
        todo!()
    }

    /// Divided by P and the last modulus at once: as `mod_down`, then `rescale`.
    #[must_use]
    pub fn mod_down_rescale(&self, _a: Extended) -> Ciphertext {
        todo!()
    }

    /// P * a over `extended(limbs)`: zero in the limbs of P.
    #[must_use]
    pub fn lift(&self, _a: &Poly) -> Poly {
        todo!()
    }
}

#[allow(dead_code)]
fn keep(_: &Basis) {}
