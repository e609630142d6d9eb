//! Laws of sums of products.

use proptest::prelude::*;

use super::{residues, run};
use crate::kernel::{Kernel, Pair, Runs, Term};
use crate::modulus::{MAX_BITS, Modulus};
use crate::weights::{Pattern, Tile, Weights};

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

pub(super) fn dot_laws(kernel: &dyn Kernel) {
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
    extreme_pairs(kernel);
}

/// Two sums at once are what `dot` makes of each.
fn both_law(kernel: &dyn Kernel, runs: Runs, terms: &[Term<'_>]) -> Result<(), TestCaseError> {
    let (shared, more) = terms.split_at(terms.len() / 2);
    let reduce = |x: &u64| kernel.modulus().reduce(*x);
    let lefts = shared.iter().map(|term| term.left.iter().map(reduce));
    let lefts: Vec<Vec<_>> = lefts.map(Iterator::collect).collect();
    let pairs = shared.iter().zip(&lefts).map(|(term, left)| Pair {
        left,
        shift: term.shift,
        right: [term.right, left],
    });
    let whole = |pair: &Pair<'_>| pair.right.iter().all(|right| right.len() > 1);
    let pairs: Vec<_> = pairs.filter(whole).collect();
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

/// As many pairs as may be, all as large as can be.
fn extreme_pairs(kernel: &dyn Kernel) {
    let largest = vec![kernel.modulus().value() - 1; 16];
    let pair = Pair {
        left: &largest,
        shift: 3,
        right: [&largest, &largest],
    };
    for count in [1, 15, 16, 17, 1023, 2047] {
        let mut out = [0, 1].map(|_| vec![0; 16]);
        let [first, second] = &mut out;
        let (runs, none): (_, [&[Term<'_>]; 2]) = (Runs::one(5, 16), [&[], &[]]);
        kernel.dot_both(runs, &vec![pair; count], none, [first, second]);
        // (q - 1)^2 is 1 mod q.
        let expected = vec![kernel.modulus().reduce(count as u64); 16];
        assert_eq!(out, [expected.clone(), expected], "{count} pairs");
    }
}

/// A sparse matrix of periodic weights, tile by tile, against sums of products by definition.
pub(super) fn multiply_laws(kernel: &dyn Kernel) {
    let (q, length, columns) = (*kernel.modulus(), 64, 5);
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
            prop::bool::ANY,
        ),
        |(rows, count, stride, words, adding, packed)| {
            let degree = stride * count;
            let runs = Runs {
                start: stride - length,
                length,
                stride,
                count,
            };
            let pitch = runs.indices() + 8;
            let inputs = [3, 5].map(|from| {
                let words = words.iter().copied().cycle().skip(from);
                words.take(columns as usize * pitch).collect::<Vec<_>>()
            });
            let mut pattern = Pattern::default();
            rows.iter()
                .for_each(|row| pattern.push(row.iter().map(|(column, _)| *column)));
            let mut weights =
                Weights::stored(kernel, length, pattern.entries(), packed && kernel.packs());
            let values = rows.iter().flatten().enumerate();
            values.for_each(|(entry, (_, values))| weights.set(kernel, entry, values));
            let start = |skipped| words.iter().copied().cycle().skip(skipped);
            let before =
                [0, 7].map(|from| start(from).take(rows.len() * degree).collect::<Vec<_>>());
            let tile = Tile {
                pattern: &pattern,
                weights: &weights,
                runs,
                inputs: inputs.each_ref().map(Vec::as_slice),
                pitch,
                first: 0,
                adding,
            };
            let (mut out, mut expected) = (before.clone(), before);
            let mut halves = out
                .each_mut()
                .map(|half| half.chunks_mut(degree).collect::<Vec<_>>());
            kernel.multiply(&tile, &mut halves.each_mut().map(Vec::as_mut_slice));
            for (expected, inputs) in expected.iter_mut().zip(&inputs) {
                naive_multiply(&q, &rows, &tile, inputs, expected);
            }
            prop_assert_eq!(out, expected);
            Ok(())
        },
    );
    extreme_products(kernel);
}

/// More weights in a row than any lazy sum holds, all of them as large as can be.
fn extreme_products(kernel: &dyn Kernel) {
    let (largest, length) = (kernel.modulus().value() - 1, 16);
    let inputs = vec![largest; length];
    for count in [15, 16, 17, 255, 256, 4095, 4096, 4097, 9000] {
        let mut pattern = Pattern::default();
        pattern.push(std::iter::repeat_n(0, count));
        let mut weights = Weights::new(kernel, length, count);
        (0..count).for_each(|entry| weights.set(kernel, entry, &[largest]));
        let tile = Tile {
            pattern: &pattern,
            weights: &weights,
            runs: Runs::one(0, length),
            inputs: [&inputs, &inputs],
            pitch: length,
            first: 0,
            adding: false,
        };
        let mut out = [0, 1].map(|_| vec![0; length]);
        let [first, second] = &mut out;
        kernel.multiply(&tile, &mut [&mut [&mut first[..]], &mut [&mut second[..]]]);
        // (q - 1)^2 is 1 mod q.
        let expected = vec![kernel.modulus().reduce(count as u64); length];
        assert_eq!(out, [expected.clone(), expected], "{count} weights");
    }
}

/// One half of a tile by definition.
fn naive_multiply(
    q: &Modulus,
    rows: &[Vec<(u32, Vec<u64>)>],
    tile: &Tile<'_>,
    inputs: &[u64],
    out: &mut [u64],
) {
    let degree = out.len() / rows.len();
    let starts = tile.runs.starts();
    let indices = starts.flat_map(|start| start..start + tile.runs.length);
    for (place, index) in indices.enumerate() {
        for (row, entries) in rows.iter().enumerate() {
            let out = &mut out[row * degree + index];
            *out = if tile.adding { *out } else { 0 };
            for (column, values) in entries {
                let input = inputs[*column as usize * tile.pitch + place];
                *out = q.add(*out, q.mul(input, values[index % values.len()]));
            }
        }
    }
}
