//! The kernel that runs everywhere, and that every other one is checked against.
//!
//! The transform reduces an element modulo X^N - I, I = zeta^N, and splits that polynomial level
//! by level: node k of level l is X^(N/2^l) - zeta^(N/2^l 5^k), 0 <= k < 2^l, with children k and
//! k + 2^l. Coefficient j of node k lies at j 2^l + k (Stockham), so that the leaves come out in
//! orbit order without a permutation. A level of the subring of degree p uses the same roots.

use std::iter::repeat_n;
use std::ops::Range;

use crate::kernel::{Kernel, Runs, Term};
use crate::memory::collected;
use crate::modulus::Modulus;

/// Outputs of `dot` computed together, so that their sums stay in the first-level cache.
const BLOCK: usize = 256;

/// Constants with their Shoup quotients.
#[derive(Debug)]
pub(crate) struct Constants {
    pub(crate) values: Vec<u64>,
    pub(crate) quotients: Vec<u64>,
}

impl Constants {
    fn new(modulus: &Modulus, values: Vec<u64>) -> Self {
        let quotients = collected(values.iter().map(|w| modulus.shoup(*w)));
        Self { values, quotients }
    }

    pub(crate) fn get(&self, index: usize) -> (u64, u64) {
        (self.values[index], self.quotients[index])
    }

    fn slice(&self, range: Range<usize>) -> impl Iterator<Item = (&u64, &u64)> {
        self.values[range.clone()]
            .iter()
            .zip(&self.quotients[range])
    }
}

/// One modulus with its root tables.
#[derive(Debug)]
pub struct Portable {
    modulus: Modulus,
    log_degree: u32,
    /// Entry 2^l + k is the root by which node k of level l splits; entry 0 is I.
    pub(crate) roots: Constants,
    pub(crate) inverse_roots: Constants,
    /// Entry l is 1 / 2^(l+1), entry 64 + l is I / 2^(l+1).
    pub(crate) halves: Constants,
}

impl Portable {
    /// Builds the tables.
    ///
    /// # Panics
    /// Unless the modulus is a prime 1 mod 4 * 2^log_degree.
    pub fn new(modulus: Modulus, log_degree: u32) -> Self {
        let zeta = primitive_root(&modulus, log_degree);
        let roots = orbit_roots(&modulus, log_degree, zeta);
        let inverse = orbit_roots(&modulus, log_degree, modulus.inverse(zeta));
        let half = modulus.inverse(2);
        let halves = (0..64).map(|l| modulus.pow(half, l + 1));
        let imaginary = (0..64).map(|l| modulus.mul(roots[0], modulus.pow(half, l + 1)));
        let halves = Constants::new(&modulus, halves.chain(imaginary).collect());
        let roots = Constants::new(&modulus, roots);
        let inverse_roots = Constants::new(&modulus, inverse);
        Self {
            modulus,
            log_degree,
            roots,
            inverse_roots,
            halves,
        }
    }

    pub(crate) fn check(&self, values: &[u64], scratch: &[u64]) {
        assert!(values.len().is_power_of_two() && values.len().ilog2() <= self.log_degree);
        assert_eq!(values.len(), scratch.len());
    }

    /// b_j = a_j - I a_(N-j), below 3q, for `first` <= j <= N - `first`, `first` > 0.
    pub(crate) fn twist(&self, values: &mut [u64], first: usize) {
        let (q, length) = (&self.modulus, values.len());
        let (i, i_quotient) = self.roots.get(0);
        let imaginary = |x| 2 * q.value() - q.mul_shoup_lazy(x, i, i_quotient);
        for j in first..length.div_ceil(2) {
            let (a, b) = (values[j], values[length - j]);
            values[j] = a + imaginary(b);
            values[length - j] = b + imaginary(a);
        }
        if length > 1 {
            values[length / 2] += imaginary(values[length / 2]);
        }
    }

    /// a_j = (b_j + I b_(N-j)) / 2N, reduced, for j = 0, where b_N counts as -I b_0, and for
    /// all j of the range, N - j and N / 2.
    pub(crate) fn untwist(&self, values: &mut [u64], range: Range<usize>) {
        let (q, length) = (&self.modulus, values.len());
        let level = length.ilog2() as usize;
        let ((half, half_quotient), (i, i_quotient)) =
            (self.halves.get(level), self.halves.get(64 + level));
        let combine = |x, y| {
            q.reduce(q.mul_shoup_lazy(x, half, half_quotient) + q.mul_shoup_lazy(y, i, i_quotient))
        };
        values[0] = q.reduce(2 * q.mul_shoup_lazy(values[0], half, half_quotient));
        for j in range {
            let (a, b) = (values[j], values[length - j]);
            values[j] = combine(a, b);
            values[length - j] = combine(b, a);
        }
        if length > 1 {
            values[length / 2] = combine(values[length / 2], values[length / 2]);
        }
    }

    /// One level of splitting. Words grow by 2q a level, far from 64 bits, and the last level reduces
    /// them.
    #[inline(always)]
    fn split<const LAST: bool>(&self, nodes: usize, source: &[u64], target: &mut [u64]) {
        let q = self.modulus;
        let (low, high) = source.split_at(source.len() / 2);
        let pairs = low.chunks_exact(nodes).zip(high.chunks_exact(nodes));
        for ((low, high), target) in pairs.zip(target.chunks_exact_mut(2 * nodes)) {
            let (left, right) = target.split_at_mut(nodes);
            let inputs = low.iter().zip(high).zip(self.roots.slice(nodes..2 * nodes));
            for (((u, v), (w, w_quotient)), (x, y)) in inputs.zip(left.iter_mut().zip(right)) {
                let v = q.mul_shoup_lazy(*v, *w, *w_quotient);
                *x = u + v;
                *y = u + (2 * q.value() - v);
                if LAST {
                    (*x, *y) = (q.reduce(*x), q.reduce(*y));
                }
            }
        }
    }

    /// The inverse of `split` but for a factor of 2; words below 2q in and out.
    #[inline(always)]
    fn join(&self, nodes: usize, source: &[u64], target: &mut [u64]) {
        let q = self.modulus;
        let twice = 2 * q.value();
        let (low, high) = target.split_at_mut(source.len() / 2);
        let pairs = low
            .chunks_exact_mut(nodes)
            .zip(high.chunks_exact_mut(nodes));
        for ((low, high), source) in pairs.zip(source.chunks_exact(2 * nodes)) {
            let (left, right) = source.split_at(nodes);
            let inputs = left
                .iter()
                .zip(right)
                .zip(self.inverse_roots.slice(nodes..2 * nodes));
            for (((x, y), (w, w_quotient)), (u, v)) in inputs.zip(low.iter_mut().zip(high)) {
                *u = (x + y).min((x + y).wrapping_sub(twice));
                *v = q.mul_shoup_lazy(x + (twice - y), *w, *w_quotient);
            }
        }
    }
}

/// Calls a level with a constant number of nodes where that is small, so that its inner loop
/// unrolls.
macro_rules! unrolled {
    ($nodes:expr, $nodes_name:ident => $call:expr) => {
        match $nodes {
            1 => {
                let $nodes_name = 1;
                $call
            }
            2 => {
                let $nodes_name = 2;
                $call
            }
            4 => {
                let $nodes_name = 4;
                $call
            }
            $nodes_name => $call,
        }
    };
}

/// A primitive 4N-th root of unity.
fn primitive_root(modulus: &Modulus, log_degree: u32) -> u64 {
    let order = 4u64 << log_degree;
    assert_eq!(modulus.value() % order, 1, "the modulus must be 1 mod 4N");
    let candidates = (2..).map(|x| modulus.pow(x, (modulus.value() - 1) / order));
    let mut primitive = candidates
        .take(1000)
        .filter(|z| modulus.pow(*z, order / 2) == modulus.value() - 1);
    primitive.next().expect("the modulus must be prime")
}

/// Entry 2^l + k is zeta^(N/2^(l+1) 5^k), 0 <= k < 2^l; entry 0 is zeta^N.
fn orbit_roots(modulus: &Modulus, log_degree: u32, zeta: u64) -> Vec<u64> {
    let degree = 1u64 << log_degree;
    let mut roots = collected(repeat_n(modulus.pow(zeta, degree), 1 << log_degree));
    for level in 0..log_degree {
        let mut root = modulus.pow(zeta, degree >> (level + 1));
        for entry in &mut roots[1 << level..2 << level] {
            *entry = root;
            let square = modulus.mul(root, root);
            root = modulus.mul(root, modulus.mul(square, square));
        }
    }
    roots
}

impl Kernel for Portable {
    fn modulus(&self) -> &Modulus {
        &self.modulus
    }

    fn log_degree(&self) -> u32 {
        self.log_degree
    }

    fn forward(&self, values: &mut [u64], scratch: &mut [u64]) {
        self.check(values, scratch);
        let levels = values.len().ilog2();
        self.twist(values, 1);
        let (mut source, mut target) = (&mut *values, &mut *scratch);
        for level in 0..levels {
            if level + 1 == levels {
                unrolled!(1 << level, nodes => self.split::<true>(nodes, source, target));
            } else {
                unrolled!(1 << level, nodes => self.split::<false>(nodes, source, target));
            }
            (source, target) = (target, source);
        }
        if levels % 2 == 1 {
            values.copy_from_slice(scratch);
        }
    }

    fn inverse(&self, values: &mut [u64], scratch: &mut [u64]) {
        self.check(values, scratch);
        let levels = values.len().ilog2();
        let (mut source, mut target) = (&mut *values, &mut *scratch);
        for level in (0..levels).rev() {
            unrolled!(1 << level, nodes => self.join(nodes, source, target));
            (source, target) = (target, source);
        }
        if levels % 2 == 1 {
            values.copy_from_slice(scratch);
        }
        self.untwist(values, 1..values.len().div_ceil(2));
    }

    fn add(&self, a: &mut [u64], b: &[u64]) {
        for a in a.chunks_mut(b.len()) {
            a.iter_mut()
                .zip(b)
                .for_each(|(a, b)| *a = self.modulus.add(*a, *b));
        }
    }

    fn sub(&self, a: &mut [u64], b: &[u64]) {
        for a in a.chunks_mut(b.len()) {
            a.iter_mut()
                .zip(b)
                .for_each(|(a, b)| *a = self.modulus.sub(*a, *b));
        }
    }

    fn neg(&self, a: &mut [u64]) {
        a.iter_mut().for_each(|a| *a = self.modulus.neg(*a));
    }

    fn mul(&self, a: &mut [u64], b: &[u64]) {
        for a in a.chunks_mut(b.len()) {
            a.iter_mut()
                .zip(b)
                .for_each(|(a, b)| *a = self.modulus.mul(*a, *b));
        }
    }

    fn scale(&self, a: &mut [u64], scalar: u64) {
        let quotient = self.modulus.shoup(scalar);
        a.iter_mut()
            .for_each(|a| *a = self.modulus.mul_shoup(*a, scalar, quotient));
    }

    fn sub_scale(&self, a: &mut [u64], b: &[u64], scalar: u64) {
        let quotient = self.modulus.shoup(scalar);
        for (a, b) in a.iter_mut().zip(b) {
            *a = self
                .modulus
                .mul_shoup(*a + self.modulus.value() - *b, scalar, quotient);
        }
    }

    fn dot(&self, runs: Runs, terms: &[Term<'_>], out: &mut [u64]) {
        for (start, out) in runs.starts().zip(out.chunks_mut(runs.length)) {
            for (block, out) in out.chunks_mut(BLOCK).enumerate() {
                let mut sums = [0u128; BLOCK];
                let sums = &mut sums[..out.len()];
                for term in terms {
                    accumulate(start + block * BLOCK, term, sums);
                }
                let pairs = out.iter_mut().zip(sums);
                pairs.for_each(|(out, sum)| *out = self.modulus.reduce_wide(*sum));
            }
        }
    }
}

/// See [`Kernel::lift`].
#[inline(always)]
pub(crate) fn lift(modulus: &Modulus, values: &[i32], out: &mut [u64]) {
    for (out, &value) in out.iter_mut().zip(values) {
        let wrap = if value < 0 { modulus.value() } else { 0 };
        *out = wrap.wrapping_add_signed(value.into());
    }
}

/// See [`Kernel::overflow`].
pub(crate) fn overflow(parts: &[&[u64]], reciprocals: &[f64], out: &mut [u64]) {
    for (k, out) in out.iter_mut().enumerate() {
        let terms = parts.iter().zip(reciprocals);
        *out = terms.fold(0.5, |sum, (part, reciprocal)| {
            sum + part[k] as f64 * reciprocal
        }) as u64;
    }
}

/// sums[j] += left[start + j + shift] * right[start + j]; 2^28 products fit 128 bits.
fn accumulate(start: usize, term: &Term<'_>, sums: &mut [u128]) {
    let mut done = 0;
    while done < sums.len() {
        let left = &term.left[(start + done + term.shift) & (term.left.len() - 1)..];
        let left = &left[..left.len().min(sums.len() - done)];
        let count = if let [scalar] = term.right {
            let pairs = sums[done..].iter_mut().zip(left);
            pairs.for_each(|(sum, a)| *sum += u128::from(*a) * u128::from(*scalar));
            left.len()
        } else {
            let right = &term.right[(start + done) & (term.right.len() - 1)..];
            let pairs = sums[done..].iter_mut().zip(left.iter().zip(right));
            pairs.for_each(|(sum, (a, b))| *sum += u128::from(*a) * u128::from(*b));
            left.len().min(right.len())
        };
        done += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obeys_the_laws() {
        crate::laws::check(|modulus, log_degree| Box::new(Portable::new(modulus, log_degree)));
    }
}
