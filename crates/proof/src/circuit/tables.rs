//! Tables that values are looked up in: each row up to three values, as many rows as a power of two.

use crate::field::{F, K, from_i64};

use super::limits::Range;

/// What is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Table {
    /// (v), low <= v <= high
    Range {
        /// The first.
        low: i64,
        /// The last.
        high: i64,
    },
    /// (t, sign of t), -2^tau <= t < 2^tau
    Sign {
        /// Bits of t, without its sign.
        tau: u32,
    },
    /// (sign, h, output): what a clamped digit 0 <= h < 256 becomes, below sign and above it.
    Clamp {
        /// Which range is clamped to.
        signed: bool,
        /// What a clamped value becomes; itself, where there is none.
        outputs: Option<Vec<i32>>,
    },
    /// (v, max(v, 0)), -255 <= v <= 255
    Rectifier,
}

/// Values of a row; those that a table does not have are zeros.
pub type Entry = [i64; 3];

impl Table {
    /// All rows; the last is repeated to fill a power of two.
    pub fn rows(&self) -> Vec<Entry> {
        let mut rows: Vec<Entry> = match self {
            Self::Range { low, high } => (*low..=*high).map(|v| [v, 0, 0]).collect(),
            Self::Sign { tau } => (-(1 << tau)..1 << tau)
                .map(|t: i64| [t, t.signum(), 0])
                .collect(),
            Self::Clamp { .. } => (0..768)
                .map(|row| self.clamp(row / 256 - 1, row % 256))
                .collect(),
            Self::Rectifier => (-255..=255).map(|v: i64| [v, v.max(0), 0]).collect(),
        };
        let last = rows[rows.len() - 1];
        rows.resize(rows.len().next_power_of_two(), last);
        rows
    }

    fn clamp(&self, sign: i64, digit: i64) -> Entry {
        let Self::Clamp { signed, outputs } = self else {
            return [0; 3];
        };
        let index = [0, digit, 255][(sign + 1) as usize];
        let output = outputs
            .as_ref()
            .map(|outputs| i64::from(outputs[index as usize]));
        [
            sign,
            digit,
            output.unwrap_or(i64::from(Range::clamped(*signed).low) + index),
        ]
    }

    /// The row of an entry that is in the table.
    pub fn row(&self, entry: Entry) -> Option<usize> {
        let row = match self {
            Self::Range { low, .. } => entry[0] - low,
            Self::Sign { tau } => entry[0] + (1 << tau),
            Self::Clamp { .. } => 256 * (entry[0] + 1) + entry[1],
            Self::Rectifier => entry[0] + 255,
        };
        usize::try_from(row)
            .ok()
            .filter(|row| *row < self.own_rows())
    }

    /// Rows, a power of two.
    pub fn height(&self) -> usize {
        self.own_rows().next_power_of_two()
    }

    /// Rows, without those that repeat the last.
    fn own_rows(&self) -> usize {
        match self {
            Self::Range { low, high } => (high - low + 1) as usize,
            Self::Sign { tau } => 2 << tau,
            Self::Clamp { .. } => 768,
            Self::Rectifier => 511,
        }
    }
}

/// How a tuple of values becomes one: tag + beta v1 + beta^2 v2 + beta^3 v3.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint {
    /// 1, beta, beta^2, beta^3
    pub powers: [K; 4],
    /// What it is subtracted from.
    pub alpha: K,
}

impl Fingerprint {
    /// The denominator alpha - (tag + ...), of a table by its index.
    pub fn denominator(&self, table: usize, entry: Entry) -> K {
        let values = entry.iter().zip(&self.powers[1..]);
        let sum: K = values.map(|(value, power)| *power * from_i64(*value)).sum();
        self.alpha - tag(table) - sum
    }
}

/// What tells tables apart.
pub fn tag(table: usize) -> F {
    from_i64(table as i64 + 1)
}
