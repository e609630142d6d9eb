//! Encoded slot vectors, kept in whichever form is smaller.

use std::borrow::Cow;
use std::iter::repeat_n;

use hushwork_ring::memory::{collected, copied};
use hushwork_ring::{Basis, Kernel, Poly, with_scratch};

use super::limits::MAX_TRANSFORMED_PERIOD;
use crate::Parameters;
use crate::switching::rows;

/// Of period p: p evaluations a limb where p is short, or else p integer coefficients.
pub(super) enum Plain {
    Short(Poly),
    Long(Coefficients),
}

/// Integer coefficients; the small ones lie below every modulus.
pub(super) enum Coefficients {
    Small(Vec<i32>),
    Wide(Vec<i64>),
}

impl Plain {
    /// Encodes finite values which at this scale stay below 2^60.
    pub fn new(parameters: &Parameters, basis: &Basis, values: &[f64], scale: f64) -> Self {
        let mut coefficients = copied(values);
        parameters.embedding().coefficients(&mut coefficients);
        let rounded = collected(coefficients.iter().map(|c| (c * scale).round() as i64));
        if rounded.len() <= MAX_TRANSFORMED_PERIOD {
            Self::Short(transform(basis, &rounded))
        } else {
            Self::Long(Coefficients::new(basis, rounded))
        }
    }

    /// Evaluations over the basis it was made for, a period of them.
    pub fn transformed(&self, basis: &Basis) -> Cow<'_, Poly> {
        match self {
            Self::Short(poly) => Cow::Borrowed(poly),
            Self::Long(coefficients) => Cow::Owned(coefficients.transformed(basis)),
        }
    }

    /// The evaluations modulo the prime of one row, a period of them.
    pub fn row(&self, row: usize, kernel: &dyn Kernel) -> Cow<'_, [u64]> {
        match self {
            Self::Short(poly) => Cow::Borrowed(poly.limb(row)),
            Self::Long(coefficients) => {
                let mut out = collected(repeat_n(0, coefficients.period()));
                coefficients.transform(kernel, &mut out);
                Cow::Owned(out)
            }
        }
    }

    /// How many values it repeats.
    pub fn period(&self) -> usize {
        match self {
            Self::Short(poly) => poly.degree(),
            Self::Long(coefficients) => coefficients.period(),
        }
    }

    /// Memory taken.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Short(poly) => size_of_val(poly.values()),
            Self::Long(coefficients) => coefficients.bytes(),
        }
    }
}

impl Coefficients {
    fn new(basis: &Basis, values: Vec<i64>) -> Self {
        let moduli = basis
            .kernels()
            .iter()
            .map(|kernel| kernel.modulus().value());
        let least = moduli.min().unwrap_or(0);
        let least = least.min(1 << 31);
        if values.iter().all(|value| value.unsigned_abs() < least) {
            Self::Small(collected(values.iter().map(|value| *value as i32)))
        } else {
            Self::Wide(values)
        }
    }

    /// Evaluations over a basis.
    fn transformed(&self, basis: &Basis) -> Poly {
        rows(self.period(), basis.limbs(), |row, out| {
            self.transform(&*basis.kernels()[row], out);
        })
    }

    /// The evaluations modulo one prime.
    fn transform(&self, kernel: &dyn Kernel, out: &mut [u64]) {
        match self {
            Self::Small(values) => kernel.lift(values, out),
            Self::Wide(values) => {
                let pairs = out.iter_mut().zip(values);
                pairs.for_each(|(out, value)| *out = kernel.modulus().lift(*value));
            }
        }
        with_scratch(out.len(), |scratch| kernel.forward(out, scratch));
    }

    fn period(&self) -> usize {
        match self {
            Self::Small(values) => values.len(),
            Self::Wide(values) => values.len(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
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
