//! Key switching: digits, inner products with a key, and ciphertexts not yet divided by P.

use std::borrow::Cow;

use hushwork_ring::{Division, Pair, Poly, Runs, Term, with_scratch};
use rayon::prelude::*;

use crate::ciphertext::Ciphertext;
use crate::error::Result;
use crate::evaluator::{Evaluator, check_limbs, no_limb_left};
use crate::keys::{EvaluationKeys, SwitchingKey, key_row};

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
    pub(crate) fn none(source: &'a Poly) -> Self {
        let source = Cow::Borrowed(source);
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

    /// Of what no rotation needs.
    pub(crate) fn none_of(source: Poly) -> Self {
        let source = Cow::Owned(source);
        let digits = Vec::new();
        Self { source, digits }
    }

    fn rows(&self, row: usize) -> impl Iterator<Item = &[u64]> {
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

/// One half of a ciphertext or of a switching key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Constant,
    Secret,
}

/// A polynomial that a key switch adds to its inner product, rotated by a step of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Addend<'a> {
    /// Over `basis(limbs)`; P times it is added.
    Plain(&'a Poly, usize),
    /// Over `extended(limbs)`.
    Extended(&'a Poly, usize),
    /// Over `extended(limbs)`, its rows so many words apart, and not rotated.
    Strided { words: &'a [u64], pitch: usize },
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
        let addends = [
            [Addend::Plain(&low, 0)].to_vec(),
            [Addend::Plain(&middle, 0)].to_vec(),
        ];
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

    /// P times the polynomial whose digits these are, shifted by `step`, under the key: the inner
    /// product of key switching, as (c0, c1) over `extended(limbs)`.
    #[must_use]
    pub fn switch(&self, digits: &Decomposed<'_>, step: usize, key: &SwitchingKey) -> (Poly, Poly) {
        self.switch_adding(digits, step, key, &[vec![], vec![]])
    }

    /// `switch` plus something to either half.
    pub(crate) fn switch_adding(
        &self,
        digits: &Decomposed<'_>,
        step: usize,
        key: &SwitchingKey,
        addends: &[Vec<Addend<'_>>; 2],
    ) -> (Poly, Poly) {
        let (degree, limbs) = (self.parameters().degree(), digits.limbs());
        let basis = self.parameters().extended(limbs);
        // Not to be waited for within the tasks.
        let _expanded = key.uniform();
        let new = || Poly::recycled(degree, basis.limbs());
        let (mut c0, mut c1, block) = (new(), new(), degree / 2);
        let blocks = c0.values_mut().par_chunks_exact_mut(block);
        let blocks = blocks.zip(c1.values_mut().par_chunks_exact_mut(block));
        blocks.enumerate().for_each(|(index, (c0, c1))| {
            let (row, start) = (index / 2, index % 2 * block);
            let mut pairs = Vec::new();
            switch_pairs(&mut pairs, digits, step, key, row);
            let more = addends.each_ref().map(|addends| {
                let terms = addends.iter();
                let terms = terms.filter_map(|addend| self.addend_term(addend, limbs, row));
                terms.collect::<Vec<_>>()
            });
            let (runs, more) = (Runs::one(start, block), more.each_ref().map(Vec::as_slice));
            basis.kernels()[row].dot_both(runs, &pairs, more, [c0, c1]);
        });
        (c0, c1)
    }

    /// A sum of addends over `extended(limbs)`.
    pub(crate) fn total(&self, limbs: usize, addends: &[Addend<'_>]) -> Poly {
        let (degree, basis) = (
            self.parameters().degree(),
            self.parameters().extended(limbs),
        );
        rows(degree, basis.limbs(), |row, out| {
            let terms = addends.iter();
            let terms = terms.filter_map(|addend| self.addend_term(addend, limbs, row));
            let terms: Vec<_> = terms.collect();
            basis.kernels()[row].dot(Runs::one(0, degree), &terms, out);
        })
    }

    /// What an addend means for one row: nothing where P times it vanishes.
    pub(crate) fn addend_term<'a>(
        &'a self,
        addend: &Addend<'a>,
        limbs: usize,
        row: usize,
    ) -> Option<Term<'a>> {
        let (left, shift, right) = match *addend {
            Addend::Plain(..) if row >= limbs => return None,
            Addend::Plain(poly, shift) => (
                poly.limb(row),
                shift,
                self.parameters().special_factor(limbs, row),
            ),
            Addend::Extended(poly, shift) => (poly.limb(row), shift, &[1][..]),
            Addend::Strided { words, pitch } => {
                let degree = self.parameters().degree();
                (&words[row * pitch..][..degree], 0, &[1][..])
            }
        };
        Some(Term { left, shift, right })
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
                basis.kernels()[row]
                    .scale(out, self.parameters().special_factor(a.limbs(), row)[0]);
            } else {
                out.fill(0);
            }
        })
    }
}

/// The inner products of digits and both halves of a key, for one row of `extended(limbs)`.
pub(crate) fn switch_pairs<'a>(
    pairs: &mut Vec<Pair<'a>>,
    digits: &'a Decomposed<'_>,
    step: usize,
    key: &'a SwitchingKey,
    row: usize,
) {
    let from_key = key_row(row, digits.limbs(), key.limbs());
    for (index, left) in digits.rows(row).enumerate() {
        let (b, a) = key.digit(index);
        pairs.push(Pair {
            left,
            shift: step,
            right: [b.limb(from_key), a.limb(from_key)],
        });
    }
}

/// A polynomial made row by row, in parallel.
pub(crate) fn rows(degree: usize, limbs: usize, make: impl Fn(usize, &mut [u64]) + Sync) -> Poly {
    let mut poly = Poly::recycled(degree, limbs);
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
    use super::*;
    use crate::secret::SecretKey;
    use crate::{KeyNeeds, Literal, Parameters, Tier, find_primes, noise};

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
                tiers: vec![Tier {
                    limbs: 5,
                    digit,
                    special,
                }],
            };
            let parameters = Parameters::insecure(literal).unwrap();
            let secret = SecretKey::generate(&parameters).unwrap();
            let needs = KeyNeeds::new(&parameters, [(7, 5)], []).unwrap();
            let keys = secret.evaluation_keys(&needs).unwrap();
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
