//! What every kernel obeys; its tests call [`check`].

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::kernel::{Kernel, Pair, Runs, Term};
use crate::modulus::{MAX_BITS, Modulus};
use crate::prime::find_primes;
use crate::weights::{Pattern, Tile, Weights};

type Make = fn(Modulus, u32) -> Box<dyn Kernel>;

/// Residues of some length 2^log up to the degree, drawn with a taste for extremes.
fn residues(q: u64, length: usize) -> impl Strategy<Value = Vec<u64>> {
    let word = prop_oneof![4 => 0..q, 1 => Just(0), 1 => Just(q - 1), 1 => Just(1)];
    prop_oneof![
        8 => prop::collection::vec(word, length),
        1 => Just(vec![q - 1; length]),
    ]
}

/// Runs all laws over several degrees and moduli.
pub fn check(make: Make) {
    for (log_degree, bits) in [(0, 12), (1, 20), (3, 24), (6, 36), (6, 50), (8, 50)] {
        let prime = find_primes(log_degree, &[bits], 1 << MAX_BITS).unwrap()[0];
        let kernel = make(Modulus::new(prime), log_degree);
        for log_length in 0..=log_degree {
            transform_laws(kernel.as_ref(), 1 << log_length);
        }
        pointwise_laws(kernel.as_ref());
        dot_laws(kernel.as_ref());
        multiply_laws(kernel.as_ref());
        conversion_laws(kernel.as_ref());
    }
    large_degrees(make);
}

fn run<S: Strategy>(strategy: S, law: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..Default::default()
    };
    TestRunner::new(config).run(&strategy, law).unwrap();
}

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

fn transform_laws(kernel: &dyn Kernel, length: usize) {
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

fn pointwise_laws(kernel: &dyn Kernel) {
    let (q, length) = (*kernel.modulus(), 40);
    let strategy = (
        residues(q.value(), length),
        residues(q.value(), length),
        0..q.value(),
    );
    run(strategy, |(a, b, scalar)| {
        let apply = |operation: &dyn Fn(&mut [u64])| {
            let mut out = a.clone();
            operation(&mut out);
            out
        };
        let wide = |f: &dyn Fn(u128, u128, u128) -> u128| -> Vec<u64> {
            let q = u128::from(q.value());
            a.iter()
                .zip(&b)
                .map(|(x, y)| (f((*x).into(), (*y).into(), q) % q) as u64)
                .collect()
        };
        let s = u128::from(scalar);
        prop_assert_eq!(apply(&|out| kernel.add(out, &b)), wide(&|x, y, _| x + y));
        prop_assert_eq!(
            apply(&|out| kernel.sub(out, &b)),
            wide(&|x, y, q| x + q - y)
        );
        prop_assert_eq!(apply(&|out| kernel.neg(out)), wide(&|x, _, q| q - x));
        prop_assert_eq!(apply(&|out| kernel.mul(out, &b)), wide(&|x, y, _| x * y));
        prop_assert_eq!(apply(&|out| kernel.mul(out, &b[..8])), {
            let mut out = a.clone();
            kernel.mul(&mut out, &b[..8].repeat(5));
            out
        });
        prop_assert_eq!(
            apply(&|out| kernel.scale(out, scalar)),
            wide(&|x, _, _| x * s)
        );
        let difference = apply(&|out| kernel.sub_scale(out, &b, scalar));
        prop_assert_eq!(difference, wide(&|x, y, q| (x + q - y) * s));
        Ok(())
    });
}

fn naive_dot(q: &Modulus, runs: Runs, terms: &[Term<'_>]) -> Vec<u64> {
    let at = |x: &[u64], k: usize| q.reduce(x[k % x.len()]);
    let value = |k: usize| {
        let products = terms
            .iter()
            .map(|t| q.mul(at(t.left, k + t.shift), at(t.right, k)));
        products.fold(0, |sum, x| q.add(sum, x))
    };
    let indices = runs.starts().flat_map(|start| start..start + runs.length);
    indices.map(value).collect()
}

fn dot_laws(kernel: &dyn Kernel) {
    let q = *kernel.modulus();
    let side =
        |most, log: std::ops::Range<u32>| log.prop_flat_map(move |log| residues(most, 1 << log));
    let term = (
        side(1 << MAX_BITS, 0..10),
        0usize..2000,
        side(q.value(), 0..10),
    );
    let runs = (0usize..700, 1usize..300, 0usize..100, 1usize..4);
    run(
        (prop::collection::vec(term, 0..12), runs),
        |(terms, (start, length, gap, count))| {
            let terms: Vec<_> = terms
                .iter()
                .map(|(left, shift, right)| Term {
                    left,
                    shift: *shift,
                    right,
                })
                .collect();
            let stride = length + gap;
            let runs = Runs {
                start,
                length,
                stride,
                count,
            };
            let mut out = vec![u64::MAX; runs.indices()];
            kernel.dot(runs, &terms, &mut out);
            prop_assert_eq!(&out, &naive_dot(&q, runs, &terms));
            both_law(kernel, runs, &terms)
        },
    );
    extreme_sums(kernel);
}

/// Two sums at once are what `dot` makes of each.
fn both_law(kernel: &dyn Kernel, runs: Runs, terms: &[Term<'_>]) -> Result<(), TestCaseError> {
    let (shared, more) = terms.split_at(terms.len() / 2);
    let whole = shared.iter().filter(|term| term.right.len() > 1);
    let pairs = whole.map(|term| Pair {
        left: term.left,
        shift: term.shift,
        right: [term.right, term.left],
    });
    let residue = |x: &u64| *x < kernel.modulus().value();
    let pairs: Vec<_> = pairs.filter(|pair| pair.left.iter().all(residue)).collect();
    let mut out = [0, 1].map(|_| vec![u64::MAX; runs.indices()]);
    let [first, second] = &mut out;
    kernel.dot_both(
        runs,
        &pairs,
        [more, &more[..more.len() / 2]],
        [first, second],
    );
    for (which, (out, more)) in out.iter().zip([more, &more[..more.len() / 2]]).enumerate() {
        let terms = pairs.iter().map(|pair| Term {
            left: pair.left,
            shift: pair.shift,
            right: pair.right[which],
        });
        let terms: Vec<_> = terms.chain(more.iter().copied()).collect();
        prop_assert_eq!(out, &naive_dot(kernel.modulus(), runs, &terms));
    }
    Ok(())
}

/// A sparse matrix of periodic weights, tile by tile, against sums of products by definition.
fn multiply_laws(kernel: &dyn Kernel) {
    let (q, length, columns) = (*kernel.modulus(), 64, 5);
    let lanes = kernel.lanes().min(length);
    let entry = (0u32..columns, residues(q.value(), length));
    let rows = prop::collection::vec(prop::collection::vec(entry, 0..24), 1..4);
    let (count, stride) = (1usize..14, prop_oneof![Just(length), Just(2 * length)]);
    run(
        (
            rows,
            count,
            stride,
            residues(q.value(), 9 * length),
            prop::bool::ANY,
        ),
        |(rows, count, stride, words, adding)| {
            let degree = stride * count;
            let runs = Runs {
                start: stride - length,
                length,
                stride,
                count,
            };
            let pitch = runs.indices() + 8;
            let inputs: Vec<u64> = words
                .iter()
                .copied()
                .cycle()
                .skip(3)
                .take(columns as usize * pitch)
                .collect();
            let mut pattern = Pattern::default();
            rows.iter()
                .for_each(|row| pattern.push(row.iter().map(|(column, _)| *column)));
            let mut weights = Weights::new(length, lanes, pattern.entries());
            let values = rows.iter().flatten().enumerate();
            values.for_each(|(entry, (_, values))| weights.set(entry, values));
            let before: Vec<u64> = words
                .iter()
                .copied()
                .cycle()
                .take(rows.len() * degree)
                .collect();
            let tile = Tile {
                pattern: &pattern,
                weights: &weights,
                runs,
                inputs: &inputs,
                pitch,
                first: 0,
                adding,
            };
            let (mut out, mut expected) = (before.clone(), before);
            let mut rows_out: Vec<_> = out.chunks_mut(degree).collect();
            kernel.multiply(&tile, &mut rows_out);
            for (row, entries) in rows.iter().enumerate() {
                for (place, index) in runs
                    .starts()
                    .flat_map(|start| start..start + length)
                    .enumerate()
                {
                    let out = &mut expected[row * degree + index];
                    *out = if adding { *out } else { 0 };
                    for (column, values) in entries {
                        let input = inputs[*column as usize * pitch + place];
                        *out = q.add(*out, q.mul(input, values[index % length]));
                    }
                }
            }
            prop_assert_eq!(out, expected);
            Ok(())
        },
    );
}

/// Both are the portable kernel's to the last bit.
fn conversion_laws(kernel: &dyn Kernel) {
    let q = *kernel.modulus();
    let parts = prop::collection::vec(residues(q.value(), 21), 1..9);
    run(parts, |parts| {
        let parts: Vec<&[u64]> = parts.iter().map(Vec::as_slice).collect();
        let reciprocals: Vec<f64> = (0..parts.len())
            .map(|i| 1.0 / (q.value() + i as u64) as f64)
            .collect();
        let (mut out, mut expected) = (vec![u64::MAX; 21], vec![0; 21]);
        kernel.overflow(&parts, &reciprocals, &mut out);
        crate::portable::overflow(&parts, &reciprocals, &mut expected);
        prop_assert_eq!(out, expected);
        Ok(())
    });
    let most = i32::try_from(q.value() - 1).unwrap_or(i32::MAX);
    run(prop::collection::vec(-most..=most, 1..50), |values| {
        let mut out = vec![u64::MAX; values.len()];
        kernel.lift(&values, &mut out);
        let expected: Vec<_> = values.iter().map(|value| q.lift((*value).into())).collect();
        prop_assert_eq!(out, expected);
        Ok(())
    });
}

/// More terms than any lazy sum holds, all of them as large as allowed.
fn extreme_sums(kernel: &dyn Kernel) {
    let q = *kernel.modulus();
    let (largest, residue) = (vec![(1 << MAX_BITS) - 1; 16], vec![q.value() - 1; 16]);
    let term = Term {
        left: &largest,
        shift: 3,
        right: &residue,
    };
    for count in [1, 7, 8, 15, 16, 127, 128, 4095, 4096, 4097, 9000] {
        let mut out = vec![0; 16];
        kernel.dot(Runs::one(5, 16), &vec![term; count], &mut out);
        let one = q.mul(q.reduce(largest[0]), residue[0]);
        assert_eq!(
            out,
            vec![q.mul(one, q.reduce(count as u64)); 16],
            "{count} terms"
        );
    }
}

/// The degrees in use, where only the cheap laws can be run, on the largest residues.
fn large_degrees(make: Make) {
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
