//! Integers in.

use std::collections::BTreeMap;

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyMapping;

/// Extracts an integer, or integers; one out of range is a ValueError.
pub fn integers<'py, T: FromPyObjectOwned<'py, Error = PyErr>>(
    object: &Bound<'py, PyAny>,
) -> PyResult<T> {
    object.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(object.py()) {
            return PyValueError::new_err(error.value(object.py()).to_string());
        }
        error
    })
}

/// Extracts any mapping from rotation steps to limbs.
pub fn rotations(object: &Bound<'_, PyAny>) -> PyResult<BTreeMap<i64, usize>> {
    let items: Vec<(i64, usize)> = integers(object.cast::<PyMapping>()?.items()?.as_any())?;
    Ok(items.into_iter().collect())
}
