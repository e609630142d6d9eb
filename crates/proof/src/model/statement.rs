//! What must hold of a statement before its proof is read.

use super::numbers::check;
use super::{Numbers, Outcome, Statement};
use crate::circuit::Circuit;
use crate::commitment::Shape;
use crate::error::{Result, refuse};
use crate::pin::Pinned;
use crate::scheme::{Scheme, Visibility, Weights};

impl Scheme {
    /// Refuses numbers out of range, commitments of another layout, and weights that are not seen
    /// by whom the scheme says, or, where everybody sees them, are not the model's.
    pub(super) fn check_statement(&self, circuit: &Circuit, statement: &Statement) -> Result<()> {
        match &statement.weights {
            Weights::Hidden(pinned) => self.check_weights_pin(pinned)?,
            Weights::Public(slots) => {
                self.check_visibility(Visibility::Public)?;
                circuit.check_weights(slots)?;
                if statement.model != self.model(&statement.weights) {
                    return Err(refuse("public weights", "the model's", "others"));
                }
            }
        }
        let (input, output) = (self.network().values()[0], self.network().output());
        let range = [input.range.low, input.range.high].map(i64::from);
        self.check_numbers(&statement.input, |numbers| {
            check("an input", numbers, input.size, range[0], range[1])
        })?;
        let Outcome::Numbers(numbers) = &statement.outcome else {
            return Ok(());
        };
        let bound = output.magnitude;
        self.check_numbers(numbers, |numbers| {
            check("an output", numbers, output.size, -bound, bound)
        })
    }

    /// Refuses what is not a commitment to hidden weights.
    pub(super) fn check_weights_pin(&self, pinned: &Pinned) -> Result<()> {
        self.check_visibility(Visibility::Hidden)?;
        check_shape(pinned, self.weights_shape())
    }

    fn check_visibility(&self, visibility: Visibility) -> Result<()> {
        if visibility == self.visibility() {
            return Ok(());
        }
        let (expected, got) = (self.visibility(), visibility);
        Err(refuse(
            "weights",
            format!("{expected:?}"),
            format!("{got:?}"),
        ))
    }

    fn check_numbers(
        &self,
        numbers: &Numbers,
        in_range: impl Fn(&[i32]) -> Result<()>,
    ) -> Result<()> {
        match numbers {
            Numbers::Public(numbers) => in_range(numbers),
            Numbers::Committed(pinned) => check_shape(pinned, self.boundary_shape()),
        }
    }
}

fn check_shape(pinned: &Pinned, shape: Shape) -> Result<()> {
    if pinned.shape == shape {
        return Ok(());
    }
    Err(refuse(
        "the layout of a commitment",
        format!("{shape:?}"),
        format!("{:?}", pinned.shape),
    ))
}
