//! The digits of a polynomial, for key switching.

use std::borrow::Cow;

use hushwork_ring::{Poly, with_scratch};
use rayon::prelude::*;

use crate::evaluator::Evaluator;
use crate::switching::rows;

/// The digits of a polynomial, each over `extended(limbs)` in the evaluation domain. Rotations of
/// one polynomial share them: an automorphism only shifts their arrays.
#[derive(Debug)]
pub struct Decomposed<'a> {
    source: Cow<'a, Poly>,
    digits: Vec<Digit>,
}

/// The limbs of a digit modulo all but its own primes, where it is the source.
#[derive(Debug)]
struct Digit {
    first: usize,
    own: usize,
    others: Poly,
}

impl<'a> Decomposed<'a> {
    /// Of what no rotation needs.
    pub(crate) fn none(source: Cow<'a, Poly>) -> Self {
        let digits = Vec::new();
        Self { source, digits }
    }

    /// What was decomposed.
    #[must_use]
    pub fn source(&self) -> &Poly {
        &self.source
    }

    /// Moduli of Q.
    #[must_use]
    pub fn limbs(&self) -> usize {
        self.source.limbs()
    }

    /// A row of every digit, over `extended(limbs)`.
    pub(crate) fn rows(&self, row: usize) -> impl Iterator<Item = &[u64]> {
        self.digits.iter().map(move |digit| {
            let others = &digit.others;
            match row.checked_sub(digit.first) {
                None => others.limb(row),
                Some(within) if within < digit.own => self.source.limb(row),
                Some(_) => others.limb(row - digit.own),
            }
        })
    }
}

impl Evaluator {
    /// The digits of a polynomial over `basis(limbs)`.
    #[must_use]
    pub fn decompose<'a>(&self, c1: &'a Poly) -> Decomposed<'a> {
        let digits = self.digits(c1);
        let source = Cow::Borrowed(c1);
        Decomposed { source, digits }
    }

    pub(crate) fn decompose_owned(&self, c1: Poly) -> Decomposed<'static> {
        let digits = self.digits(&c1);
        let source = Cow::Owned(c1);
        Decomposed { source, digits }
    }

    fn digits(&self, c1: &Poly) -> Vec<Digit> {
        let extensions = self.parameters().digits(c1.limbs()).par_iter().enumerate();
        extensions
            .map(|(index, extension)| {
                let first = index * self.parameters().tier(c1.limbs()).digit;
                let prepared = extension.prepare(c1, first);
                let kernels = extension.to().kernels();
                let others = rows(c1.degree(), kernels.len(), |target, out| {
                    extension.target(&prepared, target, out);
                    with_scratch(out.len(), |scratch| kernels[target].forward(out, scratch));
                });
                let own = extension.from().limbs();
                Digit { first, own, others }
            })
            .collect()
    }
}
