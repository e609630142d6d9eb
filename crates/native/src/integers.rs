//! Integers in.

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;

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
