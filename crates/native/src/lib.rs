//! The one Python extension module, `hushwork._native`.

use pyo3::prelude::*;

/// Mathematics, no I/O.
#[pymodule]
mod _native {}
