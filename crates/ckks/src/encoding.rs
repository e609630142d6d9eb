//! Real slot vectors or coefficients as ring elements.

use hushwork_ring::memory::{copied, reserved};
use hushwork_ring::{Basis, Poly};

use crate::error::{Detail, Error, Result};
use crate::parameters::Parameters;

/// Scaled coefficients are below 2^62 in magnitude.
const MAX_COEFFICIENT_BITS: f64 = 62.0;

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
/// Misuse for a bad length or scale, a value that is not finite, or one that overflows 2^62 or
/// half the modulus.
pub fn encode(
    parameters: &Parameters,
    basis: &Basis,
    values: &[f64],
    scale: f64,
) -> Result<Plaintext> {
    check(parameters, values, scale)?;
    let mut coefficients = copied(values);
    parameters.embedding().coefficients(&mut coefficients);
    encode_coefficients(parameters, basis, &coefficients, scale)
}

/// The same from coefficients; a shorter vector has its entries at the multiples of N / p.
///
/// # Errors
/// As `encode`.
pub fn encode_coefficients(
    parameters: &Parameters,
    basis: &Basis,
    values: &[f64],
    scale: f64,
) -> Result<Plaintext> {
    check(parameters, values, scale)?;
    let modulus_bits: f64 = basis
        .kernels()
        .iter()
        .map(|k| (k.modulus().value() as f64).log2())
        .sum();
    let limit = (modulus_bits - 1.0).min(MAX_COEFFICIENT_BITS).exp2();
    let round = |value: &f64| {
        let scaled = (value * scale).round();
        let fits = scaled.abs() < limit;
        fits.then_some(scaled as i64)
            .ok_or_else(|| misuse("a coefficient overflows", limit, scaled))
    };
    let mut rounded = reserved(values.len());
    for value in values {
        rounded.push(round(value)?);
    }
    let mut poly = basis.lift(&rounded);
    basis.forward(&mut poly);
    Ok(Plaintext { poly, scale })
}

/// Slot values of an element of `basis(limbs)` in the evaluation domain.
#[must_use]
pub fn decode(parameters: &Parameters, plaintext: &Plaintext) -> Vec<f64> {
    let mut values = decode_coefficients(parameters, plaintext);
    parameters.embedding().slots(&mut values);
    values
}

/// Coefficients of an element of `basis(limbs)` in the evaluation domain.
#[must_use]
pub fn decode_coefficients(parameters: &Parameters, plaintext: &Plaintext) -> Vec<f64> {
    let basis = parameters.basis(plaintext.poly.limbs());
    let mut poly = plaintext.poly.clone();
    basis.inverse(&mut poly);
    let mut values = basis.to_float(&poly);
    values
        .iter_mut()
        .for_each(|value| *value /= plaintext.scale);
    values
}

fn check(parameters: &Parameters, values: &[f64], scale: f64) -> Result<()> {
    if !values.len().is_power_of_two() || values.len() > parameters.degree() {
        let expected = format!("a power of two up to {}", parameters.degree());
        return Err(misuse("wrong number of values", expected, values.len()));
    }
    if !(scale.is_finite() && scale > 0.0) {
        return Err(misuse("unusable scale", "finite and positive", scale));
    }
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(misuse("a value is not finite", "finite values", value)),
        None => Ok(()),
    }
}

fn misuse(
    message: &'static str,
    expected: impl std::fmt::Display,
    got: impl std::fmt::Display,
) -> Error {
    Error::Misuse(Detail::new(message, expected, got))
}
