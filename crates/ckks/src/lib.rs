//! CKKS with real slots over the conjugate-invariant ring: N slots, one orbit of rotations.

mod bytes;
pub mod ciphertext;
pub mod digits;
pub mod encoding;
pub mod encryption;
pub mod error;
pub mod evaluator;
pub mod extended;
pub mod keys;
pub mod literal;
pub mod needs;
pub mod noise;
mod packing;
pub mod parameters;
pub mod program;
pub mod projection;
pub mod secret;
pub mod security;
pub mod serial;
pub mod switching;

pub use ciphertext::Ciphertext;
pub use digits::Decomposed;
pub use encoding::Plaintext;
pub use error::{Error, Result};
pub use evaluator::Evaluator;
pub use extended::Extended;
pub use keys::{EvaluationKeys, PublicKey, SwitchingKey};
pub use literal::{Literal, Tier, find_primes};
pub use needs::KeyNeeds;
pub use parameters::Parameters;
pub use projection::Projected;
pub use secret::SecretKey;
