//! A network's scheme: commitments, publications, links, and the checks of all proofs.

use hushwork_proof::model::slots;
use hushwork_proof::parameters::{BOUNDARY_OPENINGS, OPENINGS, Parameters, Setting};
use hushwork_proof::scheme::{Scheme, Visibility};
use hushwork_proof::secret::fresh_seed;
use numpy::{PyArray1, PyReadonlyArray1, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::commitment::{PyCommitment, PyWeights};
use super::given::{GivenWeights, MAX_NUMBERS, pinned, weights};
use super::statement::PyStatement;
use crate::arrays::{Bytes, items, string};
use crate::errors::{Raise, proving};
use crate::lists::List;

/// A network's architecture with the parameters of its commitments.
#[pyclass(frozen, name = "Scheme", module = "hushwork._native")]
pub struct PyScheme(pub(super) Scheme);

fn visibility(hidden: bool) -> Visibility {
    if hidden {
        Visibility::Hidden
    } else {
        Visibility::Public
    }
}

#[pymethods]
impl PyScheme {
    /// With the parameters that make the smallest proofs, for codewords of 2**log_domain rows.
    #[staticmethod]
    fn choose(
        py: Python<'_>,
        architecture: Bytes,
        hidden: bool,
        log_domain: usize,
    ) -> PyResult<Self> {
        let setting = Setting { log_domain };
        proving(py, || {
            Scheme::choose(architecture.as_ref(), visibility(hidden), setting)
        })
        .map(Self)
    }

    /// With parameters in common, so that one's output can be another's input.
    #[staticmethod]
    fn choose_together(
        py: Python<'_>,
        architectures: List<Bytes>,
        hidden: bool,
        log_domain: usize,
    ) -> PyResult<Vec<Self>> {
        let chosen = proving(py, || {
            let all: Vec<&[u8]> = architectures.0.iter().map(AsRef::as_ref).collect();
            Scheme::choose_together(&all, visibility(hidden), Setting { log_domain })
        })?;
        Ok(chosen.into_iter().map(Self).collect())
    }

    /// With parameters that somebody else chose.
    #[staticmethod]
    fn read(
        py: Python<'_>,
        architecture: Bytes,
        hidden: bool,
        parameters: Bytes,
    ) -> PyResult<Self> {
        let read = || {
            let parameters = Parameters::from_bytes(parameters.as_ref())?;
            Scheme::read(architecture.as_ref(), visibility(hidden), parameters)
        };
        proving(py, read).map(Self)
    }

    #[getter]
    fn hidden(&self) -> bool {
        self.0.visibility() == Visibility::Hidden
    }

    #[getter]
    fn parameters<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.parameters().to_bytes())
    }

    #[getter]
    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.digest())
    }

    /// (log2 of a codeword's rows, rows of a commitment, queries)
    #[getter]
    fn code(&self) -> (usize, usize, usize) {
        let code = self.0.parameters().code;
        (code.log_domain, code.rows, code.queries)
    }

    /// Bits of soundness that are proven of one proof, by what may go wrong.
    #[getter]
    fn soundness<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let terms = PyDict::new(py);
        let report = self.0.soundness();
        report
            .terms
            .iter()
            .try_for_each(|(name, bits)| terms.set_item(name, bits))?;
        terms.set_item("all", report.bits())?;
        Ok(terms)
    }

    /// Weights from their bytes.
    fn weights(&self, py: Python<'_>, parameters: Bytes) -> PyResult<PyWeights> {
        let read = || {
            let all = self.0.weights(parameters.as_ref())?;
            Ok(PyWeights {
                field: slots(&all).into(),
                slots: all.into(),
            })
        };
        proving(py, read)
    }

    /// The digest that stands for a model: from its root, or, where they are public, its weights.
    fn model<'py>(&self, py: Python<'py>, given: GivenWeights) -> PyResult<Bound<'py, PyBytes>> {
        let digest = weights(&self.0, &given).map(|weights| self.0.model(&weights));
        Ok(PyBytes::new(
            py,
            &digest.map_err(|error| error.exception(py))?,
        ))
    }

    /// A commitment to weights: the same for the same seed. `opened`: how often it was already.
    #[pyo3(signature = (weights, seed, opened = 0))]
    fn commit(
        &self,
        py: Python<'_>,
        weights: &PyWeights,
        seed: [u8; 32],
        opened: usize,
    ) -> PyResult<PyCommitment> {
        proving(py, || {
            let committed = self.0.commit(&weights.field, seed)?;
            Ok(PyCommitment::new(&self.0, committed, OPENINGS, opened))
        })
    }

    /// A commitment to an input: the same for the same seed. `opened`: how often it was already.
    #[pyo3(signature = (values, seed, opened = 0))]
    fn commit_input(
        &self,
        py: Python<'_>,
        values: PyReadonlyArray1<'_, i32>,
        seed: [u8; 32],
        opened: usize,
    ) -> PyResult<PyCommitment> {
        let values = items(&values, MAX_NUMBERS)?;
        proving(py, || {
            let committed = self.0.commit_input(&values, seed)?;
            Ok(PyCommitment::new(
                &self.0,
                committed,
                BOUNDARY_OPENINGS,
                opened,
            ))
        })
    }

    fn prove_publication<'py>(
        &self,
        py: Python<'py>,
        weights: &PyWeights,
        commitment: &PyCommitment,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let proof = proving(py, || {
            self.0
                .prove_publication(&weights.field, commitment.spend()?, fresh_seed()?)
        })?;
        string(py, &proof)
    }

    fn verify_publication(&self, py: Python<'_>, root: Bytes, proof: Bytes) -> PyResult<()> {
        proving(py, || {
            self.0
                .verify_publication(pinned(&self.0, &root)?, proof.as_ref())
        })
    }

    fn prove_link<'py>(
        &self,
        py: Python<'py>,
        earlier: &PyCommitment,
        later: &PyCommitment,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let proof = proving(py, || {
            self.0
                .prove_link(earlier.spend()?, later.spend()?, fresh_seed()?)
        })?;
        string(py, &proof)
    }

    fn verify_link(
        &self,
        py: Python<'_>,
        earlier: Bytes,
        later: Bytes,
        proof: Bytes,
    ) -> PyResult<()> {
        proving(py, || {
            self.0.verify_link(
                pinned(&self.0, &earlier)?,
                pinned(&self.0, &later)?,
                proof.as_ref(),
            )
        })
    }

    /// What comes out of the network.
    fn run<'py>(
        &self,
        py: Python<'py>,
        weights: &PyWeights,
        input: PyReadonlyArray1<'py, i32>,
    ) -> PyResult<Bound<'py, PyArray1<i32>>> {
        let input = items(&input, MAX_NUMBERS)?;
        let output = proving(py, || self.0.run(&weights.slots, &input))?;
        Ok(output.to_pyarray(py))
    }

    /// Checks what is said of a run.
    fn verify_run(&self, py: Python<'_>, statement: &PyStatement, proof: Bytes) -> PyResult<()> {
        proving(py, || {
            let statement = statement.checked(&self.0)?;
            self.0.verify_run(&statement, proof.as_ref())
        })
    }
}
