//! Key switching: digits, inner products with a key, and ciphertexts not yet divided by P.

use hushwork_ring::{Division, Poly, Term, with_scratch};
use rayon::prelude::*;

use crate::ciphertext::Ciphertext;
use crate::error::Result;
use crate::evaluator::{Evaluator, check_limbs, no_limb_left};
use crate::keys::{EvaluationKeys, SwitchingKey, key_row};

/// The digits of a polynomial, each over `extended(limbs)` in the evaluation domain. Rotations of
/// one polynomial share them: an automorphism only shifts their arrays.
#[derive(Debug)]
pub struct Decomposed {
    /// One polynomial a digit.
    pub digits: Vec<Poly>,
    /// Moduli of Q.
    pub limbs: usize,
}

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
        let (mut low, mut high) = (a.c0.clone(), a.c1.clone());
        let basis = self.parameters().basis(limbs);
        basis.mul(&mut low, &b.c0);
        basis.mul(&mut high, &b.c1);
        let middle = self.cross(a, b);
        let digits = self.decompose(&high);
        let c0 = self.inner_product(&digits, 0, key, Half::Constant, Some(&low));
        let c1 = self.inner_product(&digits, 0, key, Half::Secret, Some(&middle));
        Ok(Extended {
            c0,
            c1,
            scale: a.scale * b.scale,
            limbs,
        })
    }

    /// a.c0 * b.c1 + a.c1 * b.c0
    fn cross(&self, a: &Ciphertext, b: &Ciphertext) -> Poly {
        let kernels = self.parameters().basis(a.limbs()).kernels();
        rows(a.c0.degree(), a.limbs(), |row, out| {
            let first = Term {
                left: a.c0.limb(row),
                shift: 0,
                right: b.c1.limb(row),
            };
            let second = Term {
                left: a.c1.limb(row),
                shift: 0,
                right: b.c0.limb(row),
            };
            kernels[row].dot(0, &[first, second], out);
        })
    }

    /// The digits of a polynomial over `basis(limbs)` in the evaluation domain, such as `c1`.
    #[must_use]
    pub fn decompose(&self, c1: &Poly) -> Decomposed {
        let limbs = c1.limbs();
        let mut coefficients = c1.clone();
        self.parameters().basis(limbs).inverse(&mut coefficients);
        let digit = |index: usize| self.digit(c1, &coefficients, index);
        let digits = (0..self.parameters().digits(limbs).len())
            .into_par_iter()
            .map(digit)
            .collect();
        Decomposed { digits, limbs }
    }

    fn digit(&self, c1: &Poly, coefficients: &Poly, index: usize) -> Poly {
        let extension = &self.parameters().digits(c1.limbs())[index];
        let first = index * self.parameters().literal().digit;
        let own = first..first + extension.from().limbs();
        let prepared = extension.prepare(coefficients.slice(own.clone()));
        rows(
            c1.degree(),
            own.len() + extension.to().limbs(),
            |row, out| {
                if own.contains(&row) {
                    out.copy_from_slice(c1.limb(row));
                    return;
                }
                let target = if row < own.start {
                    row
                } else {
                    row - own.len()
                };
                extension.target(&prepared, target, out);
                let kernel = &extension.to().kernels()[target];
                with_scratch(out.len(), |scratch| kernel.forward(out, scratch));
            },
        )
    }

    /// The same, left undivided: P times the rotated ciphertext. A step of 0 needs no key.
    pub fn rotate_extended(
        &self,
        a: &Ciphertext,
        digits: &Decomposed,
        step: usize,
        keys: &EvaluationKeys,
    ) -> Result<Extended> {
        let (limbs, scale) = (a.limbs(), a.scale);
        if step == 0 {
            return Ok(Extended {
                c0: self.lift(&a.c0),
                c1: self.lift(&a.c1),
                scale,
                limbs,
            });
        }
        let key = keys.rotation_key(step, limbs)?;
        let c0 = self.inner_product(digits, step, key, Half::Constant, Some(&a.c0));
        let c1 = self.inner_product(digits, step, key, Half::Secret, None);
        Ok(Extended {
            c0,
            c1,
            scale,
            limbs,
        })
    }

    /// P times the polynomial whose digits these are, shifted by `step`, under the key: the inner
    /// product of key switching, as (c0, c1) over `extended(limbs)`.
    #[must_use]
    pub fn switch(&self, digits: &Decomposed, step: usize, key: &SwitchingKey) -> (Poly, Poly) {
        let half = |half| self.inner_product(digits, step, key, half, None);
        (half(Half::Constant), half(Half::Secret))
    }

    /// One half of `switch`, plus P times `addend`, which is shifted too.
    fn inner_product(
        &self,
        digits: &Decomposed,
        step: usize,
        key: &SwitchingKey,
        half: Half,
        addend: Option<&Poly>,
    ) -> Poly {
        let switching = Switching {
            digits: &digits.digits,
            key: Some(key),
            addend,
            step,
            limbs: digits.limbs,
        };
        let rows_of_both = self.parameters().extended(digits.limbs).limbs();
        rows(self.parameters().degree(), rows_of_both, |row, out| {
            self.inner_product_block(&switching, half, row, 0, out);
        })
    }

    /// The words of one row from `start` on.
    pub(crate) fn inner_product_block(
        &self,
        switching: &Switching<'_>,
        half: Half,
        row: usize,
        start: usize,
        out: &mut [u64],
    ) {
        let &Switching { limbs, step, .. } = switching;
        let mut terms = Vec::with_capacity(switching.digits.len() + 1);
        let term = |left, right| Term {
            left,
            shift: step,
            right,
        };
        if let Some(key) = switching.key {
            let from_key = key_row(row, limbs, key.limbs());
            for (index, digit) in switching.digits.iter().enumerate() {
                let (b, a) = key.digit(index);
                let right = match half {
                    Half::Constant => b,
                    Half::Secret => a,
                };
                terms.push(term(digit.limb(row), right.limb(from_key)));
            }
        }
        let special = if row < limbs {
            self.parameters().special_product(row)
        } else {
            0
        };
        if let Some(addend) = switching.addend.filter(|_| row < limbs) {
            terms.push(term(addend.limb(row), std::slice::from_ref(&special)));
        }
        let kernel = &self.parameters().extended(limbs).kernels()[row];
        kernel.dot(start, &terms, out);
    }

    /// Divided by P.
    #[must_use]
    pub fn mod_down(&self, a: Extended) -> Ciphertext {
        divide(self.parameters().mod_down(a.limbs), a, 1.0)
    }

    /// Divided by P and the last modulus at once: as `mod_down`, then `rescale`.
    pub fn mod_down_rescale(&self, a: Extended) -> Result<Ciphertext> {
        let division = self
            .parameters()
            .mod_down_rescaling(a.limbs)
            .ok_or_else(no_limb_left)?;
        let modulus = self.last_modulus(a.limbs);
        Ok(divide(division, a, modulus))
    }

    /// P * a over `extended(limbs)`: zero in the limbs of P.
    #[must_use]
    pub fn lift(&self, a: &Poly) -> Poly {
        let basis = self.parameters().extended(a.limbs());
        rows(a.degree(), basis.limbs(), |row, out| {
            if row < a.limbs() {
                out.copy_from_slice(a.limb(row));
                basis.kernels()[row].scale(out, self.parameters().special_product(row));
            }
        })
    }
}

/// Which half of a switching key.
#[derive(Clone, Copy)]
pub(crate) enum Half {
    Constant,
    Secret,
}

/// What one half of a key switch sums up: shifted digits times a key, and P times an addend.
pub(crate) struct Switching<'a> {
    /// None of them without a key.
    pub digits: &'a [Poly],
    pub key: Option<&'a SwitchingKey>,
    pub addend: Option<&'a Poly>,
    pub step: usize,
    pub limbs: usize,
}

/// A polynomial made row by row, in parallel.
fn rows(degree: usize, limbs: usize, make: impl Fn(usize, &mut [u64]) + Sync) -> Poly {
    let mut poly = Poly::zero(degree, limbs);
    let rows = poly.values_mut().par_chunks_exact_mut(degree).enumerate();
    rows.for_each(|(row, out)| make(row, out));
    poly
}

fn divide(division: &Division, a: Extended, modulus: f64) -> Ciphertext {
    let Extended { c0, c1, scale, .. } = a;
    let (c0, c1) = rayon::join(|| division.apply(c0), || division.apply(c1));
    Ciphertext::new(c0, c1, scale / modulus)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::secret::SecretKey;
    use crate::{Literal, Parameters, find_primes, noise};

    /// k_0 + k_1 s - P rot(c_1) rot(s) is the error of the inner product alone.
    #[test]
    fn switching_noise_is_as_predicted() {
        for (digit, special) in [(1, 1), (2, 2), (3, 3)] {
            let primes = find_primes(9, &[44, 36, 36, 36, 36, 50, 50, 50]).unwrap();
            let (moduli, rest) = (primes[..5].to_vec(), primes[5..5 + special].to_vec());
            let literal = Literal {
                log_degree: 9,
                moduli,
                special: rest,
                digit,
            };
            let parameters = Parameters::insecure(literal).unwrap();
            let secret = SecretKey::generate(&parameters).unwrap();
            let keys = secret
                .evaluation_keys(&BTreeMap::from([(7, 5)]), 0)
                .unwrap();
            let evaluator = Evaluator::new(parameters.clone());
            for limbs in 1..=5 {
                check_switching(
                    &evaluator,
                    &secret,
                    keys.rotation_key(7, limbs).unwrap(),
                    limbs,
                );
            }
        }
    }

    fn check_switching(
        evaluator: &Evaluator,
        secret: &SecretKey,
        key: &SwitchingKey,
        limbs: usize,
    ) {
        let parameters = evaluator.parameters();
        let (degree, basis) = (parameters.degree(), parameters.extended(limbs));
        let c1 = hushwork_ring::sampling::uniform_poly(
            parameters.basis(limbs),
            degree,
            &[9; 32],
            "c",
            0,
        );
        let (mut k0, mut k1) = evaluator.switch(&evaluator.decompose(&c1), 7, key);
        basis.mul(&mut k1, &secret.extended(limbs));
        basis.add(&mut k0, &k1);
        let mut product = c1;
        parameters.basis(limbs).mul(&mut product, secret.secret());
        let mut product = evaluator.lift(&product);
        (0..product.limbs()).for_each(|row| product.limb_mut(row).rotate_left(7));
        basis.sub(&mut k0, &product);
        basis.inverse(&mut k0);
        let mut error = basis.to_float(&k0);
        parameters.embedding().slots(&mut error);
        let deviation = (error.iter().map(|e| e * e).sum::<f64>() / degree as f64).sqrt();
        let ratio = deviation / noise::inner_product(parameters, limbs).0;
        assert!(
            (0.7..1.4).contains(&ratio),
            "{limbs} limbs: measured / predicted {ratio}"
        );
    }
}
