//! Errors of the mathematics as the Python classes of `hushwork.errors`.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hushwork_ckks::Error;
use hushwork_ckks::error::Detail;
use hushwork_ring::OutOfMemory;
use hushwork_ring::memory::try_reserved;
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::threads;

/// Runs `work` without the GIL; its errors and its panics become Python exceptions.
pub fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> PyResult<T> {
    py.detach(threads::make).map_err(no_threads)?;
    match py.detach(|| catch_unwind(AssertUnwindSafe(work))) {
        Ok(result) => result.map_err(|error| exception(py, &error)),
        Err(panic) => Err(unwound(&*panic)),
    }
}

/// The Python exception of an error.
pub fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let (class, detail) = match error {
        Error::MalformedBytes(detail) => ("MalformedBytes", detail),
        Error::TooLarge(detail) => ("TooLarge", detail),
        Error::UnsupportedVersion(detail) => ("UnsupportedVersion", detail),
        Error::InvalidParameters(detail) => ("InvalidParameters", detail),
        Error::InsecureParameters(detail) => ("InsecureParameters", detail),
        Error::ParameterMismatch(detail) => ("ParameterMismatch", detail),
        Error::MissingKey(detail) => ("MissingKey", detail),
        Error::Misuse(detail) => return PyValueError::new_err(detail.to_string()),
        Error::NoEntropy(detail) => return PyRuntimeError::new_err(detail.to_string()),
    };
    typed(py, class, detail).unwrap_or_else(|error| error)
}

fn typed(py: Python<'_>, class: &str, detail: &Detail) -> PyResult<PyErr> {
    let details = PyDict::new(py);
    details.set_item("expected", &detail.expected)?;
    details.set_item("got", &detail.got)?;
    let class = py.import("hushwork.errors")?.getattr(class)?;
    Ok(PyErr::from_value(
        class.call((detail.message,), Some(&details))?,
    ))
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
