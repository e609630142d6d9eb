//! NumPy arrays and byte buffers in, byte strings and arrays out.

use numpy::PyReadonlyArray1;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyMemoryView};

/// The values of an array, whatever its strides.
pub fn vector(array: &PyReadonlyArray1<'_, f64>) -> Vec<f64> {
    array.as_array().iter().copied().collect()
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
        if let Ok(bytes) = object.extract::<PyBackedBytes>() {
            return Ok(Self::Borrowed(bytes));
        }
        let buffer = PyBuffer::<u8>::get(&object)
            .map_err(|_| PyTypeError::new_err("expected bytes or a memoryview of bytes"))?;
        if buffer.is_c_contiguous() && views_bytes(&object) {
            Ok(Self::View(buffer))
        } else {
            buffer.to_vec(object.py()).map(Self::Copied)
        }
    }
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
