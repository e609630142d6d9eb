//! A quantised network as it is written: MessagePack maps, everything public, no weights.

use serde::{Deserialize, Serialize};

use super::geometry::{Size, Window};
use crate::error::{Detail, Error, Result, malformed};

/// Most bytes of a description.
pub const LIMIT: usize = 1 << 20;

/// Layers, in the order in which they run. Value 0 is the input, value k the output of layer k - 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Of the input.
    pub input: Size,
    /// Smallest and largest input.
    pub range: [i32; 2],
    /// What runs.
    pub layers: Vec<Layer>,
    /// The network's output: a sum that is not requantised.
    pub output: Sum,
}

/// A layer of small integers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Layer {
    /// floor(sum / 2^shift + 1/2), clamped to [0, 255], or, signed, to [-128, 127], and looked up.
    Requantise {
        /// What is requantised.
        sum: Sum,
        /// Power of two to divide by.
        shift: u32,
        /// Which range it is clamped to.
        signed: bool,
        /// Output for each clamped value from the lowest on; the value itself, where there is none.
        table: Option<Vec<i32>>,
    },
    /// The largest element of each window, of each channel by itself.
    Maximum {
        /// Index of a value.
        input: usize,
        /// Positions outside do not take part.
        window: Window,
    },
}

impl Layer {
    /// What is requantised.
    pub fn sum(&self) -> Option<&Sum> {
        match self {
            Self::Requantise { sum, .. } => Some(sum),
            Self::Maximum { .. } => None,
        }
    }
}

/// A sum of terms of one size, and a bias of each channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// At least one.
    pub terms: Vec<Term>,
    /// Whether it has one.
    pub bias: bool,
}

/// A linear function of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Term {
    /// With committed weights of (kernel height, kernel width, input channels, `channels`).
    Weighted {
        /// Index of a value.
        input: usize,
        /// Positions outside count as zeros.
        window: Window,
        /// Of the output.
        channels: usize,
    },
    /// The window's sum of each channel by itself, times a public factor.
    Fixed {
        /// Index of a value.
        input: usize,
        /// Positions outside count as zeros.
        window: Window,
        /// Not zero.
        factor: i32,
    },
}

impl Description {
    /// Canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        rmp_serde::to_vec_named(self).unwrap_or_default()
    }

    /// Reads what a stranger sent.
    ///
    /// # Errors
    /// TooLarge, or MalformedBytes, which bytes are too that are not canonical.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > LIMIT {
            return Err(Error::TooLarge(Detail::new(
                "description of a network",
                format!("at most {LIMIT} bytes"),
                bytes.len(),
            )));
        }
        let read: Self = rmp_serde::from_slice(bytes)
            .map_err(|error| malformed("description of a network", "its fields", error))?;
        if read.to_bytes() != bytes {
            return Err(malformed(
                "description of a network",
                "canonical bytes",
                "others",
            ));
        }
        Ok(read)
    }
}
