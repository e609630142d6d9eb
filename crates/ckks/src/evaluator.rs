//! Operations on ciphertexts, none of which touches a secret.

use hushwork_ring::{Division, Poly, Term, with_scratch};
use rayon::prelude::*;

use crate::ciphertext::Ciphertext;
use crate::encoding::Plaintext;
use crate::error::{Detail, Error, Result};
use crate::keys::{EvaluationKeys, SwitchingKey, key_row};
use crate::parameters::Parameters;

/// Scales that are added agree to one part in 2^30.
const SCALE_TOLERANCE: f64 = 1.0 / (1u64 << 30) as f64;

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

/// Operations under one set of parameters. Cheap to clone.
///
/// Scales, limbs or degrees that do not agree are the caller's bug: Misuse.
#[derive(Clone, Debug)]
pub struct Evaluator {
    parameters: Parameters,
}

#[allow(clippy::missing_errors_doc)]
impl Evaluator {
    /// An evaluator.
    #[must_use]
    pub fn new(parameters: Parameters) -> Self {
        Self { parameters }
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// a + b
    pub fn add(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext> {
        check_scales(a.scale, b.scale)?;
        let basis = self.parameters.basis(check_limbs(a, b)?);
        let (mut c0, mut c1) = (a.c0.clone(), a.c1.clone());
        basis.add(&mut c0, &b.c0);
        basis.add(&mut c1, &b.c1);
        Ok(Ciphertext::new(c0, c1, a.scale))
    }

    /// a - b
    pub fn subtract(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext> {
        check_scales(a.scale, b.scale)?;
        let basis = self.parameters.basis(check_limbs(a, b)?);
        let (mut c0, mut c1) = (a.c0.clone(), a.c1.clone());
        basis.sub(&mut c0, &b.c0);
        basis.sub(&mut c1, &b.c1);
        Ok(Ciphertext::new(c0, c1, a.scale))
    }

    /// a + plaintext; a plaintext of at least as many limbs.
    pub fn add_plain(&self, a: &Ciphertext, plaintext: &Plaintext) -> Result<Ciphertext> {
        check_scales(a.scale, plaintext.scale)?;
        check_plaintext(a, plaintext)?;
        let mut c0 = a.c0.clone();
        self.parameters
            .basis(a.limbs())
            .add(&mut c0, &plaintext.poly);
        Ok(Ciphertext::new(c0, a.c1.clone(), a.scale))
    }

    /// a * plaintext, scales multiplied; a plaintext of at least as many limbs.
    pub fn multiply_plain(&self, a: &Ciphertext, plaintext: &Plaintext) -> Result<Ciphertext> {
        check_plaintext(a, plaintext)?;
        let basis = self.parameters.basis(a.limbs());
        let (mut c0, mut c1) = (a.c0.clone(), a.c1.clone());
        basis.mul(&mut c0, &plaintext.poly);
        basis.mul(&mut c1, &plaintext.poly);
        Ok(Ciphertext::new(c0, c1, a.scale * plaintext.scale))
    }

    /// a * b, relinearised, scales multiplied, not rescaled.
    pub fn multiply(
        &self,
        a: &Ciphertext,
        b: &Ciphertext,
        keys: &EvaluationKeys,
    ) -> Result<Ciphertext> {
        Ok(self.mod_down(self.multiply_extended(a, b, keys)?))
    }

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
        let basis = self.parameters.basis(limbs);
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
        let kernels = self.parameters.basis(a.limbs()).kernels();
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

    /// Divided by the last modulus.
    pub fn rescale(&self, a: &Ciphertext) -> Result<Ciphertext> {
        let division = self
            .parameters
            .rescaling(a.limbs())
            .ok_or_else(no_limb_left)?;
        let (c0, c1) = rayon::join(
            || division.apply(a.c0.clone()),
            || division.apply(a.c1.clone()),
        );
        Ok(Ciphertext::new(
            c0,
            c1,
            a.scale / self.last_modulus(a.limbs()),
        ))
    }

    /// Only the first `limbs` moduli.
    pub fn drop(&self, a: &Ciphertext, limbs: usize) -> Result<Ciphertext> {
        if limbs == 0 || limbs > a.limbs() {
            return Err(misuse(
                "cannot drop to that",
                format!("1 to {} limbs", a.limbs()),
                limbs,
            ));
        }
        let (mut c0, mut c1) = (a.c0.clone(), a.c1.clone());
        c0.truncate(limbs);
        c1.truncate(limbs);
        Ok(Ciphertext::new(c0, c1, a.scale))
    }

    /// Slot i + step moves to slot i.
    pub fn rotate(&self, a: &Ciphertext, step: usize, keys: &EvaluationKeys) -> Result<Ciphertext> {
        if step == 0 {
            return Ok(a.clone());
        }
        keys.rotation_key(step, a.limbs())?;
        self.rotate_decomposed(a, &self.decompose(&a.c1), step, keys)
    }

    /// The digits of a polynomial over `basis(limbs)` in the evaluation domain, such as `c1`.
    #[must_use]
    pub fn decompose(&self, c1: &Poly) -> Decomposed {
        let limbs = c1.limbs();
        let mut coefficients = c1.clone();
        self.parameters.basis(limbs).inverse(&mut coefficients);
        let digit = |index: usize| self.digit(c1, &coefficients, index);
        let digits = (0..self.parameters.digits(limbs).len())
            .into_par_iter()
            .map(digit)
            .collect();
        Decomposed { digits, limbs }
    }

    fn digit(&self, c1: &Poly, coefficients: &Poly, index: usize) -> Poly {
        let extension = &self.parameters.digits(c1.limbs())[index];
        let first = index * self.parameters.literal().digit;
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

    /// `rotate` with the decomposition of `a.c1` at hand.
    pub fn rotate_decomposed(
        &self,
        a: &Ciphertext,
        digits: &Decomposed,
        step: usize,
        keys: &EvaluationKeys,
    ) -> Result<Ciphertext> {
        if step == 0 {
            return Ok(a.clone());
        }
        Ok(self.mod_down(self.rotate_extended(a, digits, step, keys)?))
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
        let (limbs, degree) = (digits.limbs, self.parameters.degree());
        let basis = self.parameters.extended(limbs);
        rows(degree, basis.limbs(), |row, out| {
            let from_key = key_row(row, limbs, key.limbs());
            let mut terms: Vec<_> = digits
                .digits
                .iter()
                .enumerate()
                .map(|(index, digit)| {
                    let (b, a) = key.digit(index);
                    let right = match half {
                        Half::Constant => b.limb(from_key),
                        Half::Secret => a.limb(from_key),
                    };
                    Term {
                        left: digit.limb(row),
                        shift: step,
                        right,
                    }
                })
                .collect();
            let special = if row < limbs {
                self.parameters.special_product(row)
            } else {
                0
            };
            if let Some(addend) = addend.filter(|_| row < limbs) {
                terms.push(Term {
                    left: addend.limb(row),
                    shift: step,
                    right: std::slice::from_ref(&special),
                });
            }
            basis.kernels()[row].dot(0, &terms, out);
        })
    }

    /// Divided by P.
    #[must_use]
    pub fn mod_down(&self, a: Extended) -> Ciphertext {
        divide(self.parameters.mod_down(a.limbs), a, 1.0)
    }

    /// Divided by P and the last modulus at once: as `mod_down`, then `rescale`.
    pub fn mod_down_rescale(&self, a: Extended) -> Result<Ciphertext> {
        let division = self
            .parameters
            .mod_down_rescaling(a.limbs)
            .ok_or_else(no_limb_left)?;
        let modulus = self.last_modulus(a.limbs);
        Ok(divide(division, a, modulus))
    }

    /// P * a over `extended(limbs)`: zero in the limbs of P.
    #[must_use]
    pub fn lift(&self, a: &Poly) -> Poly {
        let basis = self.parameters.extended(a.limbs());
        rows(a.degree(), basis.limbs(), |row, out| {
            if row < a.limbs() {
                out.copy_from_slice(a.limb(row));
                basis.kernels()[row].scale(out, self.parameters.special_product(row));
            }
        })
    }

    fn last_modulus(&self, limbs: usize) -> f64 {
        self.parameters.literal().moduli[limbs - 1] as f64
    }
}

/// Which half of a switching key.
#[derive(Clone, Copy)]
enum Half {
    Constant,
    Secret,
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

fn check_limbs(a: &Ciphertext, b: &Ciphertext) -> Result<usize> {
    if a.limbs() == b.limbs() {
        Ok(a.limbs())
    } else {
        Err(misuse("limbs do not agree", a.limbs(), b.limbs()))
    }
}

fn check_scales(a: f64, b: f64) -> Result<()> {
    if (a - b).abs() <= a * SCALE_TOLERANCE {
        Ok(())
    } else {
        Err(misuse("scales do not agree", a, b))
    }
}

fn check_plaintext(a: &Ciphertext, plaintext: &Plaintext) -> Result<()> {
    let fits = plaintext.poly.limbs() >= a.limbs() && plaintext.poly.degree() <= a.c0.degree();
    let got = plaintext.poly.limbs();
    if fits {
        Ok(())
    } else {
        Err(misuse("plaintext has too few limbs", a.limbs(), got))
    }
}

fn no_limb_left() -> Error {
    misuse("cannot rescale", "at least 2 limbs", 1)
}

fn misuse(
    message: &'static str,
    expected: impl std::fmt::Display,
    got: impl std::fmt::Display,
) -> Error {
    Error::Misuse(Detail::new(message, expected, got))
}
