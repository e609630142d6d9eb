//! Operations on ciphertexts, none of which touches a secret.

use hushwork_ring::{Division, Poly, Runs, Term};

use crate::ciphertext::Ciphertext;
use crate::digits::Decomposed;
use crate::encoding::Plaintext;
use crate::error::{Detail, Error, Result};
use crate::keys::EvaluationKeys;
use crate::parameters::Parameters;
use crate::serial::MAX_SCALE;
use crate::switching::rows;

/// Scales that are added agree to one part in 2^30.
const SCALE_TOLERANCE: f64 = 1.0 / (1u64 << 30) as f64;

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
        let scale = check_result(a.scale * plaintext.scale)?;
        let kernels = self.parameters.basis(a.limbs()).kernels();
        let product = |half: &Poly| {
            rows(half.degree(), a.limbs(), |row, out| {
                let term = Term {
                    left: half.limb(row),
                    shift: 0,
                    right: plaintext.poly.limb(row),
                };
                kernels[row].dot(Runs::one(0, out.len()), &[term], out);
            })
        };
        Ok(Ciphertext::new(product(&a.c0), product(&a.c1), scale))
    }

    /// a * b, relinearised, scales multiplied, not rescaled.
    pub fn multiply(
        &self,
        a: &Ciphertext,
        b: &Ciphertext,
        keys: &EvaluationKeys,
    ) -> Result<Ciphertext> {
        check_result(a.scale * b.scale)?;
        Ok(self.mod_down(self.multiply_extended(a, b, keys)?))
    }

    /// Divided by the last modulus.
    pub fn rescale(&self, a: &Ciphertext) -> Result<Ciphertext> {
        let division = self
            .parameters
            .rescaling(a.limbs())
            .ok_or_else(no_limb_left)?;
        let scale = check_result(a.scale / self.last_modulus(a.limbs()))?;
        Ok(quotient(division, &a.c0, &a.c1, scale))
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

    /// `rotate` with the decomposition of `a.c1` at hand.
    pub fn rotate_decomposed(
        &self,
        a: &Ciphertext,
        digits: &Decomposed<'_>,
        step: usize,
        keys: &EvaluationKeys,
    ) -> Result<Ciphertext> {
        if step == 0 {
            return Ok(a.clone());
        }
        Ok(self.mod_down(self.rotate_extended(a, digits, step, keys)?))
    }

    pub(crate) fn last_modulus(&self, limbs: usize) -> f64 {
        self.parameters.literal().moduli[limbs - 1] as f64
    }
}

/// Both halves divided, in memory of their own.
pub(crate) fn quotient(division: &Division, c0: &Poly, c1: &Poly, scale: f64) -> Ciphertext {
    let (c0, c1) = rayon::join(|| division.quotient(c0), || division.quotient(c1));
    Ciphertext::new(c0, c1, scale)
}

pub(crate) fn check_limbs(a: &Ciphertext, b: &Ciphertext) -> Result<usize> {
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

/// What no reader would take is not written.
fn check_result(scale: f64) -> Result<f64> {
    if (1.0..=MAX_SCALE).contains(&scale) {
        Ok(scale)
    } else {
        let expected = format!("1 to {MAX_SCALE:e}");
        Err(misuse("the scale of the result", expected, scale))
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

pub(crate) fn no_limb_left() -> Error {
    misuse("cannot rescale", "at least 2 limbs", 1)
}

fn misuse(
    message: &'static str,
    expected: impl std::fmt::Display,
    got: impl std::fmt::Display,
) -> Error {
    Error::Misuse(Detail::new(message, expected, got))
}
