//! Encoded slot vectors, kept in whichever form is smaller.

use std::borrow::Cow;

use hushwork_ring::{Basis, Poly};

use super::limits::MAX_TRANSFORMED_PERIOD;
use crate::Parameters;

/// Of period p: p evaluations a limb where p is short, or else p integer coefficients.
pub(super) enum Plain {
    Transformed(Poly),
    Small(Vec<i32>),
    Wide(Vec<i64>),
}

impl Plain {
    /// Encodes finite values which at this scale stay below 2^60.
    pub fn new(parameters: &Parameters, basis: &Basis, values: &[f64], scale: f64) -> Self {
        let mut coefficients = values.to_vec();
        parameters.embedding().coefficients(&mut coefficients);
        let rounded: Vec<i64> = coefficients
            .iter()
            .map(|c| (c * scale).round() as i64)
            .collect();
        if rounded.len() <= MAX_TRANSFORMED_PERIOD {
            return Self::Transformed(transform(basis, &rounded));
        }
        let small: Result<Vec<i32>, _> = rounded.iter().map(|&c| i32::try_from(c)).collect();
        small.map_or(Self::Wide(rounded), Self::Small)
    }

    /// Evaluations over the basis it was made for, a period of them.
    pub fn transformed(&self, basis: &Basis) -> Cow<'_, Poly> {
        match self {
            Self::Transformed(poly) => Cow::Borrowed(poly),
            Self::Small(values) => {
                let values: Vec<i64> = values.iter().map(|&value| value.into()).collect();
                Cow::Owned(transform(basis, &values))
            }
            Self::Wide(values) => Cow::Owned(transform(basis, values)),
        }
    }

    /// Whether `transformed` makes a new polynomial.
    pub fn is_long(&self) -> bool {
        !matches!(self, Self::Transformed(_))
    }

    /// Memory taken.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Transformed(poly) => size_of_val(poly.values()),
            Self::Small(values) => size_of_val(values.as_slice()),
            Self::Wide(values) => size_of_val(values.as_slice()),
        }
    }
}

fn transform(basis: &Basis, coefficients: &[i64]) -> Poly {
    let mut poly = basis.lift(coefficients);
    basis.forward(&mut poly);
    poly
}
