//! Ed25519 (RFC 8032), by ed25519-dalek: several times as fast as OpenSSL's, which counts where a
//! receipt is signed and checked for each answer.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zeroize::Zeroizing;

/// A key that signs, fresh from the operating system's generator; zeroised when dropped.
#[pyclass(frozen, name = "SigningKey", module = "hushwork._native")]
pub struct PySigningKey(SigningKey);

#[pymethods]
impl PySigningKey {
    #[new]
    fn new() -> PyResult<Self> {
        let mut seed = Zeroizing::new([0u8; 32]);
        getrandom::fill(seed.as_mut()).map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// 32 bytes.
    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.verifying_key().as_bytes())
    }

    /// 64 bytes.
    fn sign<'py>(&self, py: Python<'py>, message: &[u8]) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.sign(message).to_bytes())
    }
}

/// A key that checks signatures.
#[pyclass(frozen, name = "VerifyingKey", module = "hushwork._native")]
pub struct PyVerifyingKey(VerifyingKey);

#[pymethods]
impl PyVerifyingKey {
    /// Of 32 bytes. Raises ValueError where they are no point, or one of small order.
    #[new]
    fn new(public_key: &[u8]) -> PyResult<Self> {
        let key = VerifyingKey::try_from(public_key)
            .ok()
            .filter(|key| !key.is_weak())
            .ok_or_else(|| PyValueError::new_err("not a public key of Ed25519"))?;
        Ok(Self(key))
    }

    /// Whether the signature is this key's of this message; small orders and other encodings of a
    /// signature are refused.
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}
