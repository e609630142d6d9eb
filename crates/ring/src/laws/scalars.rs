//! Laws of sums with scalar weights.

use proptest::prelude::*;

use super::{residues, run};
use crate::kernel::Kernel;
use crate::strips::{STRIP, Scalars, Strip};

pub(super) fn laws(kernel: &dyn Kernel) {
    const INPUTS: usize = 5;
    let q = kernel.modulus().value();
    let columns = prop::collection::vec(0..INPUTS as u32, 1..9);
    let matrix = (columns, 1usize..12).prop_flat_map(move |(columns, rows)| {
        let weights = residues(q, rows * columns.len());
        (Just(columns), weights)
    });
    run(
        (matrix, residues(q, INPUTS * STRIP)),
        |((columns, weights), words)| {
            let scalars = Scalars {
                columns: &columns,
                weights: &weights,
            };
            let inputs = words.as_chunks().0;
            let mut out = vec![[u64::MAX; STRIP]; weights.len() / columns.len()];
            kernel.combine(&scalars, inputs, &mut out);
            prop_assert_eq!(out, naive(q, &scalars, inputs));
            Ok(())
        },
    );
    extremes(kernel);
}

/// More columns than any lazy sum holds, all words as large as can be.
fn extremes(kernel: &dyn Kernel) {
    let largest = kernel.modulus().value() - 1;
    for count in [15, 16, 17, 2046, 2047, 2048, 2049, 4095, 9000] {
        for rows in [1, 3, 6] {
            let scalars = Scalars {
                columns: &vec![1; count],
                weights: &vec![largest; rows * count],
            };
            let mut out = vec![[0; STRIP]; rows];
            kernel.combine(&scalars, &[[0; STRIP], [largest; STRIP]], &mut out);
            // (q - 1)^2 is 1 mod q.
            let expected = [kernel.modulus().reduce(count as u64); STRIP];
            assert_eq!(out, vec![expected; rows], "{count} columns");
        }
    }
}

fn naive(q: u64, scalars: &Scalars<'_>, inputs: &[Strip]) -> Vec<Strip> {
    let width = scalars.columns.len();
    let word = |weights: &[u64], at: usize| {
        let pairs = weights.iter().zip(scalars.columns);
        let products = pairs.map(|(w, c)| u128::from(*w) * u128::from(inputs[*c as usize][at]));
        (products.sum::<u128>() % u128::from(q)) as u64
    };
    let rows = scalars.weights.chunks_exact(width);
    rows.map(|weights| std::array::from_fn(|at| word(weights, at)))
        .collect()
}
