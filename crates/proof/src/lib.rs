//! Zero-knowledge proofs of the integer runs of quantised networks.

pub mod atoms;
pub mod circuit;
pub mod code;
pub mod commitment;
pub mod eq;
pub mod error;
pub mod factors;
pub mod field;
pub mod fractions;
pub mod gkr;
pub mod job;
pub mod linear;
pub mod masked;
pub mod merkle;
pub mod opening;
pub mod pin;
pub mod product;
pub mod quadratic;
pub mod registers;
pub mod secret;
pub mod transcript;
