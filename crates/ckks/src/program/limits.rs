//! What a program may be, what it needs, and how it is refused.

/// Most input ciphertexts, output ciphertexts, and inputs or outputs of one combine step.
pub const MAX_CIPHERTEXTS: usize = 1 << 14;
/// Most inputs or outputs of one linear step.
pub const MAX_LINEAR: usize = 256;
/// Most steps of a program.
pub const MAX_STEPS: usize = 1 << 16;
/// Most registers of a program. They and the steps are small, as terms are.
pub const MAX_REGISTERS: usize = 1 << 17;
/// Most weights, inputs and outputs of all combine steps together.
pub const MAX_ENTRIES: usize = 1 << 26;
/// Most terms of all linear steps together: what is small in each, some hundred bytes, then takes
/// less than the memory that is left free for it.
pub const MAX_TERMS: usize = 1 << 17;
/// Largest giant index, and most rotations in one `RotateAdd`.
pub const MAX_GIANT: usize = 4096;
/// Most memory for encoded weights, in bytes.
pub const MAX_PLAINTEXT_BYTES: usize = 16 << 30;
/// Most memory for the rotated inputs of one linear step, in bytes.
pub const MAX_WORKING_BYTES: usize = 16 << 30;
/// Plaintexts up to this period are kept transformed; longer ones, but for some, as integer
/// coefficients.
pub const MAX_TRANSFORMED_PERIOD: usize = 4096;
/// Most memory for longer ones that are kept transformed after all, in bytes.
pub const KEPT_BYTES: usize = 1 << 30;
/// Largest relative difference between scales that count as equal.
pub const SCALE_TOLERANCE: f64 = 1.0 / (1 << 20) as f64;

/// Largest scale of a ciphertext.
pub(super) const MAX_SCALE: f64 = (1u128 << 120) as f64;
/// Most an encoded weight may reach, so that its coefficients fit a signed word.
pub(super) const MAX_ENCODED: f64 = (1u64 << 60) as f64;

/// Why a program was refused: a bug of whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// Something about the whole program.
    #[error("program: {0}")]
    Program(String),
    /// Something about one step.
    #[error("step {0}: {1}")]
    Step(usize, String),
}

/// What is known of a register before anything runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Limbs of the ciphertext.
    pub limbs: usize,
    /// Scale of the ciphertext.
    pub scale: f64,
}
