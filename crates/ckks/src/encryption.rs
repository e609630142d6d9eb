//! Encryption and decryption.

use crate::ciphertext::Ciphertext;
use crate::encoding::Plaintext;
use crate::error::Result;
use crate::keys::{PublicKey, SecretKey};

impl SecretKey {
    /// A seeded ciphertext of a plaintext over `basis(limbs)`.
    ///
    /// # Errors
    /// NoEntropy
    pub fn encrypt(&self, _plaintext: &Plaintext) -> Result<Ciphertext> {
        todo!()
    }

    /// The plaintext with its error.
    #[must_use]
    pub fn decrypt(&self, _ciphertext: &Ciphertext) -> Plaintext {
        todo!()
    }
}

impl PublicKey {
    /// A ciphertext of a plaintext over `basis(limbs)`.
    ///
    /// # Errors
    /// NoEntropy
    pub fn encrypt(&self, _plaintext: &Plaintext) -> Result<Ciphertext> {
        todo!()
    }
}
