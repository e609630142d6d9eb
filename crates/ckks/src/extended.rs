//! Ciphertexts times P, not yet divided by it.

use hushwork_ring::{Poly, Runs, Term};
use rayon::prelude::*;

use crate::ciphertext::Ciphertext;
use crate::digits::Decomposed;
use crate::error::Result;
use crate::evaluator::{Evaluator, check_limbs, no_limb_left, quotient};
use crate::keys::EvaluationKeys;
use crate::switching::Addend;

/// A ciphertext times P over `extended(limbs)`, not yet divided by P; linear operations may come
/// before that division.
#[derive(Clone, Debug)]
pub struct Extended {
    /// The constant part, evaluation domain.
    pub c0: Poly,
    /// The part that meets the secret, evaluation domain.
    pub c1: Poly,
    /// Scale, not counting P.
    pub scale: f64,
    /// Moduli of Q.
    pub limbs: usize,
}

#[allow(clippy::missing_errors_doc)]
impl Evaluator {
    /// P * a * b, relinearised, not divided by P.
    pub fn multiply_extended(
        &self,
        a: &Ciphertext,
        b: &Ciphertext,
        keys: &EvaluationKeys,
    ) -> Result<Extended> {
        let limbs = check_limbs(a, b)?;
        let key = keys.relinearisation_key(limbs)?;
        let (low, middle, high) = self.tensor(a, b);
        let digits = self.decompose_owned(high);
        let addends = [&low, &middle].map(|half| vec![Addend::Plain(half, 0)]);
        let (c0, c1) = self.switch_adding(&digits, 0, key, &addends);
        let scale = a.scale * b.scale;
        Ok(Extended {
            c0,
            c1,
            scale,
            limbs,
        })
    }

    /// a0 b0, a0 b1 + a1 b0 and a1 b1, limb by limb.
    fn tensor(&self, a: &Ciphertext, b: &Ciphertext) -> (Poly, Poly, Poly) {
        let kernels = self.parameters().basis(a.limbs()).kernels();
        let new = || Poly::recycled(a.c0.degree(), a.limbs());
        let (mut low, mut middle, mut high) = (new(), new(), new());
        let degree = low.degree();
        let limbs = low.values_mut().par_chunks_exact_mut(degree);
        let limbs = limbs.zip(middle.values_mut().par_chunks_exact_mut(degree));
        let limbs = limbs.zip(high.values_mut().par_chunks_exact_mut(degree));
        limbs.enumerate().for_each(|(row, ((low, middle), high))| {
            let [a0, a1, b0, b1] = [&a.c0, &a.c1, &b.c0, &b.c1].map(|poly| poly.limb(row));
            let product = |left, right| Term {
                left,
                shift: 0,
                right,
            };
            let runs = Runs::one(0, degree);
            kernels[row].dot(runs, &[product(a0, b0)], low);
            kernels[row].dot(runs, &[product(a0, b1), product(a1, b0)], middle);
            kernels[row].dot(runs, &[product(a1, b1)], high);
        });
        (low, middle, high)
    }

    /// A rotation from the digits of a.c1, left undivided: P times the rotated ciphertext. A step
    /// of 0 needs no key.
    pub fn rotate_extended(
        &self,
        a: &Ciphertext,
        digits: &Decomposed<'_>,
        step: usize,
        keys: &EvaluationKeys,
    ) -> Result<Extended> {
        let (limbs, scale) = (a.limbs(), a.scale);
        let (c0, c1) = if step == 0 {
            (self.lift(&a.c0), self.lift(&a.c1))
        } else {
            let key = keys.rotation_key(step, limbs)?;
            let addends = [vec![Addend::Plain(&a.c0, step)], vec![]];
            self.switch_adding(digits, step, key, &addends)
        };
        Ok(Extended {
            c0,
            c1,
            scale,
            limbs,
        })
    }

    /// Divided by P.
    #[must_use]
    pub fn mod_down(&self, a: Extended) -> Ciphertext {
        let division = self.parameters().mod_down(a.limbs);
        let Extended { c0, c1, scale, .. } = a;
        let (c0, c1) = rayon::join(|| division.apply(c0), || division.apply(c1));
        Ciphertext::new(c0, c1, scale)
    }

    /// Divided by P and the last modulus at once: as `mod_down`, then `rescale`.
    pub fn mod_down_rescale(&self, a: Extended) -> Result<Ciphertext> {
        let division = self
            .parameters()
            .mod_down_rescaling(a.limbs)
            .ok_or_else(no_limb_left)?;
        let scale = a.scale / self.last_modulus(a.limbs);
        Ok(quotient(division, &a.c0, &a.c1, scale))
    }

    /// P * a over `extended(limbs)`: zero in the limbs of P.
    #[must_use]
    pub fn lift(&self, a: &Poly) -> Poly {
        self.total(a.limbs(), &[Addend::Plain(a, 0)])
    }
}
