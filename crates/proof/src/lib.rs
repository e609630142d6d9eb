//! Zero-knowledge proofs of the integer runs of quantised networks.

#[cfg(all(test, not(feature = "insecure-not-hiding")))]
mod algebra;
pub mod argument;
pub mod atoms;
pub mod binding;
pub mod circuit;
pub mod code;
pub mod codec;
mod coefficients;
pub mod commitment;
pub mod eq;
pub mod error;
pub mod factors;
pub mod field;
pub mod fractions;
pub mod gkr;
pub mod hiding;
pub mod linear;
pub mod masked;
pub mod merkle;
pub mod model;
pub mod opening;
pub mod parameters;
pub mod pin;
pub mod product;
pub mod quadratic;
pub mod registers;
pub mod scheme;
pub mod secret;
pub mod security;
mod sizes;
mod subject;
pub mod transcript;
