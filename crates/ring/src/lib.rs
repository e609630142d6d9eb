//! The conjugate-invariant ring Z[X + 1/X] / (X^2N + 1) in residue number systems.
//!
//! An element is a_0 + sum of a_i (X^i + X^-i), 0 < i < N, with X^-i = -X^(2N-i). Its evaluation
//! array holds, in *orbit order*, the values at zeta^(5^k) for a primitive 4N-th root of unity
//! zeta, so that the automorphism X -> X^(5^r) is a cyclic shift by r, and an element of the
//! subring of degree p has an array of period p.

#[cfg(target_arch = "x86_64")]
mod avx2;
pub mod buffer;
pub mod choice;
pub mod float;
#[cfg(target_arch = "x86_64")]
mod ifma;
pub mod kernel;
#[cfg(test)]
mod laws;
pub mod memory;
pub mod modulus;
pub mod poly;
mod portable;
pub mod prime;
pub mod rns;
pub mod sampling;
#[cfg(target_arch = "x86_64")]
mod slices;
pub mod strips;
pub mod weights;

pub use buffer::Buffer;
pub use choice::Choice;
pub use kernel::{Kernel, Pair, Runs, Term, kernel, with_scratch};
pub use memory::OutOfMemory;
pub use modulus::Modulus;
pub use poly::Poly;
pub use rns::{Basis, Division, Extension};
pub use strips::{STRIP, Scalars, Strip};
pub use weights::{Pattern, Tile, Weights};
