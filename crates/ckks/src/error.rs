//! Every error of this crate, one to one with `hushwork.errors`.

use std::fmt::Display;

/// What was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// One plain sentence.
    pub message: &'static str,
    /// What would have been right, where that can be said.
    pub expected: String,
    /// What came.
    pub got: String,
}

impl Display for Detail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} (expected {}, got {})",
            self.message, self.expected, self.got
        )
    }
}

impl Detail {
    /// From anything that can be shown.
    pub fn new(message: &'static str, expected: impl Display, got: impl Display) -> Self {
        Self {
            message,
            expected: expected.to_string(),
            got: got.to_string(),
        }
    }
}

/// Something from outside was not as it must be, or, `Misuse`, the caller has a bug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Truncated, inconsistent or out of range bytes.
    #[error("{0}")]
    MalformedBytes(Detail),
    /// Over a stated size limit.
    #[error("{0}")]
    TooLarge(Detail),
    /// A format version this release does not read.
    #[error("{0}")]
    UnsupportedVersion(Detail),
    /// Parameters that cannot be used.
    #[error("{0}")]
    InvalidParameters(Detail),
    /// Below the 128-bit bound, or a test-only set outside tests.
    #[error("{0}")]
    InsecureParameters(Detail),
    /// Made under other parameters than those in use.
    #[error("{0}")]
    ParameterMismatch(Detail),
    /// An evaluation key is absent or not deep enough.
    #[error("{0}")]
    MissingKey(Detail),
    /// The caller's own bug: a ValueError in Python.
    #[error("{0}")]
    Misuse(Detail),
    /// The operating system gave no randomness.
    #[error("{0}")]
    NoEntropy(Detail),
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl From<hushwork_ring::sampling::NoEntropy> for Error {
    fn from(error: hushwork_ring::sampling::NoEntropy) -> Self {
        Self::NoEntropy(Detail::new(
            "no secret can be drawn",
            "32 random bytes",
            error,
        ))
    }
}
