//! Secret, public and evaluation keys.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use hushwork_ckks::encoding::{decode, decode_coefficients, encode, encode_coefficients};
use hushwork_ckks::error::Detail;
use hushwork_ckks::{
    Ciphertext, Error, EvaluationKeys, Parameters, Plaintext, Projected, PublicKey, Result,
    SecretKey,
};
use numpy::{PyArray1, PyReadonlyArray1, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrays::{Bytes, string, vector};
use crate::errors::detached;
use crate::integers::integers;
use crate::lists::List;
use crate::needs::{self, Rotations};
use crate::parameters::{PyParameters, check_limbs};

type Encode = fn(&Parameters, &hushwork_ring::Basis, &[f64], f64) -> Result<Plaintext>;
type Decode = fn(&Parameters, &Plaintext) -> Vec<f64>;

/// Encodes for encryption at `limbs`, or all of them.
fn prepare(
    parameters: &Parameters,
    encode: Encode,
    values: &[f64],
    scale: f64,
    limbs: Option<usize>,
) -> Result<Plaintext> {
    let limbs = limbs.unwrap_or(parameters.limbs());
    check_limbs(parameters, limbs)?;
    encode(parameters, parameters.basis(limbs), values, scale)
}

/// Ternary, fresh from the operating system's generator; zeroised when dropped.
#[pyclass(frozen, name = "SecretKey", module = "hushwork._native")]
pub struct PySecretKey {
    parameters: Parameters,
    key: RwLock<Option<SecretKey>>,
}

impl PySecretKey {
    fn hold(parameters: &PyParameters, key: SecretKey) -> Self {
        Self {
            parameters: parameters.0.clone(),
            key: RwLock::new(Some(key)),
        }
    }

    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&SecretKey) -> Result<T> + Send,
    ) -> PyResult<T> {
        detached(py, || {
            let key = self.key.read().unwrap_or_else(PoisonError::into_inner);
            let destroyed = || Error::Misuse(Detail::new("secret key", "alive", "destroyed"));
            work(key.as_ref().ok_or_else(destroyed)?)
        })
    }

    fn seal<'py>(
        &self,
        py: Python<'py>,
        encode: Encode,
        values: &PyReadonlyArray1<'py, f64>,
        scale: f64,
        limbs: Option<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let values = vector(values)?;
        let sealed = self.with(py, |key| {
            let plaintext = prepare(&self.parameters, encode, &values, scale, limbs)?;
            Ok(key.encrypt(&plaintext)?.to_bytes(&self.parameters))
        })?;
        string(py, &sealed)
    }

    fn open<'py>(
        &self,
        py: Python<'py>,
        decode: Decode,
        ciphertext: &Bytes,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let values = self.with(py, |key| {
            let ciphertext = Ciphertext::from_bytes(&self.parameters, ciphertext.as_ref())?;
            Ok(decode(&self.parameters, &key.decrypt(&ciphertext)))
        })?;
        Ok(values.to_pyarray(py))
    }
}

#[pymethods]
impl PySecretKey {
    #[new]
    fn new(py: Python<'_>, parameters: &PyParameters) -> PyResult<Self> {
        let key = detached(py, || SecretKey::generate(&parameters.0))?;
        Ok(Self::hold(parameters, key))
    }

    /// Deterministic, from 32 bytes, for known-answer tests; refuses secure parameters.
    #[staticmethod]
    fn insecure_from_seed(
        py: Python<'_>,
        parameters: &PyParameters,
        seed: [u8; 32],
    ) -> PyResult<Self> {
        let key = detached(py, || SecretKey::insecure_from_seed(&parameters.0, &seed))?;
        Ok(Self::hold(parameters, key))
    }

    /// A seeded ciphertext of slot values.
    #[pyo3(signature = (values, scale, limbs = None))]
    fn encrypt<'py>(
        &self,
        py: Python<'py>,
        values: PyReadonlyArray1<'py, f64>,
        scale: f64,
        #[pyo3(from_py_with = integers)] limbs: Option<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.seal(py, encode, &values, scale, limbs)
    }

    /// A seeded projected ciphertext of slot values, whose number is its period.
    #[pyo3(signature = (values, scale, limbs = None))]
    fn encrypt_projected<'py>(
        &self,
        py: Python<'py>,
        values: PyReadonlyArray1<'py, f64>,
        scale: f64,
        #[pyo3(from_py_with = integers)] limbs: Option<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let values = vector(&values)?;
        let sealed = self.with(py, |key| {
            let plaintext = prepare(&self.parameters, encode, &values, scale, limbs)?;
            let projected = key.encrypt_projected(&plaintext)?;
            Ok(projected.to_bytes(&self.parameters))
        })?;
        string(py, &sealed)
    }

    /// A seeded ciphertext of coefficients.
    #[pyo3(signature = (values, scale, limbs = None))]
    fn encrypt_coefficients<'py>(
        &self,
        py: Python<'py>,
        values: PyReadonlyArray1<'py, f64>,
        scale: f64,
        #[pyo3(from_py_with = integers)] limbs: Option<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.seal(py, encode_coefficients, &values, scale, limbs)
    }

    /// Slot values. Raises InvalidBytes or ParameterMismatch.
    fn decrypt<'py>(
        &self,
        py: Python<'py>,
        ciphertext: Bytes,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        self.open(py, decode, &ciphertext)
    }

    /// Coefficients. Raises InvalidBytes or ParameterMismatch.
    fn decrypt_coefficients<'py>(
        &self,
        py: Python<'py>,
        ciphertext: Bytes,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        self.open(py, decode_coefficients, &ciphertext)
    }

    /// One period of the slots. Raises InvalidBytes or ParameterMismatch.
    fn decrypt_projected<'py>(
        &self,
        py: Python<'py>,
        projected: Bytes,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let values = self.with(py, |key| {
            let projected = Projected::from_bytes(&self.parameters, projected.as_ref())?;
            Ok(decode(&self.parameters, &key.decrypt_projected(&projected)))
        })?;
        Ok(values.to_pyarray(py))
    }

    /// A key under which anybody encrypts.
    fn public_key(&self, py: Python<'_>) -> PyResult<PyPublicKey> {
        let key = self.with(py, SecretKey::public_key)?;
        Ok(PyPublicKey {
            parameters: self.parameters.clone(),
            key,
        })
    }

    /// Seeded keys: rotation step -> limbs at which it is used, and limbs of products.
    #[pyo3(signature = (rotations, relinearisation = List::default()))]
    fn evaluation_keys<'py>(
        &self,
        py: Python<'py>,
        #[pyo3(from_py_with = needs::rotations)] rotations: Rotations,
        #[pyo3(from_py_with = integers)] relinearisation: List<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.with(py, |key| {
            let needs = needs::needs(&self.parameters, &rotations, relinearisation)?;
            Ok(key.evaluation_keys(&needs)?.to_bytes())
        })?;
        string(py, &bytes)
    }

    /// Zeroise now; every later use raises ValueError.
    fn destroy(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || {
            drop(
                self.key
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take(),
            );
            Ok(())
        })
    }
}

/// An encryption of zero under which anybody encrypts.
#[pyclass(frozen, name = "PublicKey", module = "hushwork._native")]
pub struct PyPublicKey {
    parameters: Parameters,
    key: PublicKey,
}

#[pymethods]
impl PyPublicKey {
    #[staticmethod]
    fn from_bytes(py: Python<'_>, parameters: &PyParameters, data: Bytes) -> PyResult<Self> {
        let key = detached(py, || PublicKey::from_bytes(&parameters.0, data.as_ref()))?;
        Ok(Self {
            parameters: parameters.0.clone(),
            key,
        })
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = detached(py, || Ok(self.key.to_bytes()))?;
        string(py, &bytes)
    }

    /// A ciphertext of slot values.
    #[pyo3(signature = (values, scale, limbs = None))]
    fn encrypt<'py>(
        &self,
        py: Python<'py>,
        values: PyReadonlyArray1<'py, f64>,
        scale: f64,
        #[pyo3(from_py_with = integers)] limbs: Option<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let values = vector(&values)?;
        let sealed = detached(py, || {
            let plaintext = prepare(&self.parameters, encode, &values, scale, limbs)?;
            Ok(self.key.encrypt(&plaintext)?.to_bytes(&self.parameters))
        })?;
        string(py, &sealed)
    }
}

/// What the evaluating party holds.
#[pyclass(frozen, name = "EvaluationKeys", module = "hushwork._native")]
pub struct PyEvaluationKeys(pub Arc<EvaluationKeys>);

#[pymethods]
impl PyEvaluationKeys {
    #[staticmethod]
    fn from_bytes(py: Python<'_>, parameters: &PyParameters, data: Bytes) -> PyResult<Self> {
        let keys = detached(py, || {
            EvaluationKeys::from_bytes(&parameters.0, data.as_ref())
        })?;
        Ok(Self(Arc::new(keys)))
    }

    #[getter]
    fn rotations(&self) -> BTreeMap<usize, Vec<usize>> {
        needs::steps(&self.0.needs())
    }

    #[getter]
    fn relinearisation(&self) -> Vec<usize> {
        self.0.needs().relinearisation().collect()
    }
}
