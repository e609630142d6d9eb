//! Checks of a combine step.

use super::{Checker, Checks, positive, within};
use crate::program::limits::{MAX_CIPHERTEXTS, MAX_ENCODED, MAX_ENTRIES, Shape};
use crate::program::literal::Combine;

impl Checker<'_> {
    pub(super) fn combine(&mut self, combine: &Combine) -> Checks<()> {
        let limbs = self.inputs(&combine.inputs, MAX_CIPHERTEXTS)?;
        within("outputs", combine.outputs.len(), MAX_CIPHERTEXTS)?;
        positive(combine.scale)?;
        let entries = combine.weights.len();
        self.entries += entries + combine.inputs.len() + combine.outputs.len();
        within("entries", self.entries, MAX_ENTRIES)?;
        self.count_bytes(entries * (size_of::<i64>() + size_of::<u32>()))?;
        rows(combine)?;
        self.weights(combine, self.top_prime(limbs)?)?;
        biases(combine)?;
        let shape = Shape {
            limbs: limbs - 1,
            scale: combine.scale,
        };
        let mut outputs = combine.outputs.iter();
        outputs.try_for_each(|&register| self.write(register, shape))
    }

    fn weights(&self, combine: &Combine, prime: f64) -> Checks<()> {
        let scale = |&register| self.weight_scale(combine.scale, prime, self.read(register)?);
        let scales = combine.inputs.iter().map(scale);
        let scales = scales.collect::<Checks<Vec<_>>>()?;
        let pairs = combine.columns.iter().zip(&combine.weights);
        for (index, (&column, &weight)) in pairs.enumerate() {
            let scale = scales.get(column as usize);
            let scale = scale.ok_or_else(|| format!("entry {index}: no input {column}"))?;
            encodable(weight, *scale).map_err(|problem| format!("entry {index}: {problem}"))?;
        }
        Ok(())
    }
}

/// Whether the entries are divided among the outputs, some to each.
fn rows(combine: &Combine) -> Checks<()> {
    let Combine {
        outputs,
        starts,
        columns,
        weights,
        ..
    } = combine;
    require!(!outputs.is_empty(), "no outputs");
    require!(
        columns.len() == weights.len(),
        "{} columns, {} weights",
        columns.len(),
        weights.len()
    );
    require!(
        starts.len() == outputs.len() + 1,
        "{} starts, {} outputs",
        starts.len(),
        outputs.len()
    );
    require!(
        starts[0] == 0 && starts[outputs.len()] == weights.len(),
        "starts from {} to {}, {} entries",
        starts[0],
        starts[outputs.len()],
        weights.len()
    );
    require!(
        starts.is_sorted_by(|a, b| a < b),
        "an output without entries"
    );
    Ok(())
}

fn biases(combine: &Combine) -> Checks<()> {
    let Some(bias) = &combine.bias else {
        return Ok(());
    };
    let (count, outputs) = (bias.len(), combine.outputs.len());
    require!(count == outputs, "{count} biases, {outputs} outputs");
    let mut bias = bias.iter();
    bias.try_for_each(|&value| encodable(value, combine.scale))
        .map_err(|problem| format!("bias: {problem}"))
}

fn encodable(value: f64, scale: f64) -> Checks<()> {
    require!(value.is_finite(), "a value is not finite");
    require!(
        (0.0..=MAX_ENCODED).contains(&(value.abs() * scale)),
        "{value:e} at scale {scale:e} is too large"
    );
    Ok(())
}
