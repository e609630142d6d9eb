//! The seam for processor-specific arithmetic: one kernel holds one modulus and its tables.

use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::Arc;

use crate::choice::Choice;
use crate::modulus::Modulus;

/// One summand of [`Kernel::dot`]. Both lengths are powers of two and are read cyclically.
#[derive(Clone, Copy, Debug)]
pub struct Term<'a> {
    /// Read at (k + shift) mod its length.
    pub left: &'a [u64],
    /// How far `left` is rotated.
    pub shift: usize,
    /// Read at k mod its length: a whole limb, a short period, or one scalar.
    pub right: &'a [u64],
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

    /// out[j] = sum over terms of left[start + j + shift] * right[start + j], fully reduced.
    ///
    /// Entries need only lie below 2^MAX_BITS, not below the modulus. Any number of terms.
    /// Callers with many outputs over the same inputs pass short `out` blocks, so that the
    /// inputs stay in cache.
    fn dot(&self, start: usize, terms: &[Term<'_>], out: &mut [u64]);
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
    thread_local!(static SCRATCH: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) });
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.len() < length {
            scratch.resize(length, 0);
        }
        work(&mut scratch[..length])
    })
}
