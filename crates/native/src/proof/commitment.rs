//! A model's weights, and commitments that count how often they are opened.

use std::sync::{Mutex, PoisonError};

use hushwork_proof::commitment::Committed;
use hushwork_proof::error::{Detail, Error, Result};
use hushwork_proof::field::F;
use hushwork_proof::pin::Pinned;
use hushwork_proof::scheme::Scheme;
use hushwork_proof::secret::Secret;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Weights of a network: secret, unless the scheme makes them public.
#[pyclass(frozen, name = "Weights", module = "hushwork._native")]
pub struct PyWeights {
    pub(super) slots: Secret<i32>,
    pub(super) field: Secret<F>,
}

/// The prover's half of a commitment. It says how often it has been opened, and refuses to be
/// opened more often than it stays hidden.
#[pyclass(frozen, name = "Commitment", module = "hushwork._native")]
pub struct PyCommitment {
    committed: Committed,
    pinned: Pinned,
    openings: usize,
    opened: Mutex<usize>,
}

impl PyCommitment {
    pub(super) fn new(
        scheme: &Scheme,
        committed: Committed,
        openings: usize,
        opened: usize,
    ) -> Self {
        Self {
            pinned: scheme.pin(&committed),
            committed,
            openings,
            opened: Mutex::new(opened),
        }
    }

    pub(super) fn spend(&self) -> Result<&Committed> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if *opened >= self.openings {
            let expected = format!("at most {}", self.openings);
            return Err(Error::BudgetSpent(Detail::new(
                "openings of a commitment",
                expected,
                *opened + 1,
            )));
        }
        *opened += 1;
        Ok(&self.committed)
    }
}

#[pymethods]
impl PyCommitment {
    /// What others know of it: 52 bytes.
    #[getter]
    fn pinned<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.pinned.to_bytes())
    }

    #[getter]
    fn opened(&self) -> usize {
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[getter]
    fn openings(&self) -> usize {
        self.openings
    }
}
