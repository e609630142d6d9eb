//! Sums over rotations, one after another.

use super::linear::ROTATION;
use super::literal::Register;
use super::run::{Run, RunError};
use crate::switching::Addend;
use crate::{Ciphertext, Extended};

impl Run<'_> {
    /// For each step in turn, x = x + rotate(x, step); only what is decomposed is divided by P
    /// between them.
    pub(super) fn rotate_add(
        &self,
        input: Register,
        steps: &[usize],
    ) -> Result<Ciphertext, RunError> {
        let input = self.register(input);
        let mut sum: Option<Extended> = None;
        for &step in steps {
            self.tick(ROTATION, input.limbs())?;
            sum = Some(self.plus_rotated(input, sum, step)?);
        }
        Ok(sum.map_or_else(
            || Ciphertext::clone(input),
            |sum| self.evaluator.mod_down(sum),
        ))
    }

    fn plus_rotated(
        &self,
        input: &Ciphertext,
        sum: Option<Extended>,
        step: usize,
    ) -> Result<Extended, RunError> {
        let (limbs, scale) = (input.limbs(), input.scale);
        let (digits, whole) = match sum {
            None => (self.evaluator.decompose(&input.c1), None),
            Some(Extended { c0, c1, .. }) => {
                let divided = self.parameters().mod_down(limbs).apply(c1);
                (self.evaluator.decompose_owned(divided), Some(c0))
            }
        };
        let constant = |step| match &whole {
            None => Addend::Plain(&input.c0, step),
            Some(whole) => Addend::Extended(whole, step),
        };
        let secret = Addend::Plain(digits.source(), 0);
        let (c0, c1) = if step == 0 {
            let twice = [constant(0), constant(0)];
            let total = |addends: &[Addend<'_>]| self.evaluator.total(limbs, addends);
            (total(&twice), total(&[secret, secret]))
        } else {
            let key = self.keys.rotation_key(step, limbs)?;
            let addends = [vec![constant(step), constant(0)], vec![secret]];
            self.evaluator.switch_adding(&digits, step, key, &addends)
        };
        Ok(Extended {
            c0,
            c1,
            scale,
            limbs,
        })
    }
}
