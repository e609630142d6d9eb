//! The circuit of a quantised network: what is committed, what is looked up, what is summed.

pub mod architecture;
mod assembly;
mod build;
pub mod columns;
pub mod description;
pub mod digits;
pub mod entries;
pub mod geometry;
pub mod interaction;
mod layout;
mod leaves;
pub mod limits;
pub mod link;
pub mod lookups;
pub mod network;
pub mod publication;

pub mod region;
pub mod run;
pub mod sums;
pub mod tables;
mod weights;
pub mod witness;

pub use build::{CHUNK, DigitPlaces, LayerPlaces, Places};
pub use description::Description;
pub use network::Network;

use crate::error::Result;
use crate::linear::Tensor;
use lookups::Lookups;
use sums::Sum;

/// Commitments, by what they hold.
pub const WEIGHTS: usize = 0;
/// Digits, values between layers, multiplicities, pads: made anew for each proof.
pub const AUXILIARY: usize = 1;
/// The input, where it is committed.
pub const INPUT: usize = 2;
/// The output, where it is committed.
pub const OUTPUT: usize = 3;

/// Who sees an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Everybody.
    Public,
    /// Nobody but the prover: a commitment stands for it.
    Committed,
}

/// What is said of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// All of it.
    Public,
    /// A commitment to it.
    Committed,
    /// The index of its largest element, the lowest if there are several.
    Class(usize),
}

/// What a proof tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// Of the input.
    pub input: Input,
    /// Of the output.
    pub output: Output,
}

/// What has to be shown of a network's run.
#[derive(Clone, Debug)]
pub struct Circuit {
    /// What runs.
    pub network: Network,
    /// What is told.
    pub mode: Mode,
    /// Those that are requantised, then the output.
    pub sums: Vec<Sum>,
    /// Where everything lies.
    pub places: Places,
    /// What is looked up.
    pub lookups: Lookups,
}

impl Circuit {
    /// The circuit of a network.
    ///
    /// # Errors
    /// InvalidNetwork, where its output has no class.
    pub fn new(network: Network, mode: Mode) -> Result<Self> {
        build::circuit(network, mode)
    }

    /// The value that the network's input is.
    pub fn input(&self) -> Tensor {
        self.places.values[0]
    }
}
