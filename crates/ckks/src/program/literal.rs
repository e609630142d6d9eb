//! A program as plain data, not yet checked.

/// Names a ciphertext: inputs are registers 0, 1, ...; every step writes new ones.
pub type Register = usize;

/// One rotation of an input times one weight vector.
#[derive(Clone, Debug)]
pub struct Term {
    /// Index into the outputs of the step.
    pub output: usize,
    /// Index into the inputs of the step.
    pub input: usize,
    /// First part of the rotation: a full rotation, from which the babies are hoisted.
    pub anchor: i64,
    /// Second part, in units of the giant step.
    pub giant: usize,
    /// Third part.
    pub baby: i64,
    /// A slot vector as the output sees it; its length is a period dividing N.
    pub weights: Vec<f64>,
}

/// A sparse matrix from slots to slots, followed by a rescaling.
#[derive(Clone, Debug)]
pub struct Linear {
    /// Registers read; all at the same number of limbs.
    pub inputs: Vec<Register>,
    /// Registers written.
    pub outputs: Vec<Register>,
    /// The matrix, by diagonals.
    pub terms: Vec<Term>,
    /// Slots a giant step moves.
    pub giant_step: i64,
    /// Scale of every output, exactly.
    pub scale: f64,
    /// Slot vector added to each output.
    pub bias: Vec<Option<Vec<f64>>>,
}

/// A sparse matrix of scalars between ciphertexts, alike in every slot, followed by a rescaling.
#[derive(Clone, Debug)]
pub struct Combine {
    /// Registers read; all at the same number of limbs.
    pub inputs: Vec<Register>,
    /// Registers written.
    pub outputs: Vec<Register>,
    /// The entries of output i are starts[i]..starts[i + 1].
    pub starts: Vec<usize>,
    /// Of each entry, the index into the inputs.
    pub columns: Vec<u32>,
    /// Of each entry, what multiplies every slot.
    pub weights: Vec<f64>,
    /// Added to every slot of each output.
    pub bias: Option<Vec<f64>>,
    /// Scale of every output, exactly.
    pub scale: f64,
}

/// One step of a program.
#[derive(Clone, Debug)]
pub enum Step {
    /// A sparse matrix from slots to slots.
    Linear(Linear),
    /// A sparse matrix of scalars between ciphertexts.
    Combine(Combine),
    /// Product, relinearised and rescaled by one limb.
    Multiply {
        /// Left factor.
        a: Register,
        /// Right factor; may be the left one.
        b: Register,
        /// Register written.
        output: Register,
        /// The scale that must result.
        scale: f64,
    },
    /// Sum of two registers that agree in limbs and scale.
    Add {
        /// Left summand.
        a: Register,
        /// Right summand.
        b: Register,
        /// Register written.
        output: Register,
    },
    /// Sum with a slot vector, encoded at the register's scale.
    AddPlain {
        /// Register read.
        input: Register,
        /// Register written.
        output: Register,
        /// Slot vector; its length is a period dividing N.
        values: Vec<f64>,
    },
    /// For each step in turn, x = x + rotate(x, step).
    RotateAdd {
        /// Register read.
        input: Register,
        /// Register written.
        output: Register,
        /// Rotations in slots.
        steps: Vec<i64>,
    },
    /// The same message under fewer limbs.
    Drop {
        /// Register read.
        input: Register,
        /// Register written.
        output: Register,
        /// Limbs that remain.
        limbs: usize,
    },
}

/// A whole program: plain data in, compiled once, run whole.
#[derive(Clone, Debug)]
pub struct ProgramLiteral {
    /// Limbs and scale of each input ciphertext.
    pub inputs: Vec<(usize, f64)>,
    /// In order of execution.
    pub steps: Vec<Step>,
    /// Registers handed back.
    pub outputs: Vec<Register>,
}

impl Step {
    /// Registers the step reads.
    #[must_use]
    pub fn reads(&self) -> Vec<Register> {
        match self {
            Self::Linear(linear) => linear.inputs.clone(),
            Self::Combine(combine) => combine.inputs.clone(),
            &Self::Multiply { a, b, .. } | &Self::Add { a, b, .. } => vec![a, b],
            &Self::AddPlain { input, .. }
            | &Self::RotateAdd { input, .. }
            | &Self::Drop { input, .. } => vec![input],
        }
    }
}
