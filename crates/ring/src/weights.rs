//! Products of a sparse matrix of periodic weights with cyclic arrays, tile by tile.

use crate::buffer::Buffer;
use crate::kernel::{Kernel, Runs, Term};
use crate::memory::copied;

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

/// Bytes up to which weights stay in cache, where whole words are read faster.
const CACHED: usize = 4 << 20;

/// Bytes that vectorised kernels may read of what lies behind the last residue.
const MARGIN: usize = 64;

/// The residues of all entries modulo one prime, as one kernel takes them. Those at neighbouring
/// indices, as many as the kernel has lanes, lie together, and then the same of the next entry: one
/// tile reads them in order.
#[derive(Clone, Debug)]
pub struct Weights {
    period: usize,
    lanes: usize,
    entries: usize,
    /// Bytes of each.
    width: usize,
    words: Buffer,
}

impl Weights {
    /// For one kernel, of one common period, a power of two. They are to be set.
    #[must_use]
    pub fn new(kernel: &dyn Kernel, period: usize, entries: usize) -> Self {
        let fits = period * entries * size_of::<u64>() <= CACHED;
        Self::stored(kernel, period, entries, !fits && kernel.packs())
    }

    /// Of whole words, or of as few bytes as hold a residue.
    pub(crate) fn stored(kernel: &dyn Kernel, period: usize, entries: usize, packed: bool) -> Self {
        let least = kernel.modulus().bits().div_ceil(8) as usize;
        let width = if packed { least } else { size_of::<u64>() };
        let bytes = period * entries * width + MARGIN;
        Self {
            period,
            lanes: kernel.lanes().min(period),
            entries,
            width,
            words: Buffer::zeroed(bytes.div_ceil(size_of::<u64>())),
        }
    }

    /// Sets one entry to residues whose number divides the period.
    pub fn set(&mut self, kernel: &dyn Kernel, entry: usize, values: &[u64]) {
        let mut values = copied(values);
        kernel.prepare(&mut values);
        let (lanes, width) = (self.lanes, self.width);
        let chunks = self
            .words
            .bytes_mut()
            .chunks_exact_mut(self.entries * lanes * width);
        for (chunk, out) in chunks.take(self.period / lanes).enumerate() {
            let out = out[entry * lanes * width..].chunks_exact_mut(width);
            for (lane, out) in out.take(lanes).enumerate() {
                let value = values[(chunk * lanes + lane) & (values.len() - 1)];
                out.copy_from_slice(&value.to_le_bytes()[..width]);
            }
        }
    }

    /// Those of all entries at the lanes from `start` on, then at the next ones, and a margin.
    #[must_use]
    pub fn bytes_from(&self, start: usize) -> &[u8] {
        let start = start & (self.period - 1);
        &self.words.bytes()[start * self.entries * self.width..]
    }

    /// Those of one entry at the lanes from `start` on, for a kernel that does not pack them.
    pub(crate) fn entry(&self, start: usize, entry: usize) -> &[u64] {
        let start = start & (self.period - 1);
        &self.words[start * self.entries + entry * self.lanes..][..self.lanes]
    }

    /// Bytes of each.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Memory taken.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of_val(&self.words[..])
    }
}

/// A tile of a product: for two halves, out[row][k] becomes, or grows by, the sum over the entries of
/// the row of weight[k] * input[column][k], for the indices k of some runs.
#[derive(Clone, Copy, Debug)]
pub struct Tile<'a> {
    /// The entries.
    pub pattern: &'a Pattern,
    /// Their values, packed for this kernel.
    pub weights: &'a Weights,
    /// Their starts and their length are multiples of the lanes, their stride of the period.
    pub runs: Runs,
    /// Of both halves, column c from c * pitch on, run after run; residues.
    pub inputs: [&'a [u64]; 2],
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
        out: &mut [&mut [&mut [u64]]; 2],
    ) {
        let lanes = self.weights.lanes;
        let mut sum = vec![0; lanes];
        for (place, start) in self.places() {
            for (half, out) in out.iter_mut().enumerate() {
                for (row, out) in out.iter_mut().enumerate() {
                    let terms = self.terms(half, row, place, start);
                    dot(Runs::one(0, lanes), &terms, &mut sum);
                    let out = &mut out[start - self.first..][..lanes];
                    if self.adding {
                        add(out, &sum);
                    } else {
                        out.copy_from_slice(&sum);
                    }
                }
            }
        }
    }

    /// Where every few lanes lie among the inputs, and their first index.
    fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        let (length, lanes) = (self.runs.length, self.weights.lanes);
        let runs = self.runs.starts().enumerate();
        runs.flat_map(move |(run, start)| {
            let within = (0..length).step_by(lanes);
            within.map(move |within| (run * length + within, start + within))
        })
    }

    fn terms(&self, half: usize, row: usize, place: usize, start: usize) -> Vec<Term<'_>> {
        let (first, columns) = self.pattern.row(row);
        let term = |(entry, &column): (usize, &u32)| Term {
            left: &self.inputs[half][column as usize * self.pitch + place..][..self.weights.lanes],
            shift: 0,
            right: self.weights.entry(start, first + entry),
        };
        columns.iter().enumerate().map(term).collect()
    }
}
