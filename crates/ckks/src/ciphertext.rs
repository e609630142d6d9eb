//! Ciphertexts.

use hushwork_ring::Poly;
use hushwork_ring::sampling::Seed;

/// c0 + c1 s = scale * message + error, in the evaluation domain of the first `limbs` moduli.
#[derive(Clone, Debug, PartialEq)]
pub struct Ciphertext {
    /// The constant part.
    pub c0: Poly,
    /// The part that meets the secret.
    pub c1: Poly,
    /// What the slots were multiplied by.
    pub scale: f64,
    /// For a fresh one, what `c1` was expanded from.
    pub(crate) seed: Option<Seed>,
}

impl Ciphertext {
    /// A computed ciphertext.
    #[must_use]
    pub fn new(c0: Poly, c1: Poly, scale: f64) -> Self {
        Self {
            c0,
            c1,
            scale,
            seed: None,
        }
    }

    /// Moduli left.
    #[must_use]
    pub fn limbs(&self) -> usize {
        self.c0.limbs()
    }
}
