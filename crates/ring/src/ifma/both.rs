//! Sums of products of one set of left factors with two sets of right ones.

use super::dot::{Constants, Folding, Part, Sum, add_term, part};
use super::{LANES, Lanes, load, store};
use crate::kernel::{Pair, Runs, Term};
use crate::modulus::Modulus;

/// Outputs of each of two sums that are held in registers together.
const HALF: usize = 2 * LANES;

/// Half a tile of both sums; see [`crate::Kernel::dot_both`].
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn dot_both(
    q: &Modulus,
    constants: &Constants,
    runs: Runs,
    (pairs, more): (&[Pair<'_>], [&[Term<'_>]; 2]),
    [first, second]: [&mut [u64]; 2],
) {
    let longest = pairs.len() + more[0].len().max(more[1].len());
    let (lanes, folding) = (Lanes::new(q), Folding::new(q, constants, longest + 1));
    let outs = first
        .chunks_mut(runs.length)
        .zip(second.chunks_mut(runs.length));
    for (start, (first, second)) in runs.starts().zip(outs) {
        let outs = first.chunks_mut(HALF).zip(second.chunks_mut(HALF));
        for (i, (first, second)) in outs.enumerate() {
            let start = start + i * HALF;
            // Apart, and not walked over, so that they stay in registers.
            let mut constant = [Sum::zero(&lanes); HALF / LANES];
            let mut secret = constant;
            for pair in pairs {
                add_pair(start, pair, &mut constant, &mut secret);
            }
            for term in more[0] {
                add_term(start, term, &mut constant);
            }
            for term in more[1] {
                add_term(start, term, &mut secret);
            }
            write(&lanes, &folding, constant, first);
            write(&lanes, &folding, secret, second);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_pair<const VECTORS: usize>(
    start: usize,
    pair: &Pair<'_>,
    first: &mut [Sum; VECTORS],
    second: &mut [Sum; VECTORS],
) {
    let (mut left, mut b, mut c) = (None, None, None);
    let a: &Part<VECTORS> = part(pair.left, start.wrapping_add(pair.shift), &mut left);
    let b: &Part<VECTORS> = part(pair.right[0], start, &mut b);
    let c: &Part<VECTORS> = part(pair.right[1], start, &mut c);
    for i in 0..VECTORS {
        let a = load(&a[i]);
        first[i].accumulate(a, load(&b[i]));
        second[i].accumulate(a, load(&c[i]));
    }
}

/// Reduces and stores, as much as there is room for.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn write(lanes: &Lanes, folding: &Folding, sums: [Sum; HALF / LANES], out: &mut [u64]) {
    let whole = sums.map(|sum| folding.fold(lanes, sum));
    if let Some(out) = out.first_chunk_mut::<HALF>() {
        for (out, sum) in out.as_chunks_mut().0.iter_mut().zip(whole) {
            store(out, sum);
        }
        return;
    }
    let mut last = [0; HALF];
    for (last, sum) in last.as_chunks_mut().0.iter_mut().zip(whole) {
        store(last, sum);
    }
    out.copy_from_slice(&last[..out.len()]);
}
