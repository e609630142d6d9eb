//! Errors of the mathematics as the Python classes of `hushwork.errors`.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hushwork_ckks::Error;
use hushwork_ring::OutOfMemory;
use hushwork_ring::memory::try_reserved;
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::threads;

/// An error of the mathematics that has a Python class.
pub trait Raise: Send {
    /// The exception.
    fn exception(&self, py: Python<'_>) -> PyErr;
}

/// Runs `work` without the GIL; its errors and its panics become Python exceptions.
pub fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> PyResult<T> {
    without_gil(py, work)
}

/// The same for proofs.
pub fn proving<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, hushwork_proof::error::Error> + Send,
) -> PyResult<T> {
    without_gil(py, work)
}

fn without_gil<T: Send, E: Raise>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, E> + Send,
) -> PyResult<T> {
    py.detach(threads::make).map_err(no_threads)?;
    match py.detach(|| catch_unwind(AssertUnwindSafe(work))) {
        Ok(result) => result.map_err(|error| error.exception(py)),
        Err(panic) => Err(unwound(&*panic)),
    }
}

impl Raise for Error {
    fn exception(&self, py: Python<'_>) -> PyErr {
        let (class, detail) = match self {
            Self::MalformedBytes(detail) => ("MalformedBytes", detail),
            Self::TooLarge(detail) => ("TooLarge", detail),
            Self::UnsupportedVersion(detail) => ("UnsupportedVersion", detail),
            Self::InvalidParameters(detail) => ("InvalidParameters", detail),
            Self::InsecureParameters(detail) => ("InsecureParameters", detail),
            Self::ParameterMismatch(detail) => ("ParameterMismatch", detail),
            Self::MissingKey(detail) => ("MissingKey", detail),
            Self::Misuse(detail) => return PyValueError::new_err(detail.to_string()),
            Self::NoEntropy(detail) => return PyRuntimeError::new_err(detail.to_string()),
        };
        typed(py, class, [detail.message, &detail.expected, &detail.got])
    }
}

impl Raise for hushwork_proof::error::Error {
    fn exception(&self, py: Python<'_>) -> PyErr {
        let (class, detail) = match self {
            Self::MalformedBytes(detail) => ("MalformedBytes", detail),
            Self::TooLarge(detail) => ("TooLarge", detail),
            Self::UnsupportedVersion(detail) => ("UnsupportedVersion", detail),
            Self::InvalidParameters(detail) => ("InvalidParameters", detail),
            Self::InsecureParameters(detail) => ("InsecureParameters", detail),
            Self::InvalidNetwork(detail) => ("InvalidNetwork", detail),
            Self::InvalidProof(detail) => ("InvalidProof", detail),
            Self::BudgetSpent(detail) => ("BudgetSpent", detail),
            Self::Misuse(detail) => return PyValueError::new_err(detail.to_string()),
            Self::NoEntropy(detail) => return PyRuntimeError::new_err(detail.to_string()),
        };
        typed(py, class, [detail.message, &detail.expected, &detail.got])
    }
}

fn typed(py: Python<'_>, class: &str, [message, expected, got]: [&str; 3]) -> PyErr {
    let made = || -> PyResult<PyErr> {
        let details = PyDict::new(py);
        details.set_item("expected", expected)?;
        details.set_item("got", got)?;
        let class = py.import("hushwork.errors")?.getattr(class)?;
        Ok(PyErr::from_value(class.call((message,), Some(&details))?))
    };
    made().unwrap_or_else(|error| error)
}

/// An empty vector with room for `count` items, or MemoryError.
pub fn reserved<T>(count: usize) -> PyResult<Vec<T>> {
    try_reserved(count).map_err(|missed| out_of_memory(&missed))
}

fn no_threads(error: std::io::Error) -> PyErr {
    PyRuntimeError::new_err(format!("no threads: {error}"))
}

fn out_of_memory(missed: &OutOfMemory) -> PyErr {
    PyMemoryError::new_err(missed.to_string())
}

fn unwound(panic: &(dyn Any + Send)) -> PyErr {
    if let Some(missed) = panic.downcast_ref() {
        return out_of_memory(missed);
    }
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    PyRuntimeError::new_err(text.unwrap_or_default())
}
