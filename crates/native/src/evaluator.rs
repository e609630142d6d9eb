//! Single operations on serialised ciphertexts.

use std::sync::Arc;

use hushwork_ckks::encoding::encode;
use hushwork_ckks::error::Detail;
use hushwork_ckks::{Ciphertext, Error, EvaluationKeys, Evaluator, Plaintext, Projected, Result};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrays::{Bytes, string, vector};
use crate::errors::detached;
use crate::integers::integers;
use crate::keys::PyEvaluationKeys;
use crate::parameters::PyParameters;

/// Single operations on serialised ciphertexts.
#[pyclass(frozen, name = "Evaluator", module = "hushwork._native")]
pub struct PyEvaluator {
    evaluator: Evaluator,
    keys: Option<Arc<EvaluationKeys>>,
}

impl PyEvaluator {
    fn read(&self, data: &Bytes) -> Result<Ciphertext> {
        Ciphertext::from_bytes(self.evaluator.parameters(), data.as_ref())
    }

    fn keys(&self) -> Result<&EvaluationKeys> {
        let missing = || Error::MissingKey(Detail::new("evaluation keys", "some", "none"));
        self.keys.as_deref().ok_or_else(missing)
    }

    fn encode(&self, a: &Ciphertext, values: &[f64], scale: f64) -> Result<Plaintext> {
        let parameters = self.evaluator.parameters();
        encode(parameters, parameters.basis(a.limbs()), values, scale)
    }

    fn unary<'py>(
        &self,
        py: Python<'py>,
        a: &Bytes,
        work: impl FnOnce(&Ciphertext) -> Result<Ciphertext> + Send,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let parameters = self.evaluator.parameters();
        let result = detached(py, || Ok(work(&self.read(a)?)?.to_bytes(parameters)))?;
        string(py, &result)
    }

    fn binary<'py>(
        &self,
        py: Python<'py>,
        a: &Bytes,
        b: &Bytes,
        work: impl FnOnce(&Ciphertext, &Ciphertext) -> Result<Ciphertext> + Send,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.unary(py, a, |a| work(a, &self.read(b)?))
    }
}

#[pymethods]
impl PyEvaluator {
    #[new]
    #[pyo3(signature = (parameters, keys = None))]
    fn new(
        py: Python<'_>,
        parameters: &PyParameters,
        keys: Option<&PyEvaluationKeys>,
    ) -> PyResult<Self> {
        let keys = keys.map(|keys| Arc::clone(&keys.0));
        detached(py, || {
            if let Some(keys) = &keys {
                keys.check(&parameters.0)?;
            }
            Ok(Self {
                evaluator: Evaluator::new(parameters.0.clone()),
                keys,
            })
        })
    }

    /// (limbs, scale)
    fn describe(&self, py: Python<'_>, ciphertext: Bytes) -> PyResult<(usize, f64)> {
        detached(py, || {
            self.read(&ciphertext)
                .map(|read| (read.limbs(), read.scale))
        })
    }

    /// (limbs, scale, period)
    fn describe_projected(
        &self,
        py: Python<'_>,
        projected: Bytes,
    ) -> PyResult<(usize, f64, usize)> {
        detached(py, || {
            let read = Projected::from_bytes(self.evaluator.parameters(), projected.as_ref())?;
            Ok((read.limbs(), read.scale, read.period()))
        })
    }

    /// What it takes to decrypt one period of the slots.
    fn project<'py>(
        &self,
        py: Python<'py>,
        a: Bytes,
        #[pyo3(from_py_with = integers)] period: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let parameters = self.evaluator.parameters();
        let projected = detached(py, || {
            Ok(Projected::new(parameters, &self.read(&a)?, period)?.to_bytes(parameters))
        })?;
        string(py, &projected)
    }

    fn add<'py>(&self, py: Python<'py>, a: Bytes, b: Bytes) -> PyResult<Bound<'py, PyBytes>> {
        self.binary(py, &a, &b, |a, b| self.evaluator.add(a, b))
    }

    fn subtract<'py>(&self, py: Python<'py>, a: Bytes, b: Bytes) -> PyResult<Bound<'py, PyBytes>> {
        self.binary(py, &a, &b, |a, b| self.evaluator.subtract(a, b))
    }

    fn add_plain<'py>(
        &self,
        py: Python<'py>,
        a: Bytes,
        values: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let values = vector(&values)?;
        self.unary(py, &a, |a| {
            self.evaluator
                .add_plain(a, &self.encode(a, &values, a.scale)?)
        })
    }

    fn multiply_plain<'py>(
        &self,
        py: Python<'py>,
        a: Bytes,
        values: PyReadonlyArray1<'py, f64>,
        scale: f64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let values = vector(&values)?;
        self.unary(py, &a, |a| {
            self.evaluator
                .multiply_plain(a, &self.encode(a, &values, scale)?)
        })
    }

    /// Product, relinearised, not rescaled.
    fn multiply<'py>(&self, py: Python<'py>, a: Bytes, b: Bytes) -> PyResult<Bound<'py, PyBytes>> {
        self.binary(py, &a, &b, |a, b| {
            self.evaluator.multiply(a, b, self.keys()?)
        })
    }

    fn rescale<'py>(&self, py: Python<'py>, a: Bytes) -> PyResult<Bound<'py, PyBytes>> {
        self.unary(py, &a, |a| self.evaluator.rescale(a))
    }

    fn rotate<'py>(
        &self,
        py: Python<'py>,
        a: Bytes,
        #[pyo3(from_py_with = integers)] step: i64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let step = self.evaluator.parameters().step(step);
        self.unary(py, &a, |a| match step {
            0 => Ok(a.clone()),
            _ => self.evaluator.rotate(a, step, self.keys()?),
        })
    }

    fn drop<'py>(
        &self,
        py: Python<'py>,
        a: Bytes,
        #[pyo3(from_py_with = integers)] limbs: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.unary(py, &a, |a| self.evaluator.drop(a, limbs))
    }
}
