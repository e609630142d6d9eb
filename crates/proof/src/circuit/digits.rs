//! How sums are cut into digits.

use super::limits::invalid;
use crate::error::Result;
use crate::field::PRIME;

/// Largest exponent of a requantisation.
pub const SHIFT_LIMIT: u32 = 15;

/// The digits of a requantised sum: sum + offset = e + 2^shift * h + 2^(shift + 8) * t, with e below
/// 2^shift, h below 256 and t in [-2^tau, 2^tau).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits {
    /// Bits of e.
    pub shift: u32,
    /// Half for rounding, and what makes a signed digit positive.
    pub offset: i64,
    /// Bits of t, without its sign.
    pub tau: u32,
}

impl Digits {
    /// Of sums up to `magnitude`.
    pub fn new(shift: u32, signed: bool, magnitude: i64) -> Self {
        let rounding = (1 << shift) >> 1;
        let offset = rounding + if signed { 1 << (shift + 7) } else { 0 };
        let tau = (0..)
            .find(|tau| magnitude + offset < 1 << (shift + 8 + tau))
            .unwrap_or_default();
        Self { shift, offset, tau }
    }

    /// Whether no sum has digits of another that is equal to it modulo p.
    pub fn unique(&self, magnitude: i64) -> bool {
        magnitude + self.offset + (1 << (self.shift + 8 + self.tau)) < i64::from(PRIME)
    }
}

/// Largest tau: a table has 2^(tau + 1) rows.
pub const TAU_LIMIT: u32 = 15;

/// Refuses sums whose digits are not theirs alone.
pub(super) fn check_shift(shift: u32, signed: bool, magnitude: i64) -> Result<()> {
    if shift > SHIFT_LIMIT {
        return Err(invalid("a shift", format!("at most {SHIFT_LIMIT}"), shift));
    }
    let digits = Digits::new(shift, signed, magnitude);
    if digits.tau > TAU_LIMIT || !digits.unique(magnitude) {
        return Err(invalid(
            "a sum to requantise",
            format!("below 2^{}", shift + 8 + TAU_LIMIT),
            magnitude,
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What a sum may be and what digits may stand for lie so close together that no two are
        /// the same modulo p.
        #[test]
        fn digits_stand_for_one_sum(shift in 0..=SHIFT_LIMIT, signed: bool, magnitude in 0..1i64 << 29) {
            let Digits { offset, tau, .. } = Digits::new(shift, signed, magnitude);
            prop_assume!(check_shift(shift, signed, magnitude).is_ok());
            let largest = 1 << (shift + 8 + tau);
            let (low, high) = (offset - magnitude, offset + magnitude);
            prop_assert!(-largest <= low && high < largest);
            prop_assert!(high + largest < i64::from(PRIME));
            prop_assert!(largest - 1 - low < i64::from(PRIME));
        }
    }
}
