//! The inputs of a linear step under their rotations, none of which is ever held in full.

use std::sync::Arc;

use rayon::prelude::*;

use super::compile::{Anchor, Matrix};
use super::linear::{HOISTED, ROTATION};
use super::run::{Run, RunError};
use crate::keys::SwitchingKey;
use crate::switching::{Half, Switching};
use crate::{Ciphertext, Decomposed, Evaluator};

/// An input under one anchor and, where babies rotate it, its digits.
pub(super) struct Anchored {
    ciphertext: Arc<Ciphertext>,
    digits: Option<Arc<Decomposed>>,
}

/// The same under one baby.
pub(super) struct Rotated<'a> {
    anchored: &'a Anchored,
    /// None for a step of 0.
    key: Option<&'a SwitchingKey>,
    step: usize,
}

impl Rotated<'_> {
    /// Some words of a row of one half, times P.
    pub fn block(
        &self,
        evaluator: &Evaluator,
        half: Half,
        row: usize,
        start: usize,
        out: &mut [u64],
    ) {
        let Anchored { ciphertext, digits } = self.anchored;
        let addend = match (half, self.key) {
            (Half::Constant, _) => Some(&ciphertext.c0),
            (Half::Secret, None) => Some(&ciphertext.c1),
            (Half::Secret, Some(_)) => None,
        };
        let switching = Switching {
            digits: digits.as_ref().map_or(&[], |digits| &digits.digits),
            key: self.key,
            addend,
            step: self.step,
            limbs: ciphertext.limbs(),
        };
        evaluator.inner_product_block(&switching, half, row, start, out);
    }
}

impl Run<'_> {
    /// The inputs under all anchors, in their order.
    pub(super) fn anchored(&self, matrix: &Matrix) -> Result<Vec<Anchored>, RunError> {
        let mut anchored = Vec::with_capacity(matrix.anchors.len());
        for anchors in matrix.anchors.chunk_by(|a, b| a.input == b.input) {
            let input = self.register(anchors[0].input);
            let rotates = anchors.iter().any(|anchor| anchor.units() > 0);
            let digits = rotates.then(|| Arc::new(self.evaluator.decompose(&input.c1)));
            let anchors = anchors.par_iter();
            let moved = anchors.map(|anchor| self.anchor(input, digits.as_ref(), anchor));
            anchored.extend(moved.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(anchored)
    }

    fn anchor(
        &self,
        input: &Arc<Ciphertext>,
        digits: Option<&Arc<Decomposed>>,
        anchor: &Anchor,
    ) -> Result<Anchored, RunError> {
        let Some(digits) = digits.filter(|_| anchor.step != 0) else {
            return Ok(Anchored {
                ciphertext: Arc::clone(input),
                digits: digits.cloned(),
            });
        };
        self.tick(ROTATION, digits.limbs)?;
        let moved = self
            .evaluator
            .rotate_decomposed(input, digits, anchor.step, self.keys)?;
        let again = || Arc::new(self.evaluator.decompose(&moved.c1));
        let digits = anchor.moves().then(again);
        Ok(Anchored {
            ciphertext: Arc::new(moved),
            digits,
        })
    }

    /// The inputs under all anchors and babies, in the order of `Product::rotated`.
    pub(super) fn rotated<'a>(
        &'a self,
        matrix: &Matrix,
        anchored: &'a [Anchored],
    ) -> Result<Vec<Rotated<'a>>, RunError> {
        let anchors = matrix.anchors.iter().zip(anchored);
        let babies = anchors
            .flat_map(|(anchor, anchored)| anchor.babies.iter().map(move |&step| (anchored, step)));
        let rotated = babies.map(|(anchored, step)| {
            let key = self.baby_key(step, matrix.limbs)?;
            Ok(Rotated {
                anchored,
                key,
                step,
            })
        });
        rotated.collect()
    }

    /// Expanded here, since a block must not wait for other threads.
    fn baby_key(&self, step: usize, limbs: usize) -> Result<Option<&SwitchingKey>, RunError> {
        if step == 0 {
            return Ok(None);
        }
        self.tick(HOISTED, limbs)?;
        let key = self.keys.rotation_key(step, limbs)?;
        let _expanded = key.uniform();
        Ok(Some(key))
    }
}
