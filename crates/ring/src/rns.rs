//! Residue number systems: lists of moduli, and moving between them.

use std::sync::Arc;

use crate::kernel::Kernel;
use crate::poly::Poly;

/// An ordered list of moduli with their kernels. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Basis {
    kernels: Arc<[Arc<dyn Kernel>]>,
}

impl Basis {
    /// From kernels of one degree.
    #[must_use]
    pub fn new(kernels: Vec<Arc<dyn Kernel>>) -> Self {
        Self {
            kernels: kernels.into(),
        }
    }

    /// The kernels in order, one a limb.
    #[must_use]
    pub fn kernels(&self) -> &[Arc<dyn Kernel>] {
        &self.kernels
    }

    /// Number of moduli.
    #[must_use]
    pub fn limbs(&self) -> usize {
        self.kernels.len()
    }

    /// Coefficients to evaluations, all limbs in parallel.
    pub fn forward(&self, _a: &mut Poly) {
        todo!()
    }

    /// Evaluations to coefficients, all limbs in parallel.
    pub fn inverse(&self, _a: &mut Poly) {
        todo!()
    }

    /// a += b. Here and below `a` has the limbs of this basis, `b` at least those, and a shorter
    /// degree of `b` is a period.
    pub fn add(&self, _a: &mut Poly, _b: &Poly) {
        todo!()
    }

    /// a -= b
    pub fn sub(&self, _a: &mut Poly, _b: &Poly) {
        todo!()
    }

    /// a = -a
    pub fn neg(&self, _a: &mut Poly) {
        todo!()
    }

    /// a *= b, pointwise
    pub fn mul(&self, _a: &mut Poly, _b: &Poly) {
        todo!()
    }

    /// Small signed coefficients in every limb.
    #[must_use]
    pub fn lift(&self, _values: &[i64]) -> Poly {
        todo!()
    }
}

/// Tables for taking a centred residue from one basis to another, exactly but for values within
/// 2^-40 of half the modulus, which may come out on either side.
#[derive(Debug)]
pub struct Extension {
    from: Basis,
    to: Basis,
}

impl Extension {
    /// The bases share no modulus.
    #[must_use]
    pub fn new(from: Basis, to: Basis) -> Self {
        Self { from, to }
    }

    /// Coefficient domain in and out.
    #[must_use]
    pub fn apply(&self, _a: &Poly) -> Poly {
        let _ = (&self.from, &self.to);
        todo!()
    }
}

/// Division by the product of the last moduli of a basis, rounded to the nearest integer.
#[derive(Debug)]
pub struct Division {
    extension: Extension,
    kept: Basis,
}

impl Division {
    /// Keeps the first `keep` moduli of `basis` and divides by the product of the others.
    #[must_use]
    pub fn new(basis: &Basis, keep: usize) -> Self {
        let (kept, gone) = basis.kernels().split_at(keep);
        let (kept, gone) = (Basis::new(kept.to_vec()), Basis::new(gone.to_vec()));
        Self {
            extension: Extension::new(gone, kept.clone()),
            kept,
        }
    }

    /// Evaluation domain in and out; the result has the kept limbs.
    #[must_use]
    pub fn apply(&self, _a: Poly) -> Poly {
        let _ = (&self.extension, &self.kept);
        todo!()
    }
}
