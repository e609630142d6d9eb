//! The steps of a program, from Python dicts.

use hushwork_ckks::program::{
    Combine, Linear, MAX_CIPHERTEXTS, MAX_ENTRIES, MAX_PLAINTEXT_BYTES, MAX_STEPS, Step, Term,
};
use numpy::PyReadonlyArray1;
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{converted, items, vector};
use crate::errors::reserved;
use crate::lists::List;

type Vector<'py> = PyReadonlyArray1<'py, f64>;
type TermTuple<'py> = (usize, usize, i64, usize, i64, Vector<'py>);

/// Reads steps; unknown, missing and ill-typed fields raise ValueError or TypeError, as do more
/// weights than a program may have.
pub fn steps(dicts: &[Bound<'_, PyDict>]) -> PyResult<Vec<Step>> {
    if dicts.len() > MAX_STEPS {
        let message = format!("{} steps, at most {MAX_STEPS}", dicts.len());
        return Err(PyValueError::new_err(message));
    }
    let mut weights = Weights { bytes: 0 };
    let mut steps = reserved(dicts.len())?;
    for dict in dicts {
        steps.push(step(&Fields(dict), &mut weights)?);
    }
    Ok(steps)
}

fn step(fields: &Fields<'_, '_>, weights: &mut Weights) -> PyResult<Step> {
    let op: String = fields.get("op")?;
    let (names, step): (&[&str], _) = match op.as_str() {
        "linear" => (
            &["inputs", "outputs", "terms", "giant_step", "scale", "bias"],
            Step::Linear(linear(fields, weights)?),
        ),
        "combine" => (
            &[
                "inputs", "outputs", "starts", "columns", "weights", "bias", "scale",
            ],
            Step::Combine(combine(fields, weights)?),
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
                values: vector(&fields.get("values")?)?,
            },
        ),
        "rotate_add" => (
            &["input", "output", "steps"],
            Step::RotateAdd {
                input: fields.get("input")?,
                output: fields.get("output")?,
                steps: fields.list("steps")?,
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

fn linear(fields: &Fields<'_, '_>, weights: &mut Weights) -> PyResult<Linear> {
    let tuples = fields.list::<TermTuple<'_>>("terms")?;
    let bias = fields.list::<Option<Vector<'_>>>("bias")?;
    weights.count(
        tuples
            .iter()
            .map(|tuple| &tuple.5)
            .chain(bias.iter().flatten()),
    )?;
    let mut terms = reserved(tuples.len())?;
    for tuple in &tuples {
        terms.push(term(tuple)?);
    }
    let bias = bias
        .iter()
        .map(|bias| bias.as_ref().map(vector).transpose());
    Ok(Linear {
        inputs: fields.list("inputs")?,
        outputs: fields.list("outputs")?,
        terms,
        giant_step: fields.get("giant_step")?,
        scale: fields.get("scale")?,
        bias: bias.collect::<PyResult<_>>()?,
    })
}

fn combine(fields: &Fields<'_, '_>, weights: &mut Weights) -> PyResult<Combine> {
    let entries: Vector<'_> = fields.get("weights")?;
    let bias: Option<Vector<'_>> = fields.get("bias")?;
    weights.count(std::iter::once(&entries).chain(&bias))?;
    let starts = items::<i64>(&fields.get("starts")?, MAX_CIPHERTEXTS + 1)?;
    let bias = bias.map(|bias| items(&bias, MAX_CIPHERTEXTS));
    Ok(Combine {
        inputs: fields.list("inputs")?,
        outputs: fields.list("outputs")?,
        starts: converted(starts)?,
        columns: columns(fields)?,
        weights: items(&entries, MAX_ENTRIES)?,
        bias: bias.transpose()?,
        scale: fields.get("scale")?,
    })
}

/// Of either sign, as NumPy has them.
fn columns(fields: &Fields<'_, '_>) -> PyResult<Vec<u32>> {
    let columns: Bound<'_, PyAny> = fields.get("columns")?;
    match columns.extract::<PyReadonlyArray1<'_, u32>>() {
        Ok(columns) => items(&columns, MAX_ENTRIES),
        Err(_) => converted(items::<i32>(&fields.get("columns")?, MAX_ENTRIES)?),
    }
}

fn term((output, input, anchor, giant, baby, weights): &TermTuple<'_>) -> PyResult<Term> {
    Ok(Term {
        output: *output,
        input: *input,
        anchor: *anchor,
        giant: *giant,
        baby: *baby,
        weights: vector(weights)?,
    })
}

/// Counts what is copied, before it is: many terms may share one array.
struct Weights {
    bytes: usize,
}

impl Weights {
    fn count<'a, 'py: 'a>(
        &mut self,
        arrays: impl Iterator<Item = &'a Vector<'py>>,
    ) -> PyResult<()> {
        let values = arrays.map(|array| array.as_array().len());
        let bytes = values.fold(0, |sum: usize, values| sum.saturating_add(8 * values));
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= MAX_PLAINTEXT_BYTES {
            return Ok(());
        }
        let message = format!(
            "{} bytes of weights, at most {MAX_PLAINTEXT_BYTES}",
            self.bytes
        );
        Err(PyValueError::new_err(message))
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

    fn list<T: FromPyObjectOwned<'py>>(&self, name: &str) -> PyResult<Vec<T>> {
        Ok(self.get::<List<T>>(name)?.0)
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
