//! NumPy arrays and byte buffers in, byte strings and arrays out.

use numpy::PyReadonlyArray1;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

/// The values of an array, whatever its strides.
pub fn vector(array: &PyReadonlyArray1<'_, f64>) -> Vec<f64> {
    array.as_array().iter().copied().collect()
}

/// Bytes of a Python object, borrowed where nobody can write to them.
pub enum Bytes {
    Borrowed(PyBackedBytes),
    ReadOnly(PyBuffer<u8>),
    Copied(Vec<u8>),
}

impl<'py> FromPyObject<'_, 'py> for Bytes {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.extract::<PyBackedBytes>() {
            return Ok(Self::Borrowed(bytes));
        }
        let buffer = PyBuffer::<u8>::get(&object)
            .map_err(|_| PyTypeError::new_err("expected bytes or a memoryview of bytes"))?;
        if buffer.readonly() && buffer.is_c_contiguous() {
            Ok(Self::ReadOnly(buffer))
        } else {
            buffer.to_vec(object.py()).map(Self::Copied)
        }
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            // SAFETY: the buffer is contiguous, holds `item_count` bytes, stays exported as long
            // as `self` lives, and its exporter declares it read-only.
            Self::ReadOnly(buffer) if buffer.item_count() > 0 => unsafe {
                std::slice::from_raw_parts(buffer.buf_ptr().cast(), buffer.item_count())
            },
            Self::ReadOnly(_) => &[],
            Self::Copied(bytes) => bytes,
        }
    }
}
