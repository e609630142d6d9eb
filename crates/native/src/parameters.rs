//! Parameters, and what can be asked before there are any.

use std::hash::{Hash, Hasher};

use hushwork_ckks::error::Detail;
use hushwork_ckks::{Error, Literal, Parameters, Result, Tier, projection, security, serial};
use hushwork_ring::Choice;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrays::Bytes;
use crate::errors::{Raise, detached};
use crate::integers::integers;
use crate::lists::List;
use crate::needs::{self, Rotations};

/// Limbs, limbs of Q in a digit, primes of P.
type TierTuple = (usize, usize, usize);

/// Checked and immutable. `moduli` bottom first; `tiers` highest first.
#[pyclass(frozen, eq, hash, name = "Parameters", module = "hushwork._native")]
#[derive(PartialEq)]
pub struct PyParameters(pub Parameters);

impl Hash for PyParameters {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.digest().hash(state);
    }
}

#[pymethods]
impl PyParameters {
    #[new]
    fn new(
        py: Python<'_>,
        #[pyo3(from_py_with = integers)] log_n: u32,
        #[pyo3(from_py_with = integers)] moduli: List<u64>,
        #[pyo3(from_py_with = integers)] special: List<u64>,
        #[pyo3(from_py_with = integers)] tiers: List<TierTuple>,
    ) -> PyResult<Self> {
        let literal = literal(log_n, moduli, special, &tiers);
        with_kernel(py, || Parameters::new(literal)).map(Self)
    }

    /// A test-only set: every check but the bound. from_bytes refuses it.
    #[staticmethod]
    fn insecure(
        py: Python<'_>,
        #[pyo3(from_py_with = integers)] log_n: u32,
        #[pyo3(from_py_with = integers)] moduli: List<u64>,
        #[pyo3(from_py_with = integers)] special: List<u64>,
        #[pyo3(from_py_with = integers)] tiers: List<TierTuple>,
    ) -> PyResult<Self> {
        let literal = literal(log_n, moduli, special, &tiers);
        with_kernel(py, || Parameters::insecure(literal)).map(Self)
    }

    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: Bytes) -> PyResult<Self> {
        with_kernel(py, || Parameters::from_bytes(data.as_ref())).map(Self)
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    #[getter]
    fn log_n(&self) -> u32 {
        self.0.literal().log_degree
    }

    #[getter]
    fn slots(&self) -> usize {
        self.0.degree()
    }

    #[getter]
    fn moduli(&self) -> Vec<u64> {
        self.0.literal().moduli.clone()
    }

    #[getter]
    fn special(&self) -> Vec<u64> {
        self.0.literal().special.clone()
    }

    #[getter]
    fn tiers(&self) -> Vec<TierTuple> {
        let tiers = self.0.literal().tiers.iter();
        tiers
            .map(|tier| (tier.limbs, tier.digit, tier.special))
            .collect()
    }

    #[getter]
    fn log_qp(&self) -> f64 {
        self.0.log_qp()
    }

    #[getter]
    fn is_secure(&self) -> bool {
        self.0.is_secure()
    }
}

fn literal(
    log_degree: u32,
    List(moduli): List<u64>,
    List(special): List<u64>,
    tiers: &List<TierTuple>,
) -> Literal {
    let tier = |&(limbs, digit, special): &TierTuple| Tier {
        limbs,
        digit,
        special,
    };
    Literal {
        log_degree,
        moduli,
        special,
        tiers: tiers.0.iter().map(tier).collect(),
    }
}

/// The kernel in use. Raises InvalidParameters where the environment names none.
#[pyfunction]
pub fn kernel(py: Python<'_>) -> PyResult<&'static str> {
    detached(py, || chosen_kernel().map(Choice::name))
}

/// Give free memory back to the system: after a compilation, most of what it took.
#[pyfunction]
pub fn release_memory(py: Python<'_>) -> PyResult<()> {
    detached(py, || {
        hushwork_ring::buffer::release();
        Ok(())
    })
}

/// Keep what is freed for what is allocated next, or no longer.
#[pyfunction]
pub fn keep_memory(freed: bool) {
    hushwork_ring::buffer::keep(freed);
}

fn chosen_kernel() -> Result<Choice> {
    Choice::from_environment().map_err(|unknown| {
        Error::InvalidParameters(Detail::new(
            "HUSHWORK_KERNEL names no kernel of this processor",
            unknown.expected,
            unknown.got,
        ))
    })
}

/// `detached` work that makes kernels.
fn with_kernel<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    detached(py, || chosen_kernel().and_then(|_| work()))
}

/// Distinct primes = 1 mod 4N below 2**50, each the largest of bits[i] bits that is left.
#[pyfunction]
pub fn find_primes(
    py: Python<'_>,
    #[pyo3(from_py_with = integers)] log_n: u32,
    #[pyo3(from_py_with = integers)] bits: List<u32>,
) -> PyResult<Vec<u64>> {
    detached(py, || hushwork_ckks::find_primes(log_n, &bits.0))
}

/// Most bits of Q * P for 128-bit security. Raises InsecureParameters where none is known.
#[pyfunction]
pub fn security_bound(
    py: Python<'_>,
    #[pyo3(from_py_with = integers)] log_n: u32,
) -> PyResult<u32> {
    let unknown = || {
        let detail = Detail::new(
            "no security figure for this degree",
            "log_n of 13 to 17",
            log_n,
        );
        Error::InsecureParameters(detail).exception(py)
    };
    security::security_bound(log_n).ok_or_else(unknown)
}

/// Exact size of a serialised ciphertext.
#[pyfunction]
pub fn ciphertext_bytes(
    py: Python<'_>,
    parameters: &PyParameters,
    #[pyo3(from_py_with = integers)] limbs: usize,
    seeded: bool,
) -> PyResult<usize> {
    detached(py, || {
        check_limbs(&parameters.0, limbs)?;
        Ok(serial::ciphertext_bytes(&parameters.0, limbs, seeded))
    })
}

/// Exact size of a serialised projected ciphertext.
#[pyfunction]
pub fn projected_bytes(
    py: Python<'_>,
    parameters: &PyParameters,
    #[pyo3(from_py_with = integers)] limbs: usize,
    #[pyo3(from_py_with = integers)] period: usize,
    seeded: bool,
) -> PyResult<usize> {
    let parameters = &parameters.0;
    detached(py, || {
        check_limbs(parameters, limbs)?;
        projection::check_period(parameters, period).map_err(Error::Misuse)?;
        let bytes = projection::projected_bytes(parameters, limbs, period, seeded);
        Ok(bytes)
    })
}

/// Exact size of serialised evaluation keys.
#[pyfunction]
#[pyo3(signature = (parameters, rotations, relinearisation = List::default()))]
pub fn evaluation_keys_bytes(
    py: Python<'_>,
    parameters: &PyParameters,
    #[pyo3(from_py_with = needs::rotations)] rotations: Rotations,
    #[pyo3(from_py_with = integers)] relinearisation: List<usize>,
) -> PyResult<usize> {
    let parameters = &parameters.0;
    detached(py, || {
        let needs = needs::needs(parameters, &rotations, relinearisation)?;
        Ok(serial::evaluation_keys_bytes(parameters, &needs))
    })
}

/// Misuse unless a ciphertext can have so many limbs.
pub fn check_limbs(parameters: &Parameters, limbs: usize) -> Result<()> {
    let most = parameters.limbs();
    if (1..=most).contains(&limbs) {
        return Ok(());
    }
    Err(Error::Misuse(Detail::new(
        "number of limbs",
        format!("1 to {most}"),
        limbs,
    )))
}
