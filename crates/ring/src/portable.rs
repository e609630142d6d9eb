//! The kernel that runs everywhere and that every other one is checked against.

use crate::kernel::{Kernel, Term};
use crate::modulus::Modulus;

/// One modulus with its root tables.
#[derive(Debug)]
pub struct Portable {
    modulus: Modulus,
    log_degree: u32,
}

impl Portable {
    /// Builds the tables.
    pub fn new(modulus: Modulus, log_degree: u32) -> Self {
        Self {
            modulus,
            log_degree,
        }
    }
}

impl Kernel for Portable {
    fn modulus(&self) -> &Modulus {
        &self.modulus
    }
    fn log_degree(&self) -> u32 {
        self.log_degree
    }
    fn forward(&self, _values: &mut [u64]) {
        todo!()
    }
    fn inverse(&self, _values: &mut [u64]) {
        todo!()
    }
    fn add(&self, _a: &mut [u64], _b: &[u64]) {
        todo!()
    }
    fn sub(&self, _a: &mut [u64], _b: &[u64]) {
        todo!()
    }
    fn neg(&self, _a: &mut [u64]) {
        todo!()
    }
    fn mul(&self, _a: &mut [u64], _b: &[u64]) {
        todo!()
    }
    fn scale(&self, _a: &mut [u64], _scalar: u64) {
        todo!()
    }
    fn sub_scale(&self, _a: &mut [u64], _b: &[u64], _scalar: u64) {
        todo!()
    }
    fn dot(&self, _start: usize, _terms: &[Term<'_>], _out: &mut [u64]) {
        todo!()
    }
}
