//! What every kernel obeys; its tests call [`check`].

mod pointwise;
mod products;
mod scalars;
mod transform;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::kernel::Kernel;
use crate::modulus::{MAX_BITS, Modulus};
use crate::prime::find_primes;

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
    let rings = [
        (0, 12),
        (1, 20),
        (3, 26),
        (4, 27),
        (6, 36),
        (6, 50),
        (8, 50),
    ];
    for (log_degree, bits) in rings {
        let prime = find_primes(log_degree, &[bits], 1 << MAX_BITS).unwrap()[0];
        let kernel = make(Modulus::new(prime), log_degree);
        for log_length in 0..=log_degree {
            transform::laws(kernel.as_ref(), 1 << log_length);
        }
        pointwise::laws(kernel.as_ref());
        products::dot_laws(kernel.as_ref());
        products::multiply_laws(kernel.as_ref());
        scalars::laws(kernel.as_ref());
        pointwise::conversion_laws(kernel.as_ref());
    }
    transform::large_degrees(make);
}

fn run<S: Strategy>(strategy: S, law: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..Default::default()
    };
    TestRunner::new(config).run(&strategy, law).unwrap();
}
