//! What an owner does with a model.

use hushwork_proof::merkle::Digest;
use hushwork_proof::model::{Making, Numbers, Outcome, Owned};
use hushwork_proof::parameters::BOUNDARY_OPENINGS;
use hushwork_proof::secret::fresh_seed;
use numpy::{PyArray1, PyReadonlyArray1, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::OnceLock;

use super::commitment::{PyCommitment, PyWeights};
use super::given::{MAX_NUMBERS, tell};
use super::scheme::PyScheme;
use crate::arrays::{Bytes, items, string};
use crate::errors::proving;

/// A model, as its owner has it: what proves runs.
#[pyclass(frozen, name = "Prover", module = "hushwork._native")]
pub struct PyProver {
    scheme: Py<PyScheme>,
    weights: Py<PyWeights>,
    commitment: Option<Py<PyCommitment>>,
    model: Digest,
}

#[pymethods]
impl PyProver {
    #[new]
    fn new(
        scheme: Py<PyScheme>,
        weights: Py<PyWeights>,
        commitment: Option<Py<PyCommitment>>,
        model: Digest,
    ) -> Self {
        Self {
            scheme,
            weights,
            commitment,
            model,
        }
    }

    /// Runs the network, and shows what came out; `progress` is told what it turns to, and what it
    /// raises is raised at the end.
    #[pyo3(signature = (input, bound, tell, hidden = None, seed = None, progress = None))]
    #[allow(clippy::too_many_arguments, reason = "most are optional")]
    fn prove(
        &self,
        py: Python<'_>,
        input: PyReadonlyArray1<'_, i32>,
        bound: Bytes,
        tell: &str,
        hidden: Option<&PyCommitment>,
        seed: Option<[u8; 32]>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<PyProved> {
        let input = items(&input, MAX_NUMBERS)?;
        let scheme = &self.scheme.get().0;
        let raised = OnceLock::new();
        let phases = |phase| {
            if let Err(error) = report(progress.as_ref(), phase) {
                let _ = raised.set(error);
            }
        };
        let proved = proving(py, || {
            let tell = self::tell(tell, seed)?;
            let committed = self
                .commitment
                .as_ref()
                .map(|one| one.get().spend())
                .transpose()?;
            let owned = Owned {
                slots: &self.weights.get().slots,
                committed,
                model: self.model,
            };
            let hidden = hidden.map(PyCommitment::spend).transpose()?;
            let making = Making {
                seed: fresh_seed()?,
                phases: &phases,
            };
            scheme.prove_run(owned, &input, hidden, tell, bound.as_ref(), making)
        })?;
        if let Some(error) = raised.into_inner() {
            return Err(error);
        }
        let made = |output| Py::new(py, PyCommitment::new(scheme, output, BOUNDARY_OPENINGS, 1));
        Ok(PyProved {
            commitment: proved.output.map(made).transpose()?,
            outcome: proved.outcome,
            numbers: proved.numbers,
            proof: proved.proof,
        })
    }
}

fn report(progress: Option<&Py<PyAny>>, phase: &'static str) -> PyResult<()> {
    progress.map_or(Ok(()), |call| {
        Python::attach(|py| call.call1(py, (phase,)).map(drop))
    })
}

/// A proof, and what it says.
#[pyclass(frozen, name = "Proved", module = "hushwork._native")]
pub struct PyProved {
    outcome: Outcome,
    numbers: Vec<i32>,
    proof: Vec<u8>,
    commitment: Option<Py<PyCommitment>>,
}

#[pymethods]
impl PyProved {
    /// As a Statement takes it.
    #[getter]
    fn outcome<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.outcome {
            Outcome::Class(class) => Ok(class.into_pyobject(py)?.into_any()),
            Outcome::Numbers(Numbers::Public(numbers)) => Ok(numbers.to_pyarray(py).into_any()),
            Outcome::Numbers(Numbers::Committed(pinned)) => {
                Ok(PyBytes::new(py, &pinned.to_bytes()).into_any())
            }
        }
    }

    /// The output, which need not be told.
    #[getter]
    fn numbers<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i32>> {
        self.numbers.to_pyarray(py)
    }

    #[getter]
    fn proof<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        string(py, &self.proof)
    }

    /// To the output, where that is what is told.
    #[getter]
    fn commitment(&self, py: Python<'_>) -> Option<Py<PyCommitment>> {
        self.commitment
            .as_ref()
            .map(|commitment| commitment.clone_ref(py))
    }
}
