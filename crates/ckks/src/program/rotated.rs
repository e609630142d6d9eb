//! The inputs of a linear step under their rotations, none of which is ever held in full.

use std::borrow::Cow;
use std::sync::Arc;

use hushwork_ring::{Pair, Poly, Term};
use rayon::prelude::*;

use super::linear::{HOISTED, ROTATION};
use super::matrix::{Anchor, Matrix};
use super::run::{Run, RunError};
use crate::keys::SwitchingKey;
use crate::switching::{Addend, switch_pairs};
use crate::{Ciphertext, Decomposed, Evaluator};

/// An input under one anchor: its constant half, and the other one as the source of its digits,
/// of which there are none where no baby rotates it.
pub(super) struct Anchored<'a> {
    constant: Constant<'a>,
    digits: Arc<Decomposed<'a>>,
}

/// As it comes, or from a rotation and not yet divided by P.
enum Constant<'a> {
    Plain(&'a Poly),
    Extended(Poly),
}

/// The same under one baby.
pub(super) struct Rotated<'a> {
    anchored: &'a Anchored<'a>,
    /// None for a step of 0.
    key: Option<&'a SwitchingKey>,
    step: usize,
}

impl<'a> Rotated<'a> {
    /// The sums that make one row of both halves, times P: what they share, and what each adds.
    pub fn terms(
        &self,
        pairs: &mut Vec<Pair<'a>>,
        evaluator: &'a Evaluator,
        row: usize,
    ) -> [Option<Term<'a>>; 2] {
        let &Self {
            anchored,
            key,
            step,
        } = self;
        pairs.clear();
        if let Some(key) = key {
            switch_pairs(pairs, &anchored.digits, step, key, row);
        }
        let constant = match &anchored.constant {
            Constant::Plain(poly) => Addend::Plain(poly, step),
            Constant::Extended(poly) => Addend::Extended(poly, step),
        };
        let secret = Addend::Plain(anchored.digits.source(), 0);
        let secret = key.is_none().then_some(secret);
        [Some(constant), secret].map(|addend| {
            addend.and_then(|addend| evaluator.addend_term(&addend, anchored.digits.limbs(), row))
        })
    }
}

impl Run<'_> {
    /// The inputs under all anchors, in their order.
    pub(super) fn anchored(&self, matrix: &Matrix) -> Result<Vec<Anchored<'_>>, RunError> {
        let mut anchored = Vec::with_capacity(matrix.anchors.len());
        for anchors in matrix.anchors.chunk_by(|a, b| a.input == b.input) {
            let input = self.register(anchors[0].input);
            let digits = Arc::new(if anchors.iter().any(|anchor| anchor.units() > 0) {
                self.evaluator.decompose(&input.c1)
            } else {
                Decomposed::none(Cow::Borrowed(&input.c1))
            });
            let anchors = anchors.par_iter();
            let moved = anchors.map(|anchor| self.anchor(input, &digits, anchor));
            anchored.extend(moved.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(anchored)
    }

    fn anchor<'a>(
        &self,
        input: &'a Ciphertext,
        digits: &Arc<Decomposed<'a>>,
        anchor: &Anchor,
    ) -> Result<Anchored<'a>, RunError> {
        if anchor.step == 0 {
            let constant = Constant::Plain(&input.c0);
            let digits = Arc::clone(digits);
            return Ok(Anchored { constant, digits });
        }
        self.tick(ROTATION, digits.limbs())?;
        let moved = self
            .evaluator
            .rotate_extended(input, digits, anchor.step, self.keys)?;
        let divided = self.parameters().mod_down(moved.limbs).apply(moved.c1);
        let digits = if anchor.moves() {
            self.evaluator.decompose_owned(divided)
        } else {
            Decomposed::none(Cow::Owned(divided))
        };
        let constant = Constant::Extended(moved.c0);
        let digits = Arc::new(digits);
        Ok(Anchored { constant, digits })
    }

    /// The inputs under all anchors and babies, in the order of `Pass::inputs`.
    pub(super) fn rotated<'a>(
        &'a self,
        matrix: &Matrix,
        anchored: &'a [Anchored<'a>],
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

    /// Expanded here, since a task must not wait for other threads.
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
