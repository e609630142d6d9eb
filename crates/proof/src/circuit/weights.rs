//! The ranges of weights that everybody sees. Those of hidden ones are shown by their publication.

use super::Circuit;
use super::entries::signed;
use super::network::WEIGHT_BOUND;
use super::sums::{Kernel, Sum};
use crate::error::{Result, refuse};
use crate::field::F;
use crate::linear::Tensor;

impl Circuit {
    /// Refuses slots of weights that are out of range, too few or too many.
    ///
    /// # Errors
    /// InvalidProof
    pub fn check_weights(&self, slots: &[F]) -> Result<()> {
        if slots.len() != self.places.weights {
            let (expected, got) = (self.places.weights, slots.len());
            return Err(refuse("slots of weights", expected, got));
        }
        self.sums.iter().try_for_each(|sum| sum.check(slots))
    }
}

impl Sum {
    fn check(&self, slots: &[F]) -> Result<()> {
        for part in &self.parts {
            if let Kernel::Weights(tensor) = part.kernel {
                check("weights", slots, tensor, WEIGHT_BOUND)?;
            }
        }
        self.bias.map_or(Ok(()), |tensor| {
            check("biases", slots, tensor, 1 << self.bounds.log_bias)
        })
    }
}

fn check(what: &'static str, slots: &[F], tensor: Tensor, bound: i64) -> Result<()> {
    let values = slots[tensor.range()].iter().map(|value| signed(*value));
    let outside = values
        .into_iter()
        .find(|value| !(-bound..bound).contains(value));
    outside.map_or(Ok(()), |value| {
        Err(refuse(
            what,
            format!("from {} to {}", -bound, bound - 1),
            value,
        ))
    })
}
