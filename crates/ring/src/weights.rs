//! Products of a sparse matrix of periodic weights with cyclic arrays, tile by tile.

use crate::buffer::Buffer;
use crate::kernel::{Runs, Term};

/// The entries of a sparse matrix, row by row. A row is a sum, a column one of its inputs.
#[derive(Clone, Debug, Default)]
pub struct Pattern {
    columns: Vec<u32>,
    ends: Vec<usize>,
}

impl Pattern {
    /// Adds a row.
    pub fn push(&mut self, columns: impl IntoIterator<Item = u32>) {
        self.columns.extend(columns);
        self.ends.push(self.columns.len());
    }

    /// Number of entries.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.columns.len()
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ends.len()
    }

    /// Of a row, its first entry and the columns of its entries.
    #[must_use]
    pub fn row(&self, index: usize) -> (usize, &[u32]) {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        (start, &self.columns[start..self.ends[index]])
    }
}

/// The residues of all entries modulo one prime. Those at neighbouring indices, as many as the
/// kernel has lanes, lie together, and then the same of the next entry: one tile reads them in
/// order.
#[derive(Clone, Debug)]
pub struct Weights {
    period: usize,
    lanes: usize,
    entries: usize,
    words: Buffer,
}

impl Weights {
    /// Of one common period, a multiple of `lanes`. They are to be set.
    #[must_use]
    pub fn new(period: usize, lanes: usize, entries: usize) -> Self {
        let words = Buffer::zeroed(period * entries);
        Self {
            period,
            lanes,
            entries,
            words,
        }
    }

    /// Sets one entry to values whose number divides the period.
    pub fn set(&mut self, entry: usize, values: &[u64]) {
        for chunk in 0..self.period / self.lanes {
            let at = (chunk * self.entries + entry) * self.lanes;
            for lane in 0..self.lanes {
                self.words[at + lane] = values[(chunk * self.lanes + lane) & (values.len() - 1)];
            }
        }
    }

    /// Those of all entries at the `lanes` indices from `start` on.
    #[must_use]
    pub fn at(&self, start: usize) -> &[u64] {
        let chunk = start / self.lanes % (self.period / self.lanes);
        &self.words[chunk * self.entries * self.lanes..][..self.entries * self.lanes]
    }

    /// Memory taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(&self.words[..])
    }
}

/// A tile of a product: out[row][k] becomes, or grows by, the sum over the entries of the row of
/// weight[k] * input[column][k], for the indices k of some runs.
#[derive(Clone, Copy, Debug)]
pub struct Tile<'a> {
    /// The entries.
    pub pattern: &'a Pattern,
    /// Their values, packed for this kernel.
    pub weights: &'a Weights,
    /// Their starts and their length are multiples of the lanes, their stride of the period.
    pub runs: Runs,
    /// Column c from c * pitch on, run after run.
    pub inputs: &'a [u64],
    /// At least the indices of the runs.
    pub pitch: usize,
    /// The index at which every row of `out` begins.
    pub first: usize,
    /// Whether what `out` holds is added to.
    pub adding: bool,
}

impl Tile<'_> {
    /// By a kernel's sums of products, a few lanes at a time.
    pub(crate) fn by_dots(
        &self,
        dot: impl Fn(Runs, &[Term<'_>], &mut [u64]),
        add: impl Fn(&mut [u64], &[u64]),
        out: &mut [&mut [u64]],
    ) {
        let lanes = self.weights.lanes;
        let mut sum = vec![0; lanes];
        for (run, start) in self.runs.starts().enumerate() {
            for within in (0..self.runs.length).step_by(lanes) {
                let weights = self.weights.at(start + within);
                for row in 0..self.pattern.rows() {
                    let place = run * self.runs.length + within;
                    dot(
                        Runs::one(0, lanes),
                        &self.terms(row, place, weights, lanes),
                        &mut sum,
                    );
                    let out = &mut out[row][start + within - self.first..][..lanes];
                    if self.adding {
                        add(out, &sum);
                    } else {
                        out.copy_from_slice(&sum);
                    }
                }
            }
        }
    }

    fn terms<'b>(
        &'b self,
        row: usize,
        place: usize,
        weights: &'b [u64],
        lanes: usize,
    ) -> Vec<Term<'b>> {
        let (first, columns) = self.pattern.row(row);
        let columns = columns.iter().zip(weights[first * lanes..].chunks(lanes));
        let term = |(&column, right)| Term {
            left: &self.inputs[column as usize * self.pitch + place..][..lanes],
            shift: 0,
            right,
        };
        columns.map(term).collect()
    }
}
