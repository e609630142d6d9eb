//! Sequences in, of a bounded length, whatever length they claim.

use hushwork_ckks::program::MAX_TERMS;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PySequence, PyString};

use crate::errors::reserved;

/// The items of any sequence but a string, at most as many as a program has terms.
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'py, T: FromPyObjectOwned<'py>> FromPyObject<'_, 'py> for List<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("expected a sequence, got a string"));
        }
        let sequence = object.cast::<PySequence>()?;
        let count = check(sequence.len()?)?;
        let mut items = reserved(count)?;
        for item in sequence.try_iter()? {
            check(items.len() + 1)?;
            items.push(item?.extract().map_err(Into::into)?);
        }
        Ok(Self(items))
    }
}

fn check(count: usize) -> PyResult<usize> {
    if count <= MAX_TERMS {
        return Ok(count);
    }
    let message = format!("at most {MAX_TERMS} items, got {count}");
    Err(PyValueError::new_err(message))
}
