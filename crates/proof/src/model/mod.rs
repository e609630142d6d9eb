//! Models and their proofs: publication, links, runs.

mod numbers;
mod publication;
mod run;
mod statement;
mod weights;

pub use numbers::slots;
pub use run::{Making, Owned, Proved, Tell};

use crate::merkle::Digest;
use crate::pin::Pinned;
use crate::scheme::Weights;

/// Public numbers, or a commitment to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Row by row, channels last.
    Public(Vec<i32>),
    /// To as many numbers.
    Committed(Pinned),
}

/// What is told of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it, or a commitment.
    Numbers(Numbers),
    /// Which is the largest.
    Class(usize),
}

/// What a proof of a run says.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// Of the model: the digest that stands for it.
    pub model: Digest,
    /// Those that the proof opens: an epoch's, or public ones.
    pub weights: Weights<'a>,
    /// What went in.
    pub input: Numbers,
    /// What came out.
    pub outcome: Outcome,
    /// What else it is bound to: nonce, hotkey, place in a sequence.
    pub bound: &'a [u8],
}
