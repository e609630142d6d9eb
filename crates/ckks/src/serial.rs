//! Byte formats. Lengths are checked before anything is allocated.

use std::collections::BTreeMap;

use crate::ciphertext::Ciphertext;
use crate::error::Result;
use crate::keys::{EvaluationKeys, PublicKey};
use crate::parameters::Parameters;

/// Exact size of a serialised ciphertext.
#[must_use]
pub fn ciphertext_bytes(_parameters: &Parameters, _limbs: usize, _seeded: bool) -> usize {
    todo!()
}

/// Exact size of serialised evaluation keys.
#[must_use]
pub fn evaluation_keys_bytes(
    _parameters: &Parameters,
    _rotations: &BTreeMap<usize, usize>,
    _relinearisation: usize,
) -> usize {
    todo!()
}

/// Exact size of a serialised public key.
#[must_use]
pub fn public_key_bytes(_parameters: &Parameters) -> usize {
    todo!()
}

#[allow(clippy::missing_errors_doc)]
impl Ciphertext {
    /// Bit-packed; a fresh one carries its seed in place of `c1`.
    #[must_use]
    pub fn to_bytes(&self, _parameters: &Parameters) -> Vec<u8> {
        todo!()
    }

    /// Refuses anything `to_bytes` does not write.
    pub fn from_bytes(_parameters: &Parameters, _data: &[u8]) -> Result<Self> {
        todo!()
    }
}

#[allow(clippy::missing_errors_doc)]
impl PublicKey {
    /// Bit-packed and seeded.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        todo!()
    }

    /// Refuses anything `to_bytes` does not write.
    pub fn from_bytes(_parameters: &Parameters, _data: &[u8]) -> Result<Self> {
        todo!()
    }
}

#[allow(clippy::missing_errors_doc)]
impl EvaluationKeys {
    /// Bit-packed and seeded.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        todo!()
    }

    /// Refuses anything `to_bytes` does not write.
    pub fn from_bytes(_parameters: &Parameters, _data: &[u8]) -> Result<Self> {
        todo!()
    }
}
