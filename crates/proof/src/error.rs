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
    /// Truncated, extended, not canonical or out of range bytes.
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
    /// Fewer than the stated bits of soundness are proven.
    #[error("{0}")]
    InsecureParameters(Detail),
    /// A network that cannot be proved.
    #[error("{0}")]
    InvalidNetwork(Detail),
    /// Well-formed, and proves nothing.
    #[error("{0}")]
    InvalidProof(Detail),
    /// The commitment has been opened as often as it stays hidden.
    #[error("{0}")]
    BudgetSpent(Detail),
    /// The caller's own bug: a ValueError in Python.
    #[error("{0}")]
    Misuse(Detail),
    /// The operating system gave no randomness.
    #[error("{0}")]
    NoEntropy(Detail),
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A proof that does not hold.
pub fn refuse(message: &'static str, expected: impl Display, got: impl Display) -> Error {
    Error::InvalidProof(Detail::new(message, expected, got))
}

/// Bytes that are not what they should be.
pub fn malformed(message: &'static str, expected: impl Display, got: impl Display) -> Error {
    Error::MalformedBytes(Detail::new(message, expected, got))
}
