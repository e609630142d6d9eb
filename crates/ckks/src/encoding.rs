//! Real slot vectors or coefficients as ring elements.

use hushwork_ring::{Basis, Poly};

use crate::error::Result;
use crate::parameters::Parameters;

/// An encoded vector in the evaluation domain, of degree p for a vector of period p.
#[derive(Clone, Debug)]
pub struct Plaintext {
    /// Evaluations; a period of them.
    pub poly: Poly,
    /// What the values were multiplied by.
    pub scale: f64,
}

/// Slot values of any power-of-two length p up to N, standing for their repetition, over
/// `basis`, which is `parameters.basis(limbs)` or `parameters.extended(limbs)`. The result keeps
/// p words a limb.
///
/// # Errors
/// Misuse for a bad length or scale, a value that is not finite, or one that overflows 2^62.
pub fn encode(
    _parameters: &Parameters,
    _basis: &Basis,
    _values: &[f64],
    _scale: f64,
) -> Result<Plaintext> {
    todo!()
}

/// The same from coefficients; a shorter vector has its entries at the multiples of N / p.
///
/// # Errors
/// As `encode`.
pub fn encode_coefficients(
    _parameters: &Parameters,
    _basis: &Basis,
    _values: &[f64],
    _scale: f64,
) -> Result<Plaintext> {
    todo!()
}

/// Slot values of an element of `basis(limbs)` in the evaluation domain.
#[must_use]
pub fn decode(_parameters: &Parameters, _plaintext: &Plaintext) -> Vec<f64> {
    todo!()
}

/// Coefficients of an element of `basis(limbs)` in the evaluation domain.
#[must_use]
pub fn decode_coefficients(_parameters: &Parameters, _plaintext: &Plaintext) -> Vec<f64> {
    todo!()
}
