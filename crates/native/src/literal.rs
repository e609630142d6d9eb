//! The steps of a program, from Python dicts.

use hushwork_ckks::program::{Linear, Step, Term};
use numpy::PyReadonlyArray1;
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::vector;

type Vector<'py> = PyReadonlyArray1<'py, f64>;
type TermTuple<'py> = (usize, usize, i64, usize, i64, Vector<'py>);

/// Reads one step; unknown, missing and ill-typed fields raise ValueError or TypeError.
pub fn step(dict: &Bound<'_, PyDict>) -> PyResult<Step> {
    let fields = Fields(dict);
    let op: String = fields.get("op")?;
    let (names, step): (&[&str], _) = match op.as_str() {
        "linear" => (
            &["inputs", "outputs", "terms", "giant_step", "scale", "bias"],
            Step::Linear(linear(&fields)?),
        ),
        "multiply" => (
            &["a", "b", "output", "scale"],
            Step::Multiply {
                a: fields.get("a")?,
                b: fields.get("b")?,
                output: fields.get("output")?,
                scale: fields.get("scale")?,
            },
        ),
        "add" => (
            &["a", "b", "output"],
            Step::Add {
                a: fields.get("a")?,
                b: fields.get("b")?,
                output: fields.get("output")?,
            },
        ),
        "add_plain" => (
            &["input", "output", "values"],
            Step::AddPlain {
                input: fields.get("input")?,
                output: fields.get("output")?,
                values: vector(&fields.get("values")?),
            },
        ),
        "rotate_add" => (
            &["input", "output", "steps"],
            Step::RotateAdd {
                input: fields.get("input")?,
                output: fields.get("output")?,
                steps: fields.get("steps")?,
            },
        ),
        "drop" => (
            &["input", "output", "limbs"],
            Step::Drop {
                input: fields.get("input")?,
                output: fields.get("output")?,
                limbs: fields.get("limbs")?,
            },
        ),
        _ => return Err(PyValueError::new_err(format!("unknown operation {op:?}"))),
    };
    fields.no_more_than(names)?;
    Ok(step)
}

fn linear(fields: &Fields<'_, '_>) -> PyResult<Linear> {
    let terms: Vec<TermTuple<'_>> = fields.get("terms")?;
    let bias: Vec<Option<Vector<'_>>> = fields.get("bias")?;
    Ok(Linear {
        inputs: fields.get("inputs")?,
        outputs: fields.get("outputs")?,
        terms: terms.into_iter().map(term).collect(),
        giant_step: fields.get("giant_step")?,
        scale: fields.get("scale")?,
        bias: bias.iter().map(|bias| bias.as_ref().map(vector)).collect(),
    })
}

fn term((output, input, anchor, giant, baby, weights): TermTuple<'_>) -> Term {
    Term {
        output,
        input,
        anchor,
        giant,
        baby,
        weights: vector(&weights),
    }
}

struct Fields<'a, 'py>(&'a Bound<'py, PyDict>);

impl<'py> Fields<'_, 'py> {
    fn get<T: FromPyObjectOwned<'py>>(&self, name: &str) -> PyResult<T> {
        let item = self.0.get_item(name)?;
        let item = item.ok_or_else(|| PyValueError::new_err(format!("a step lacks {name:?}")))?;
        item.extract()
            .map_err(|error: T::Error| self.explain(name, error.into()))
    }

    fn explain(&self, name: &str, error: PyErr) -> PyErr {
        let py = self.0.py();
        if error.is_instance_of::<PyOverflowError>(py) {
            return PyValueError::new_err(format!("{name:?}: {}", error.value(py)));
        }
        error
    }

    fn no_more_than(&self, names: &[&str]) -> PyResult<()> {
        for key in self.0.keys() {
            let key: String = key.extract()?;
            if key != "op" && !names.contains(&key.as_str()) {
                return Err(PyValueError::new_err(format!("a step has no {key:?}")));
            }
        }
        Ok(())
    }
}
