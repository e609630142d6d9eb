//! The one Python extension module, `hushwork._native`.

mod arrays;
mod errors;
mod evaluator;
mod integers;
mod keys;
mod lists;
mod literal;
mod needs;
mod parameters;
mod program;
mod proof;
mod signing;
mod threads;

use pyo3::prelude::*;

const _: () = assert!(hushwork_proof::hiding::HIDING);

/// Arithmetic in Rust: the ring, CKKS over it, and whole programs run without the GIL.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::evaluator::PyEvaluator;
    #[pymodule_export]
    use crate::keys::{PyEvaluationKeys, PyPublicKey, PySecretKey};
    #[pymodule_export]
    use crate::parameters::{
        PyParameters, ciphertext_bytes, evaluation_keys_bytes, find_primes, keep_memory, kernel,
        projected_bytes, release_memory, security_bound,
    };
    #[pymodule_export]
    use crate::program::PyProgram;
    #[pymodule_export]
    use crate::proof::{PyCommitment, PyProved, PyProver, PyScheme, PyStatement, PyWeights};
    #[pymodule_export]
    use crate::signing::{PySigningKey, PyVerifyingKey};
}
