//! Residue number systems: lists of moduli, and moving between them.

use std::sync::Arc;

use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::buffer::Buffer;
use crate::kernel::{Kernel, Runs, Term, with_scratch};
use crate::memory::reserved;
use crate::modulus::Modulus;
use crate::poly::Poly;

/// Words whose overflow is found by one task.
const OVERFLOW_BLOCK: usize = 1 << 12;

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

    fn moduli(&self) -> impl Iterator<Item = &Modulus> {
        self.kernels.iter().map(|kernel| kernel.modulus())
    }

    /// Calls `work` for every limb of `a`, in parallel.
    fn each(&self, a: &mut Poly, work: impl Fn(usize, &dyn Kernel, &mut [u64]) + Sync) {
        let degree = a.degree();
        let limbs = a
            .values_mut()
            .par_chunks_exact_mut(degree)
            .zip(self.kernels.par_iter());
        limbs
            .enumerate()
            .for_each(|(i, (limb, kernel))| work(i, kernel.as_ref(), limb));
    }

    /// Coefficients to evaluations, all limbs in parallel.
    pub fn forward(&self, a: &mut Poly) {
        self.each(a, |_, kernel, limb| {
            with_scratch(limb.len(), |scratch| kernel.forward(limb, scratch));
        });
    }

    /// `forward` that leaves no traces in memory.
    pub fn forward_secret(&self, a: &mut Poly) {
        self.each(a, |_, kernel, limb| {
            kernel.forward(limb, &mut Zeroizing::new(Buffer::recycled(limb.len())));
        });
    }

    /// Evaluations to coefficients, all limbs in parallel.
    pub fn inverse(&self, a: &mut Poly) {
        self.each(a, |_, kernel, limb| {
            with_scratch(limb.len(), |scratch| kernel.inverse(limb, scratch));
        });
    }

    /// a += b. Here and below `a` has the limbs of this basis, `b` at least those, and a shorter
    /// degree of `b` is a period.
    pub fn add(&self, a: &mut Poly, b: &Poly) {
        self.each(a, |i, kernel, limb| kernel.add(limb, b.limb(i)));
    }

    /// a -= b
    pub fn sub(&self, a: &mut Poly, b: &Poly) {
        self.each(a, |i, kernel, limb| kernel.sub(limb, b.limb(i)));
    }

    /// a = -a
    pub fn neg(&self, a: &mut Poly) {
        self.each(a, |_, kernel, limb| kernel.neg(limb));
    }

    /// a *= b, pointwise
    pub fn mul(&self, a: &mut Poly, b: &Poly) {
        self.each(a, |i, kernel, limb| kernel.mul(limb, b.limb(i)));
    }

    /// Small signed coefficients in every limb.
    #[must_use]
    pub fn lift(&self, values: &[i64]) -> Poly {
        let mut poly = Poly::recycled(values.len(), self.limbs());
        self.each(&mut poly, |_, kernel, limb| {
            limb.iter_mut()
                .zip(values)
                .for_each(|(x, v)| *x = kernel.modulus().lift(*v));
        });
        poly
    }

    /// Centred coefficients as the nearest doubles, by balanced mixed-radix digits: exact where
    /// they are small, however large the modulus. Coefficient domain.
    #[must_use]
    pub fn to_float(&self, a: &Poly) -> Vec<f64> {
        let moduli: Vec<_> = self.moduli().copied().collect();
        let inverses: Vec<Vec<u64>> = moduli
            .iter()
            .enumerate()
            .map(|(i, q)| {
                moduli[..i]
                    .iter()
                    .map(|p| q.inverse(q.reduce(p.value())))
                    .collect()
            })
            .collect();
        let value = |k: usize| {
            let mut digits = Vec::with_capacity(moduli.len());
            for (i, q) in moduli.iter().enumerate() {
                let peel =
                    |x, (digit, inverse): (&i64, &u64)| q.mul(q.sub(x, q.lift(*digit)), *inverse);
                digits.push(centre(
                    digits.iter().zip(&inverses[i]).fold(a.limb(i)[k], peel),
                    q,
                ));
            }
            let pairs = digits.iter().zip(&moduli).rev();
            pairs.fold(0.0, |sum, (digit, q)| {
                sum * q.value() as f64 + *digit as f64
            })
        };
        let mut values = reserved(a.degree());
        let all = (0..a.degree()).into_par_iter().map(value);
        all.collect_into_vec(&mut values);
        values
    }
}

fn centre(x: u64, q: &Modulus) -> i64 {
    if x > q.value() / 2 {
        x as i64 - q.value() as i64
    } else {
        x as i64
    }
}

/// Tables for taking a centred residue from one basis to another: exact but for values within
/// 2^-40 of half the modulus, which may come out on either side.
///
/// With Q the product of `from` and y_i = x (Q/q_i)^-1 mod q_i, the centred x is the sum of
/// y_i Q/q_i less v Q, where v is the sum of y_i / q_i rounded, taken in floating point
/// (Halevi, Polyakov, Shoup, eprint 2018/117).
#[derive(Debug)]
pub struct Extension {
    from: Basis,
    to: Basis,
    /// (Q/q_i)^-1 mod q_i
    inverses: Vec<u64>,
    /// 1 / q_i
    reciprocals: Vec<f64>,
    /// For each target p: Q/q_i mod p for each i, then -Q mod p.
    factors: Vec<Vec<u64>>,
}

/// What all targets of one extension share.
#[derive(Debug)]
pub struct Prepared {
    /// The y_i.
    parts: Poly,
    /// The v.
    overflow: Buffer,
}

impl Extension {
    /// The bases share no modulus.
    #[must_use]
    pub fn new(from: Basis, to: Basis) -> Self {
        let moduli: Vec<u64> = from.moduli().map(Modulus::value).collect();
        let inverses = from
            .moduli()
            .map(|q| q.inverse(product_without(&moduli, q.value(), q)));
        let factors = to.moduli().map(|p| {
            let mut factors: Vec<_> = moduli
                .iter()
                .map(|q| product_without(&moduli, *q, p))
                .collect();
            factors.push(p.neg(product_without(&moduli, 0, p)));
            factors
        });
        let reciprocals = moduli.iter().map(|q| 1.0 / *q as f64).collect();
        let (inverses, factors) = (inverses.collect(), factors.collect());
        Self {
            from,
            to,
            inverses,
            reciprocals,
            factors,
        }
    }

    /// The basis that values come from.
    #[must_use]
    pub fn from(&self) -> &Basis {
        &self.from
    }

    /// The basis that values go to.
    #[must_use]
    pub fn to(&self) -> &Basis {
        &self.to
    }

    /// The common part, from the evaluation domain: limbs `first` and following of `a`.
    #[must_use]
    pub fn prepare(&self, a: &Poly, first: usize) -> Prepared {
        let mut parts = Poly::recycled(a.degree(), self.from.limbs());
        self.from.each(&mut parts, |i, kernel, limb| {
            limb.copy_from_slice(a.limb(first + i));
            with_scratch(limb.len(), |scratch| kernel.inverse(limb, scratch));
            kernel.scale(limb, self.inverses[i]);
        });
        let overflow = self.overflow(&parts);
        Prepared { parts, overflow }
    }

    fn overflow(&self, parts: &Poly) -> Buffer {
        let mut out = Buffer::recycled(parts.degree());
        let blocks = out.par_chunks_mut(OVERFLOW_BLOCK).enumerate();
        blocks.for_each(|(block, out)| {
            let block = |i| &parts.limb(i)[block * OVERFLOW_BLOCK..][..out.len()];
            let parts: Vec<_> = (0..parts.limbs()).map(block).collect();
            self.from.kernels[0].overflow(&parts, &self.reciprocals, out);
        });
        out
    }

    /// Target `index` of the extension, in the coefficient domain.
    pub fn target(&self, prepared: &Prepared, index: usize, out: &mut [u64]) {
        let factors = &self.factors[index];
        let mut terms = Vec::with_capacity(factors.len());
        for (i, factor) in factors.iter().enumerate() {
            let left = if i < self.from.limbs() {
                prepared.parts.limb(i)
            } else {
                &prepared.overflow
            };
            terms.push(Term {
                left,
                shift: 0,
                right: std::slice::from_ref(factor),
            });
        }
        self.to.kernels[index].dot(Runs::one(0, out.len()), &terms, out);
    }
}

/// The product of all moduli but one, mod p.
fn product_without(moduli: &[u64], excluded: u64, p: &Modulus) -> u64 {
    let others = moduli.iter().filter(|q| **q != excluded);
    others.fold(1, |product, q| p.mul(product, p.reduce(*q)))
}

/// Division by the product of the last moduli of a basis, rounded to the nearest integer.
#[derive(Debug)]
pub struct Division {
    extension: Extension,
    /// The inverse of the divisor in each modulus kept.
    inverses: Vec<u64>,
}

impl Division {
    /// Keeps the first `keep` moduli of `basis` and divides by the product of the others.
    #[must_use]
    pub fn new(basis: &Basis, keep: usize) -> Self {
        let (kept, gone) = basis.kernels().split_at(keep);
        let divisor: Vec<u64> = gone.iter().map(|kernel| kernel.modulus().value()).collect();
        let inverse = |kernel: &Arc<dyn Kernel>| {
            let modulus = kernel.modulus();
            modulus.inverse(product_without(&divisor, 0, modulus))
        };
        let inverses = kept.iter().map(inverse).collect();
        Self {
            extension: Extension::new(Basis::new(gone.to_vec()), Basis::new(kept.to_vec())),
            inverses,
        }
    }

    /// Evaluation domain in and out; the result has the kept limbs.
    #[must_use]
    pub fn apply(&self, mut a: Poly) -> Poly {
        let (extension, keep) = (&self.extension, self.inverses.len());
        let prepared = extension.prepare(&a, keep);
        a.truncate(keep);
        extension.to.each(&mut a, |j, kernel, limb| {
            with_scratch(2 * limb.len(), |scratch| {
                let (remainder, scratch) = scratch.split_at_mut(limb.len());
                extension.target(&prepared, j, remainder);
                kernel.forward(remainder, scratch);
                kernel.sub_scale(limb, remainder, self.inverses[j]);
            });
        });
        a
    }

    /// `apply` in memory of its own, for results that are kept: no room is left for what went.
    #[must_use]
    pub fn quotient(&self, a: &Poly) -> Poly {
        let (extension, keep) = (&self.extension, self.inverses.len());
        let prepared = extension.prepare(a, keep);
        let mut quotient = Poly::recycled(a.degree(), keep);
        extension.to.each(&mut quotient, |j, kernel, limb| {
            // The remainder, which then is subtracted from.
            extension.target(&prepared, j, limb);
            with_scratch(limb.len(), |scratch| kernel.forward(limb, scratch));
            let inverse = kernel.modulus().neg(self.inverses[j]);
            kernel.sub_scale(limb, a.limb(j), inverse);
        });
        quotient
    }
}
