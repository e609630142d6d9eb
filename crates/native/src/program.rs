//! Whole programs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use hushwork_ckks::program::{Program, ProgramLiteral, Progress, RunError};
use hushwork_ckks::{Ciphertext, Error, Parameters, Projected, Result, projection};
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::arrays::{Bytes, string};
use crate::errors::{Raise, detached};
use crate::integers::integers;
use crate::keys::PyEvaluationKeys;
use crate::lists::List;
use crate::literal;
use crate::needs;
use crate::parameters::PyParameters;

/// More than any machine has.
const MAX_THREADS: usize = 1024;

/// A packed program: plain data in, compiled once, run whole.
#[pyclass(frozen, name = "Program", module = "hushwork._native")]
pub struct PyProgram {
    parameters: Parameters,
    program: Program,
    period: Option<usize>,
}

#[pymethods]
impl PyProgram {
    #[new]
    #[pyo3(signature = (parameters, inputs, steps, outputs, period = None))]
    fn new(
        py: Python<'_>,
        parameters: &PyParameters,
        #[pyo3(from_py_with = integers)] inputs: List<(usize, f64)>,
        steps: List<Bound<'_, PyDict>>,
        #[pyo3(from_py_with = integers)] outputs: List<usize>,
        #[pyo3(from_py_with = integers)] period: Option<usize>,
    ) -> PyResult<Self> {
        let steps = literal::steps(&steps.0)?;
        let literal = ProgramLiteral {
            inputs: inputs.0,
            steps,
            outputs: outputs.0,
        };
        let parameters = parameters.0.clone();
        let compiled = detached(py, || {
            let check = |period| projection::check_period(&parameters, period);
            period.map_or(Ok(()), check).map_err(Error::Misuse)?;
            Ok(Program::new(parameters.clone(), &literal))
        })?;
        let program = compiled.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self {
            parameters,
            program,
            period,
        })
    }

    /// Rotation keys that are needed: step -> most limbs of each tier in which it is used.
    #[getter]
    fn rotations(&self) -> BTreeMap<usize, Vec<usize>> {
        needs::steps(self.program.needs())
    }

    #[getter]
    fn relinearisation(&self) -> Vec<usize> {
        self.program.needs().relinearisation().collect()
    }

    /// Raises MissingKey or ParameterMismatch unless these are keys to run with.
    fn check_keys(&self, py: Python<'_>, keys: &PyEvaluationKeys) -> PyResult<()> {
        detached(py, || self.program.check_keys(&keys.0))
    }

    /// (limbs, scale) of each output ciphertext.
    #[getter]
    fn outputs(&self) -> Vec<(usize, f64)> {
        self.program
            .outputs()
            .map(|shape| (shape.limbs, shape.scale))
            .collect()
    }

    /// Memory that the encoded weights take.
    #[getter]
    fn plaintext_bytes(&self) -> usize {
        self.program.plaintext_bytes()
    }

    /// Run on all cores (or `threads`), GIL released.
    #[pyo3(signature = (keys, inputs, progress = None, threads = 0))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        keys: &PyEvaluationKeys,
        inputs: List<Bytes>,
        progress: Option<Py<PyAny>>,
        #[pyo3(from_py_with = integers)] threads: usize,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        if threads > MAX_THREADS {
            return Err(PyValueError::new_err(format!(
                "at most {MAX_THREADS} threads"
            )));
        }
        let mut raised = None;
        let mut watch = |at: Progress| match report(progress.as_ref(), at) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                raised = Some(error);
                ControlFlow::Break(())
            }
        };
        let result = detached(py, || {
            let read = |data: &Bytes| self.read(data.as_ref());
            self.program.check_keys(&keys.0)?;
            self.program.check_count(inputs.0.len())?;
            let inputs = inputs.0.iter().map(read).collect::<Result<_>>()?;
            let outputs = self.program.run(&keys.0, inputs, threads, &mut watch);
            Ok(outputs.map(|outputs| self.write(&outputs)))
        })?;
        if let Some(error) = raised {
            return Err(error);
        }
        let outputs = result.map_err(|error| run_exception(py, error))?;
        outputs.iter().map(|output| string(py, output)).collect()
    }
}

impl PyProgram {
    fn read(&self, data: &[u8]) -> Result<Ciphertext> {
        match self.period {
            None => Ciphertext::from_bytes(&self.parameters, data),
            Some(period) => {
                Projected::from_bytes(&self.parameters, data)?.repeated(&self.parameters, period)
            }
        }
    }

    fn write(&self, outputs: &[Ciphertext]) -> Vec<Vec<u8>> {
        outputs
            .iter()
            .map(|output| output.to_bytes(&self.parameters))
            .collect()
    }
}

/// Lets signal handlers run, then tells the caller how far the run has come.
fn report(progress: Option<&Py<PyAny>>, at: Progress) -> PyResult<()> {
    Python::attach(|py| {
        py.check_signals()?;
        progress.map_or(Ok(()), |call| {
            call.call1(py, (at.step, at.done, at.total)).map(drop)
        })
    })
}

fn run_exception(py: Python<'_>, error: RunError) -> PyErr {
    match error {
        RunError::Refused(error) => error.exception(py),
        missed @ RunError::OutOfMemory(_) => PyMemoryError::new_err(missed.to_string()),
        error => PyRuntimeError::new_err(error.to_string()),
    }
}
