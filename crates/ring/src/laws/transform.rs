//! Laws of the transforms, against their definitions.

use proptest::prelude::*;

use super::{Make, residues, run};
use crate::kernel::Kernel;
use crate::modulus::{MAX_BITS, Modulus};
use crate::prime::find_primes;

fn forward(kernel: &dyn Kernel, values: &[u64]) -> Vec<u64> {
    let (mut values, mut scratch) = (values.to_vec(), vec![u64::MAX; values.len()]);
    kernel.forward(&mut values, &mut scratch);
    assert!(values.iter().all(|x| *x < kernel.modulus().value()));
    values
}

fn inverse(kernel: &dyn Kernel, values: &[u64]) -> Vec<u64> {
    let (mut values, mut scratch) = (values.to_vec(), vec![u64::MAX; values.len()]);
    kernel.inverse(&mut values, &mut scratch);
    assert!(values.iter().all(|x| *x < kernel.modulus().value()));
    values
}

/// The value at a root of unity, by definition.
fn evaluate(q: &Modulus, coefficients: &[u64], root: u64) -> u64 {
    let back = q.inverse(root);
    let term = |(i, a): (usize, &u64)| {
        let power = |x| q.pow(x, i as u64);
        let monomial = if i == 0 {
            1
        } else {
            q.add(power(root), power(back))
        };
        q.mul(*a, monomial)
    };
    coefficients
        .iter()
        .enumerate()
        .map(term)
        .fold(0, |sum, x| q.add(sum, x))
}

/// The roots that the kernel evaluates at, up to inversion, from its first value of X + 1/X.
fn orbit(kernel: &dyn Kernel, length: usize) -> Vec<u64> {
    let q = kernel.modulus();
    let order = 4 * length as u64;
    let exponent = (q.value() - 1) / order;
    let primitive = |z: &u64| q.pow(*z, order / 2) == q.value() - 1;
    let zeta = (2..).map(|x| q.pow(x, exponent)).find(primitive).unwrap();
    let mut monomial = vec![0; length];
    monomial[1 % length] = 1;
    let first = forward(kernel, &monomial)[0];
    let matches = |e: &u64| evaluate(q, &monomial, q.pow(zeta, *e)) == first;
    let start = (1..order).step_by(2).find(matches).unwrap();
    let exponents = std::iter::successors(Some(start), |e| Some(e * 5 % order));
    exponents.take(length).map(|e| q.pow(zeta, e)).collect()
}

/// a(X) -> a(X^5), worked out on coefficients.
fn automorphism(q: &Modulus, a: &[u64]) -> Vec<u64> {
    let n = a.len();
    let mut out = vec![0; n];
    out[0] = a[0];
    for (i, x) in a.iter().enumerate().skip(1) {
        let power = 5 * i % (4 * n);
        let power = power.min(4 * n - power);
        let (negative, power) = if power > n {
            (true, 2 * n - power)
        } else {
            (false, power)
        };
        if power < n {
            out[power] = q.add(out[power], if negative { q.neg(*x) } else { *x });
        }
    }
    out
}

/// The product in the ring, by definition.
fn product(q: &Modulus, a: &[u64], b: &[u64]) -> Vec<u64> {
    let n = a.len();
    let full = |a: &[u64]| {
        let mut out = vec![0; 2 * n];
        out[0] = a[0];
        for i in 1..n {
            out[i] = a[i];
            out[2 * n - i] = q.neg(a[i]);
        }
        out
    };
    let (a, b, mut out) = (full(a), full(b), vec![0; 2 * n]);
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            let term = q.mul(*x, *y);
            let at = (i + j) % (2 * n);
            out[at] = if i + j < 2 * n {
                q.add(out[at], term)
            } else {
                q.sub(out[at], term)
            };
        }
    }
    out.truncate(n);
    out
}

pub(super) fn laws(kernel: &dyn Kernel, length: usize) {
    let q = *kernel.modulus();
    let roots = orbit(kernel, length);
    run(
        (residues(q.value(), length), residues(q.value(), length)),
        |(a, b)| {
            let values = forward(kernel, &a);
            prop_assert_eq!(&inverse(kernel, &values), &a, "bijection");
            prop_assert_eq!(&forward(kernel, &inverse(kernel, &a)), &a, "bijection");
            let naive: Vec<_> = roots.iter().map(|root| evaluate(&q, &a, *root)).collect();
            prop_assert_eq!(&values, &naive, "evaluation in orbit order");

            let mut sum = a.clone();
            kernel.add(&mut sum, &b);
            let mut values_sum = values.clone();
            kernel.add(&mut values_sum, &forward(kernel, &b));
            prop_assert_eq!(forward(kernel, &sum), values_sum, "linearity");

            let mut values_product = values.clone();
            kernel.mul(&mut values_product, &forward(kernel, &b));
            prop_assert_eq!(
                inverse(kernel, &values_product),
                product(&q, &a, &b),
                "product"
            );

            let mut shifted = values.clone();
            shifted.rotate_left(1);
            prop_assert_eq!(
                forward(kernel, &automorphism(&q, &a)),
                shifted,
                "orbit shift"
            );

            let degree = 1 << kernel.log_degree();
            let mut spread = vec![0; degree];
            a.iter()
                .enumerate()
                .for_each(|(i, x)| spread[i * (degree / length)] = *x);
            prop_assert_eq!(
                forward(kernel, &spread),
                values.repeat(degree / length),
                "periodicity"
            );
            Ok(())
        },
    );
}

/// The degrees in use, where only the cheap laws can be run, on the largest residues.
pub(super) fn large_degrees(make: Make) {
    for (log_degree, bits) in [(13, 50), (14, 36), (16, 50)] {
        let prime = find_primes(log_degree, &[bits], 1 << MAX_BITS).unwrap()[0];
        let kernel = make(Modulus::new(prime), log_degree);
        let worst = vec![prime - 1; 1 << log_degree];
        let values = forward(kernel.as_ref(), &worst);
        assert_eq!(inverse(kernel.as_ref(), &values), worst);
        assert_eq!(
            forward(kernel.as_ref(), &inverse(kernel.as_ref(), &worst)),
            worst
        );
        let ends = orbit(kernel.as_ref(), 4);
        let short = vec![prime - 1; 4];
        let naive: Vec<_> = ends
            .iter()
            .map(|z| evaluate(kernel.modulus(), &short, *z))
            .collect();
        assert_eq!(forward(kernel.as_ref(), &short), naive);
    }
}
