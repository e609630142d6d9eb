//! The seam for processor-specific arithmetic: one kernel holds one modulus and its tables.

use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::Arc;

use crate::buffer::Buffer;
use crate::choice::Choice;
use crate::modulus::Modulus;
use crate::portable::{lift, overflow};
use crate::strips::{Scalars, Strip};
use crate::weights::Tile;

/// One summand of [`Kernel::dot`]. Both lengths are powers of two and are read cyclically.
#[derive(Clone, Copy, Debug)]
pub struct Term<'a> {
    /// Read at (k + shift) mod its length; entries lie below 2^MAX_BITS.
    pub left: &'a [u64],
    /// How far `left` is rotated.
    pub shift: usize,
    /// Read at k mod its length: a whole limb, a short period, or one scalar; residues.
    pub right: &'a [u64],
}

/// A summand of both sums of [`Kernel::dot_both`].
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// As in [`Term`], but residues.
    pub left: &'a [u64],
    /// As in [`Term`].
    pub shift: usize,
    /// The right factor of either sum; whole limbs.
    pub right: [&'a [u64]; 2],
}

impl<'a> Pair<'a> {
    fn term(&self, which: usize) -> Term<'a> {
        let &Self { left, shift, right } = self;
        let right = right[which];
        Term { left, shift, right }
    }
}

/// Some indices of a cyclic array: runs of consecutive ones, evenly spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runs {
    /// The first index of the first run.
    pub start: usize,
    /// Indices of a run.
    pub length: usize,
    /// From one run to the next.
    pub stride: usize,
    /// Number of runs.
    pub count: usize,
}

impl Runs {
    /// One run.
    #[must_use]
    pub fn one(start: usize, length: usize) -> Self {
        Self {
            start,
            length,
            stride: length,
            count: 1,
        }
    }

    /// Number of indices.
    #[must_use]
    pub fn indices(&self) -> usize {
        self.length * self.count
    }

    /// The first index of each run.
    pub fn starts(self) -> impl Iterator<Item = usize> {
        (0..self.count).map(move |run| self.start + run * self.stride)
    }
}

/// Arithmetic modulo one prime on arrays of residues below it.
///
/// Transforms take any power-of-two length up to the degree, for the subring of that degree, and
/// a scratch array of the same length, of which nothing is assumed and in which traces remain.
pub trait Kernel: Send + Sync + Debug {
    /// The prime.
    fn modulus(&self) -> &Modulus;

    /// log2 of the largest length.
    fn log_degree(&self) -> u32;

    /// Coefficients to evaluations in orbit order.
    fn forward(&self, values: &mut [u64], scratch: &mut [u64]);

    /// Evaluations in orbit order to coefficients.
    fn inverse(&self, values: &mut [u64], scratch: &mut [u64]);

    /// a += b
    fn add(&self, a: &mut [u64], b: &[u64]);

    /// a -= b
    fn sub(&self, a: &mut [u64], b: &[u64]);

    /// a = -a
    fn neg(&self, a: &mut [u64]);

    /// a *= b; `b` may be shorter and is then repeated.
    fn mul(&self, a: &mut [u64], b: &[u64]);

    /// a *= scalar
    fn scale(&self, a: &mut [u64], scalar: u64);

    /// a = (a - b) * scalar
    fn sub_scale(&self, a: &mut [u64], b: &[u64], scalar: u64);

    /// out[j] = sum over terms of left[k + shift] * right[k], fully reduced, where k is the j-th
    /// index of the runs. Any number of terms.
    fn dot(&self, runs: Runs, terms: &[Term<'_>], out: &mut [u64]);

    /// Two sums over the same left factors, and each of some terms of its own: as `dot`, of fewer
    /// than 2^11 terms.
    fn dot_both(
        &self,
        runs: Runs,
        pairs: &[Pair<'_>],
        more: [&[Term<'_>]; 2],
        out: [&mut [u64]; 2],
    ) {
        for (which, (more, out)) in more.into_iter().zip(out).enumerate() {
            let terms = pairs.iter().map(|pair| pair.term(which));
            let terms: Vec<_> = terms.chain(more.iter().copied()).collect();
            self.dot(runs, &terms, out);
        }
    }

    /// out[k] = floor(1/2 + sum of parts[i][k] * reciprocals[i]) in double precision, summed in
    /// this order.
    fn overflow(&self, parts: &[&[u64]], reciprocals: &[f64], out: &mut [u64]) {
        overflow(parts, reciprocals, out);
    }

    /// Small signed values as residues; their magnitude lies below the modulus.
    fn lift(&self, values: &[i32], out: &mut [u64]) {
        lift(self.modulus(), values, out);
    }

    /// Makes residues what this kernel takes as [`crate::Weights`].
    fn prepare(&self, _values: &mut [u64]) {}

    /// Whether this kernel takes [`crate::Weights`] of as few bytes as hold its residues.
    fn packs(&self) -> bool {
        false
    }

    /// Neighbouring ones that [`crate::Weights`] keep together: a power of two.
    fn lanes(&self) -> usize {
        64
    }

    /// Writes a tile of a product of matrices, or adds it to `out`; see [`Tile`].
    fn multiply(&self, tile: &Tile<'_>, out: &mut [&mut [&mut [u64]]; 2]) {
        let dot = |runs, terms: &[Term<'_>], sum: &mut [u64]| self.dot(runs, terms, sum);
        tile.by_dots(dot, |a, b| self.add(a, b), out);
    }

    /// The rows of a matrix of scalars times a strip of each input, one strip of `out` a row. The
    /// matrix has a column.
    fn combine(&self, scalars: &Scalars<'_>, inputs: &[Strip], out: &mut [Strip]) {
        let dot = |runs, terms: &[Term<'_>], sum: &mut [u64]| self.dot(runs, terms, sum);
        scalars.by_dots(dot, inputs, out);
    }
}

/// The kernel of [`Choice::from_environment`].
///
/// # Panics
/// Unless the modulus is 1 mod 4 * 2^log_degree, and where the environment names no kernel of this
/// processor.
#[must_use]
pub fn kernel(modulus: Modulus, log_degree: u32) -> Arc<dyn Kernel> {
    match Choice::from_environment() {
        Ok(choice) => choice.kernel(modulus, log_degree),
        Err(unknown) => panic!("{unknown}"),
    }
}

/// Calls `work` with this thread's scratch array. Not for secrets: it is not cleared.
pub fn with_scratch<T>(length: usize, work: impl FnOnce(&mut [u64]) -> T) -> T {
    thread_local!(static SCRATCH: RefCell<Buffer> = RefCell::new(Buffer::recycled(0)));
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.len() < length {
            *scratch = Buffer::recycled(length);
        }
        work(&mut scratch[..length])
    })
}
