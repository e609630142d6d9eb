//! Which evaluation keys, as Python has them: rotation step -> limbs, and limbs of products.

use std::collections::BTreeMap;

use hushwork_ckks::{KeyNeeds, Parameters, Result};
use pyo3::prelude::*;
use pyo3::types::PyMapping;

use crate::integers::integers;
use crate::lists::List;

/// Steps of either sign, each with any limbs at which it is used.
pub type Rotations = List<(i64, List<usize>)>;

/// Extracts any mapping from rotation steps to sequences of limbs.
pub fn rotations(object: &Bound<'_, PyAny>) -> PyResult<Rotations> {
    integers(object.cast::<PyMapping>()?.items()?.as_any())
}

/// What these uses need. Misuse for one out of range.
pub fn needs(
    parameters: &Parameters,
    rotations: &Rotations,
    relinearisation: List<usize>,
) -> Result<KeyNeeds> {
    let pairs = rotations.0.iter().flat_map(|(step, depths)| {
        let step = parameters.step(*step);
        depths.0.iter().map(move |limbs| (step, *limbs))
    });
    KeyNeeds::new(parameters, pairs, relinearisation.0)
}

/// Rotation in 1..N -> falling limbs, one of each tier at most.
pub fn steps(needs: &KeyNeeds) -> BTreeMap<usize, Vec<usize>> {
    let mut steps = BTreeMap::<_, Vec<_>>::new();
    for (step, limbs) in needs.rotations() {
        steps.entry(step).or_default().push(limbs);
    }
    steps
}
