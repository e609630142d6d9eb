//! A quantised network: everything public, no weights.

use serde::{Deserialize, Serialize};

use super::geometry::{Size, Window};

/// Layers, in the order in which they run. Value 0 is the input, value k the output of layer k - 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Of the input.
    pub input: Size,
    /// Smallest and largest input.
    pub range: [i32; 2],
    /// What runs.
    pub layers: Vec<Layer>,
    /// The network's output: a sum that is not requantised.
    pub output: Sum,
    /// What its numbers mean.
    pub meaning: Meaning,
}

/// What a network's numbers mean: nothing to a circuit, but bound to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meaning {
    /// Of the network.
    pub name: String,
    /// What the input's integers are multiplied with.
    pub input_scale: f64,
    /// What the output's integers are multiplied with.
    pub output_scale: f64,
    /// Names of the outputs.
    pub labels: Vec<String>,
}

/// A layer of small integers.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
