//! Sums of arrays with scalar weights, a strip of neighbouring indices at a time.

use crate::kernel::{Runs, Term};

/// Words of a strip.
pub const STRIP: usize = 32;

/// Residues at neighbouring indices of one array.
pub type Strip = [u64; STRIP];

/// A dense matrix of scalars: row r stands for the sum over columns c of weight[r][c] * input[c].
#[derive(Clone, Copy, Debug)]
pub struct Scalars<'a> {
    /// Which input each column is.
    pub columns: &'a [u32],
    /// Row by row, one for each column; residues.
    pub weights: &'a [u64],
}

impl<'a> Scalars<'a> {
    /// The weights of a row, one for each column, and so on.
    pub(crate) fn rows(&self) -> std::slice::ChunksExact<'a, u64> {
        self.weights.chunks_exact(self.columns.len())
    }

    /// By a kernel's sums of products, row by row.
    pub(crate) fn by_dots(
        &self,
        dot: impl Fn(Runs, &[Term<'_>], &mut [u64]),
        inputs: &[Strip],
        out: &mut [Strip],
    ) {
        for (weights, out) in self.rows().zip(out) {
            let pairs = self.columns.iter().zip(weights);
            let term = |(&column, weight)| Term {
                left: &inputs[column as usize],
                shift: 0,
                right: std::slice::from_ref(weight),
            };
            let terms: Vec<_> = pairs.map(term).collect();
            dot(Runs::one(0, STRIP), &terms, out);
        }
    }
}
