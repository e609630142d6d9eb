//! Key switching: inner products of digits with a key, and what is added to them.

use hushwork_ring::{Pair, Poly, Runs, Term};
use rayon::prelude::*;

use crate::digits::Decomposed;
use crate::evaluator::Evaluator;
use crate::keys::{SwitchingKey, key_row};

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

impl Evaluator {
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
