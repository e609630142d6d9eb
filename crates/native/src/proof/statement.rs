//! What a proof of a run says.

use hushwork_proof::error::Result;
use hushwork_proof::merkle::Digest;
use hushwork_proof::model::{Outcome, Statement};
use hushwork_proof::scheme::Scheme;
use pyo3::prelude::*;

use super::given::{Copied, GivenNumbers, GivenOutcome, GivenWeights, weights};
use crate::arrays::Bytes;

/// What a proof of a run says.
#[pyclass(frozen, name = "Statement", module = "hushwork._native")]
pub struct PyStatement {
    model: Digest,
    weights: GivenWeights,
    input: Copied,
    outcome: Ended,
    bound: Vec<u8>,
}

enum Ended {
    Class(usize),
    Numbers(Copied),
}

#[pymethods]
impl PyStatement {
    #[new]
    fn new(
        model: Digest,
        weights: GivenWeights,
        input: GivenNumbers<'_>,
        outcome: GivenOutcome<'_>,
        bound: Bytes,
    ) -> PyResult<Self> {
        let outcome = match outcome {
            GivenOutcome::Class(class) => Ended::Class(class),
            GivenOutcome::Numbers(numbers) => Ended::Numbers(numbers.copied()?),
        };
        let (input, bound) = (input.copied()?, bound.as_ref().to_vec());
        Ok(Self {
            model,
            weights,
            input,
            outcome,
            bound,
        })
    }
}

impl PyStatement {
    pub(super) fn checked(&self, scheme: &Scheme) -> Result<Statement<'_>> {
        let outcome = match &self.outcome {
            Ended::Class(class) => Outcome::Class(*class),
            Ended::Numbers(numbers) => Outcome::Numbers(numbers.numbers(scheme)?),
        };
        Ok(Statement {
            model: self.model,
            weights: weights(scheme, &self.weights)?,
            input: self.input.numbers(scheme)?,
            outcome,
            bound: &self.bound,
        })
    }
}
