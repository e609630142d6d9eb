//! NumPy arrays and byte buffers in, byte strings and arrays out.

use std::fmt::Display;

use hushwork_ckks::literal::MAX_LOG_DEGREE;
use numpy::{Element, PyReadonlyArray1};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyMemoryView};

use crate::errors::reserved;

/// Most values of a slot vector, whatever the parameters.
const MAX_VALUES: usize = 1 << MAX_LOG_DEGREE;

/// The values of an array. Raises ValueError for more than any slots.
pub fn vector(array: &PyReadonlyArray1<'_, f64>) -> PyResult<Vec<f64>> {
    items(array, MAX_VALUES)
}

/// The items of an array, whatever its strides. Raises ValueError for more than `most`.
pub fn items<T: Copy + Element>(array: &PyReadonlyArray1<'_, T>, most: usize) -> PyResult<Vec<T>> {
    let (array, count) = (array.as_array(), array.as_array().len());
    if count > most {
        let message = format!("expected at most {most} values, got {count}");
        return Err(PyValueError::new_err(message));
    }
    let mut values = reserved(count)?;
    values.extend(array);
    Ok(values)
}

/// Items of another type. Raises ValueError where one does not fit it.
pub fn converted<T, U: TryFrom<T>>(items: Vec<T>) -> PyResult<Vec<U>>
where
    U::Error: Display,
{
    let mut values = reserved(items.len())?;
    for item in items {
        let value = U::try_from(item);
        values.push(value.map_err(|error| PyValueError::new_err(error.to_string()))?);
    }
    Ok(values)
}

/// A byte string, or MemoryError.
pub fn string<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, data.len(), |out| {
        out.copy_from_slice(data);
        Ok(())
    })
}

/// Bytes of a Python object, borrowed where nobody can write to them.
pub enum Bytes {
    Borrowed(PyBackedBytes),
    View(PyBuffer<u8>),
    Copied(Vec<u8>),
}

impl<'py> FromPyObject<'_, 'py> for Bytes {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self::Borrowed(bytes.to_owned().into()));
        }
        let buffer = PyBuffer::<u8>::get(&object)
            .map_err(|_| PyTypeError::new_err("expected bytes or a memoryview of bytes"))?;
        if buffer.is_c_contiguous() && views_bytes(&object) {
            Ok(Self::View(buffer))
        } else {
            copied(object.py(), &buffer).map(Self::Copied)
        }
    }
}

fn copied(py: Python<'_>, buffer: &PyBuffer<u8>) -> PyResult<Vec<u8>> {
    let mut bytes = reserved(buffer.item_count())?;
    bytes.resize(buffer.item_count(), 0);
    buffer.copy_to_slice(py, &mut bytes)?;
    Ok(bytes)
}

/// Whether this is a view of a bytes object. Any other owner may write while the GIL is released.
fn views_bytes(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<PyMemoryView>()
        && object
            .getattr("obj")
            .is_ok_and(|owner| owner.is_instance_of::<PyBytes>())
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            // SAFETY: the buffer is contiguous, holds `item_count` bytes of a bytes object, which
            // nobody changes, and stays exported as long as `self` lives.
            Self::View(buffer) if buffer.item_count() > 0 => unsafe {
                std::slice::from_raw_parts(buffer.buf_ptr().cast(), buffer.item_count())
            },
            Self::View(_) => &[],
            Self::Copied(bytes) => bytes,
        }
    }
}
