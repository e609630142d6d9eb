//! Predicted noise, as the standard deviation of the error in a slot.
//!
//! Independent coefficients of variance v give slots of variance 2N v, because a slot is
//! a_0 + sum of 2 a_i cos(..). A product of ring elements multiplies slots. The bounds are
//! [`TAIL`] deviations.

use hushwork_ring::sampling::SIGMA;

use crate::literal::log2;
use crate::parameters::Parameters;

/// A product of two normal variables exceeds this many deviations with probability 2^-37.
pub const TAIL: f64 = 24.0;

/// Variance of a rounding error.
const ROUNDING: f64 = 1.0 / 12.0;

/// Variance of a ternary coefficient.
const TERNARY: f64 = 2.0 / 3.0;

/// Error of a ciphertext: the standard deviation in a slot of scale * value.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Noise(pub f64);

impl Noise {
    /// Bound on the error of every slot value.
    #[must_use]
    pub fn slot_bound(self, scale: f64) -> f64 {
        TAIL * self.0 / scale
    }

    /// Bound on the error of every coefficient.
    #[must_use]
    pub fn coefficient_bound(self, parameters: &Parameters, scale: f64) -> f64 {
        self.slot_bound(scale) / spread(parameters).sqrt()
    }

    /// Of a sum or difference of independent ciphertexts.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.hypot(other.0))
    }

    /// Times a constant.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self(self.0 * factor)
    }
}

/// Slot variance for coefficients of variance 1.
fn spread(parameters: &Parameters) -> f64 {
    2.0 * parameters.degree() as f64
}

/// Of encoding alone: rounded coefficients. A vector of period p has p / N of that variance.
#[must_use]
pub fn encoding(parameters: &Parameters) -> Noise {
    Noise((spread(parameters) * ROUNDING).sqrt())
}

/// Of a ciphertext fresh from the secret key.
#[must_use]
pub fn fresh_secret(parameters: &Parameters) -> Noise {
    Noise(spread(parameters).sqrt() * SIGMA).plus(encoding(parameters))
}

/// Of a ciphertext fresh from the public key: u e + e_0 + e_1 s.
#[must_use]
pub fn fresh_public(parameters: &Parameters) -> Noise {
    let products = 2.0 * TERNARY * spread(parameters);
    Noise(SIGMA * (spread(parameters) * (products + 1.0)).sqrt()).plus(encoding(parameters))
}

/// Of dividing both halves by moduli, rounded: r_0 + r_1 s.
#[must_use]
pub fn rounding(parameters: &Parameters) -> Noise {
    let spread = spread(parameters);
    Noise((ROUNDING * spread * (1.0 + TERNARY * spread)).sqrt())
}

/// Added by key switching at this many limbs, before the division by P and times P:
/// sum of digits times their errors.
#[must_use]
pub fn inner_product(parameters: &Parameters, limbs: usize) -> Noise {
    let digits = parameters.literal().moduli[..limbs].chunks(parameters.tier(limbs).digit);
    let variance: f64 = digits
        .map(|digit| ROUNDING * (2.0 * log2(digit)).exp2())
        .sum();
    Noise(spread(parameters) * SIGMA * variance.sqrt())
}

/// Added by a rotation or a relinearisation at this many limbs.
#[must_use]
pub fn key_switch(parameters: &Parameters, limbs: usize) -> Noise {
    let special = &parameters.literal().special[..parameters.tier(limbs).special];
    let divided = inner_product(parameters, limbs).times((-log2(special)).exp2());
    divided.plus(rounding(parameters))
}

/// Of the sum over the rotations by multiples of `period` of a ciphertext of which one period was
/// sent fresh: of its error, the coefficients that were sent count N / p times; what a rotation
/// adds is summed by those that follow.
#[must_use]
pub fn traced(parameters: &Parameters, limbs: usize, period: usize) -> Noise {
    let copies = (parameters.degree() / period) as f64;
    let switches = key_switch(parameters, limbs).times((copies - 1.0).sqrt());
    fresh_secret(parameters).times(copies.sqrt()).plus(switches)
}

/// Of a product with a plaintext: slots at most `message` before scaling by `scale`, weights at
/// most `weight` before scaling by `weight_scale`.
#[must_use]
pub fn multiply_plain(
    parameters: &Parameters,
    noise: Noise,
    (message, scale): (f64, f64),
    (weight, weight_scale): (f64, f64),
) -> Noise {
    multiply(
        noise,
        (message, scale),
        encoding(parameters),
        (weight, weight_scale),
    )
}

/// Of a product before relinearisation; (bound on slots, scale) of either side.
#[must_use]
pub fn multiply(a: Noise, (x, x_scale): (f64, f64), b: Noise, (y, y_scale): (f64, f64)) -> Noise {
    a.times(y * y_scale)
        .plus(b.times(x * x_scale))
        .plus(a.times(b.0))
}

/// After division by the last of `limbs` moduli.
#[must_use]
pub fn rescale(parameters: &Parameters, noise: Noise, limbs: usize) -> Noise {
    noise
        .times(1.0 / parameters.literal().moduli[limbs - 1] as f64)
        .plus(rounding(parameters))
}
