//! What Python gives: weights, numbers and outcomes, or commitments to them.

use hushwork_proof::error::{Detail, Error, Result};
use hushwork_proof::model::{Numbers, Tell};
use hushwork_proof::pin::Pinned;
use hushwork_proof::scheme::{Scheme, Weights};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

use super::commitment::PyWeights;
use crate::arrays::{Bytes, items};

/// Most integers of an input or an output.
pub(super) const MAX_NUMBERS: usize = 1 << 26;

/// Weights that everybody knows, or a commitment to them.
#[derive(FromPyObject)]
pub(super) enum GivenWeights {
    Commitment(Bytes),
    Public(Py<PyWeights>),
}

/// Numbers that everybody knows, or a commitment to them.
#[derive(FromPyObject)]
pub(super) enum GivenNumbers<'py> {
    Commitment(Bytes),
    Public(PyReadonlyArray1<'py, i32>),
}

/// What came out: the index of the largest number, a commitment, or all numbers.
#[derive(FromPyObject)]
pub(super) enum GivenOutcome<'py> {
    Class(usize),
    Numbers(GivenNumbers<'py>),
}

pub(super) fn weights<'a>(scheme: &Scheme, given: &'a GivenWeights) -> Result<Weights<'a>> {
    match given {
        GivenWeights::Public(weights) => Ok(Weights::Public(&weights.get().field)),
        GivenWeights::Commitment(bytes) => Ok(Weights::Hidden(pinned(scheme, bytes)?)),
    }
}

pub(super) fn pinned(scheme: &Scheme, bytes: &Bytes) -> Result<Pinned> {
    Pinned::from_bytes(bytes.as_ref(), scheme.weights_shape())
}

pub(super) fn tell(what: &str, seed: Option<[u8; 32]>) -> Result<Tell> {
    match (what, seed) {
        ("output", None) => Ok(Tell::Numbers),
        ("class", None) => Ok(Tell::Class),
        ("commitment", Some(seed)) => Ok(Tell::Commitment(seed)),
        _ => Err(Error::Misuse(Detail::new(
            "what to tell",
            "output, class, or commitment with a seed",
            what,
        ))),
    }
}

/// Without the GIL arrays cannot be read: so they are copied.
pub(super) enum Copied {
    Commitment(Bytes),
    Public(Vec<i32>),
}

impl GivenNumbers<'_> {
    pub(super) fn copied(self) -> PyResult<Copied> {
        match self {
            Self::Commitment(bytes) => Ok(Copied::Commitment(bytes)),
            Self::Public(numbers) => Ok(Copied::Public(items(&numbers, MAX_NUMBERS)?)),
        }
    }
}

impl Copied {
    pub(super) fn numbers(&self, scheme: &Scheme) -> Result<Numbers> {
        match self {
            Self::Public(numbers) => Ok(Numbers::Public(numbers.clone())),
            Self::Commitment(bytes) => Ok(Numbers::Committed(Pinned::from_bytes(
                bytes.as_ref(),
                scheme.boundary_shape(),
            )?)),
        }
    }
}
