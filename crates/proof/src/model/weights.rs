//! A model's weights from bytes.

use crate::circuit::sums::{Kernel, Sum};
use crate::circuit::{Input, Mode, Output};
use crate::error::{Detail, Error, Result};
use crate::scheme::Scheme;

impl Scheme {
    /// Slots of weights, from their bytes: in the order of sums, one byte for each weight of shape
    /// (taps, input channels, output channels), then four for each bias.
    ///
    /// # Errors
    /// InvalidNetwork
    pub fn weights(&self, bytes: &[u8]) -> Result<Vec<i32>> {
        let circuit = self.circuit(Mode {
            input: Input::Public,
            output: Output::Public,
        })?;
        let mut rest = bytes;
        let mut slots = vec![0; circuit.places.weights];
        for sum in &circuit.sums {
            place_weights(sum, &mut rest, &mut slots)?;
        }
        if !rest.is_empty() {
            return Err(weights_error(
                format!("{} bytes", bytes.len() - rest.len()),
                bytes.len(),
            ));
        }
        Ok(slots)
    }
}

fn weights_error(expected: impl std::fmt::Display, got: impl std::fmt::Display) -> Error {
    Error::InvalidNetwork(Detail::new("weights of a model", expected, got))
}

fn place_weights(sum: &Sum, rest: &mut &[u8], slots: &mut [i32]) -> Result<()> {
    let channels = sum.bounds.size.channels;
    for part in &sum.parts {
        let Kernel::Weights(tensor) = part.kernel else {
            continue;
        };
        let inputs = part.size.channels;
        let bytes = take(rest, tensor.rows * inputs * channels)?;
        for (index, row) in bytes.chunks_exact(channels).enumerate() {
            let first =
                tensor.base + (index / inputs * tensor.middle + index % inputs) * tensor.columns;
            slots[first..][..channels]
                .iter_mut()
                .zip(row)
                .for_each(|(slot, byte)| *slot = i32::from(*byte as i8));
        }
    }
    if let Some(tensor) = sum.bias {
        let bound = 1 << sum.bounds.log_bias;
        for (slot, word) in slots[tensor.range()]
            .iter_mut()
            .zip(take(rest, 4 * channels)?.as_chunks().0)
        {
            *slot = i32::from_le_bytes(*word);
            if !(-bound..bound).contains(slot) {
                return Err(weights_error(
                    format!("biases from {} to {}", -bound, bound - 1),
                    *slot,
                ));
            }
        }
    }
    Ok(())
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8]> {
    let (taken, after) = rest
        .split_at_checked(count)
        .ok_or_else(|| weights_error(format!("{count} bytes more"), rest.len()))?;
    *rest = after;
    Ok(taken)
}
