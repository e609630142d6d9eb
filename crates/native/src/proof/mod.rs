//! Proofs of the runs of quantised networks.

mod commitment;
mod given;
mod prover;
mod scheme;
mod statement;

pub use commitment::{PyCommitment, PyWeights};
pub use prover::{PyProved, PyProver};
pub use scheme::PyScheme;
pub use statement::PyStatement;
