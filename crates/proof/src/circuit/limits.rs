//! How large a network's values get, and how many there are.

use super::geometry::Size;
use crate::error::{Detail, Error, Result};

/// Most elements of a value, of a kernel and of all together.
pub const ELEMENTS: usize = 1 << 26;
/// Largest magnitude of a value.
pub const VALUE_BOUND: i32 = 255;

pub(super) fn invalid(
    message: &'static str,
    expected: impl std::fmt::Display,
    got: impl std::fmt::Display,
) -> Error {
    Error::InvalidNetwork(Detail::new(message, expected, got))
}

/// Smallest and largest element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Smallest.
    pub low: i32,
    /// Largest.
    pub high: i32,
}

impl Range {
    pub(super) fn new(low: i32, high: i32) -> Result<Self> {
        if low > high || low < -VALUE_BOUND || high > VALUE_BOUND {
            return Err(invalid(
                "a range",
                format!("from low to high, within {VALUE_BOUND}"),
                format!("{low} to {high}"),
            ));
        }
        Ok(Self { low, high })
    }

    /// Of clamped values.
    pub fn clamped(signed: bool) -> Self {
        let low = if signed { -128 } else { 0 };
        Self {
            low,
            high: low + 255,
        }
    }

    /// Of what a table makes of clamped values.
    pub(super) fn of_table(signed: bool, table: Option<&[i32]>) -> Result<Self> {
        let Some(table) = table else {
            return Ok(Self::clamped(signed));
        };
        if table.len() != 256 {
            return Err(invalid("a table", "256 values", table.len()));
        }
        let values = || table.iter().copied();
        let [low, high] = [values().min(), values().max()].map(Option::unwrap_or_default);
        Self::new(low, high)
    }

    /// Largest magnitude.
    pub fn magnitude(&self) -> i64 {
        i64::from(self.low.abs().max(self.high.abs()))
    }
}

pub(super) fn check_size(size: Size) -> Result<()> {
    let sides = [2, size.height, size.width, size.channels];
    let slots = product(&sides);
    if slots == 0 || slots > ELEMENTS {
        return Err(invalid(
            "a value's size",
            format!("1 to {ELEMENTS} elements"),
            format!("{size:?}"),
        ));
    }
    Ok(())
}

fn product(sides: &[usize]) -> usize {
    sides.iter().fold(1, |all, side| all.saturating_mul(*side))
}

/// Elements that a network has taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    taken: usize,
}

/// What a tensor takes, however small it is: a description of a few bytes can ask for many.
const TENSOR: usize = 1 << 10;
/// What each tap of each position of a window takes: where it reads is kept in more bytes than an element.
const TAP: usize = 4;

impl Room {
    /// Takes tensors of a size.
    pub(super) fn tensors(&mut self, count: usize, size: Size) -> Result<()> {
        self.take(&[count, size.slots().max(TENSOR)])
    }

    /// Takes a window's taps at all positions of what it makes.
    pub(super) fn window(&mut self, height: usize, width: usize, taps: usize) -> Result<()> {
        self.take(&[TAP, height, width, taps])
    }

    /// Takes as many elements as the product of some sides.
    pub(super) fn take(&mut self, sides: &[usize]) -> Result<()> {
        self.taken = self.taken.saturating_add(product(sides));
        if self.taken > ELEMENTS {
            return Err(invalid(
                "a network's values, weights and windows",
                format!("{ELEMENTS} elements together"),
                self.taken,
            ));
        }
        Ok(())
    }
}
