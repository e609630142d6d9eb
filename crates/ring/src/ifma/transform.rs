//! Both directions of the transform, level by level as in the portable kernel.

use std::arch::x86_64::*;

use super::{Factor, LANES, Lanes, WORD, constant, load, store};
use crate::kernel::Kernel;
use crate::portable::{Constants, Portable};

/// Root vectors of one level: of 8 neighbouring pairs, the first of which belongs to node 0 or,
/// with at least 8 nodes, to any multiple of 8.
#[target_feature(enable = "avx512f")]
fn roots(table: &Constants, nodes: usize, first: usize) -> Factor {
    let lane = |i: usize| nodes + first + i % nodes;
    let gather = |table: &[u64]| {
        if nodes < LANES {
            load(&std::array::from_fn(|i| table[lane(i)]))
        } else {
            load(lanes_at(table, nodes + first))
        }
    };
    let quotients = gather(&table.quotients);
    Factor(
        gather(&table.values),
        _mm512_srli_epi64::<{ 64 - WORD }>(quotients),
    )
}

fn lanes_at(x: &[u64], at: usize) -> &[u64; LANES] {
    x[at..].first_chunk().expect("in range")
}

fn lanes_at_mut(x: &mut [u64], at: usize) -> &mut [u64; LANES] {
    x[at..].first_chunk_mut().expect("in range")
}

/// Where the left (or right) child of pair i lies among 16 outputs, for fewer than 8 nodes.
fn child(nodes: usize, i: usize, right: bool) -> usize {
    i / nodes * 2 * nodes + i % nodes + if right { nodes } else { 0 }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn split(
    lanes: &Lanes,
    table: &Constants,
    nodes: usize,
    source: &[u64],
    target: &mut [u64],
    last: bool,
) {
    let (low, high) = source.split_at(source.len() / 2);
    let butterfly = |u: &[u64; LANES], v: &[u64; LANES], w| {
        let (u, v) = (lanes.below(load(u), lanes.twice), lanes.times(load(v), w));
        (_mm512_add_epi64(u, v), lanes.minus(u, v))
    };
    if nodes < LANES {
        let mut order = [0; 2 * LANES];
        for i in 0..LANES {
            order[child(nodes, i, false)] = i as u64;
            order[child(nodes, i, true)] = (LANES + i) as u64;
        }
        let (first, second) = (load(lanes_at(&order, 0)), load(lanes_at(&order, LANES)));
        let w = roots(table, nodes, 0);
        let pairs = low.as_chunks().0.iter().zip(high.as_chunks().0);
        for ((u, v), out) in pairs.zip(target.as_chunks_mut::<{ 2 * LANES }>().0) {
            let (x, y) = butterfly(u, v, w);
            store(lanes_at_mut(out, 0), _mm512_permutex2var_epi64(x, first, y));
            store(
                lanes_at_mut(out, LANES),
                _mm512_permutex2var_epi64(x, second, y),
            );
        }
        return;
    }
    let pairs = low.chunks_exact(nodes).zip(high.chunks_exact(nodes));
    for ((low, high), target) in pairs.zip(target.chunks_exact_mut(2 * nodes)) {
        let (left, right) = target.split_at_mut(nodes);
        let outputs = left
            .as_chunks_mut()
            .0
            .iter_mut()
            .zip(right.as_chunks_mut().0);
        let inputs = low.as_chunks().0.iter().zip(high.as_chunks().0);
        for (i, ((u, v), (left, right))) in inputs.zip(outputs).enumerate() {
            let (x, y) = butterfly(u, v, roots(table, nodes, i * LANES));
            store(left, if last { lanes.reduced(x) } else { x });
            store(right, if last { lanes.reduced(y) } else { y });
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn join(lanes: &Lanes, table: &Constants, nodes: usize, source: &[u64], target: &mut [u64]) {
    let (low, high) = target.split_at_mut(source.len() / 2);
    let butterfly = |x: __m512i, y: __m512i, w| {
        let sum = lanes.below(_mm512_add_epi64(x, y), lanes.twice);
        (sum, lanes.times(lanes.minus(x, y), w))
    };
    if nodes < LANES {
        let order = |right| load(&std::array::from_fn(|i| child(nodes, i, right) as u64));
        let (left, right) = (order(false), order(true));
        let w = roots(table, nodes, 0);
        let outputs = low.as_chunks_mut().0.iter_mut().zip(high.as_chunks_mut().0);
        for (input, (low, high)) in source.as_chunks::<{ 2 * LANES }>().0.iter().zip(outputs) {
            let (first, second) = (load(lanes_at(input, 0)), load(lanes_at(input, LANES)));
            let x = _mm512_permutex2var_epi64(first, left, second);
            let y = _mm512_permutex2var_epi64(first, right, second);
            let (u, v) = butterfly(x, y, w);
            store(low, u);
            store(high, v);
        }
        return;
    }
    let pairs = low
        .chunks_exact_mut(nodes)
        .zip(high.chunks_exact_mut(nodes));
    for ((low, high), source) in pairs.zip(source.chunks_exact(2 * nodes)) {
        let (left, right) = source.split_at(nodes);
        let inputs = left.as_chunks().0.iter().zip(right.as_chunks().0);
        let outputs = low.as_chunks_mut().0.iter_mut().zip(high.as_chunks_mut().0);
        for (i, ((x, y), (low, high))) in inputs.zip(outputs).enumerate() {
            let (u, v) = butterfly(load(x), load(y), roots(table, nodes, i * LANES));
            store(low, u);
            store(high, v);
        }
    }
}

/// Calls `work` with the vectors at j and, backwards, at N - j for all j that fill vectors;
/// returns the first j left over.
#[target_feature(enable = "avx512f,avx512ifma")]
fn mirrored(values: &mut [u64], work: impl Fn(__m512i, __m512i) -> (__m512i, __m512i)) -> usize {
    let reverse = load(&[7, 6, 5, 4, 3, 2, 1, 0]);
    let mut j = 1;
    while j + LANES <= values.len() / 2 {
        let end = values.len() - j - (LANES - 1);
        let back = _mm512_permutexvar_epi64(reverse, load(lanes_at(values, end)));
        let (a, b) = work(load(lanes_at(values, j)), back);
        store(lanes_at_mut(values, j), a);
        store(
            lanes_at_mut(values, end),
            _mm512_permutexvar_epi64(reverse, b),
        );
        j += LANES;
    }
    j
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn forward(portable: &Portable, values: &mut [u64], scratch: &mut [u64]) {
    let modulus = portable.modulus();
    let (lanes, levels) = (Lanes::new(modulus), values.len().ilog2());
    let imaginary = constant(modulus, portable.roots.values[0]);
    let times = |x| lanes.times(x, imaginary);
    let first = mirrored(values, |a, b| {
        (lanes.minus(a, times(b)), lanes.minus(b, times(a)))
    });
    portable.twist(values, first);
    let (mut source, mut target) = (&mut *values, &mut *scratch);
    for level in 0..levels {
        split(
            &lanes,
            &portable.roots,
            1 << level,
            source,
            target,
            level + 1 == levels,
        );
        (source, target) = (target, source);
    }
    if levels % 2 == 1 {
        values.copy_from_slice(scratch);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn inverse(portable: &Portable, values: &mut [u64], scratch: &mut [u64]) {
    let modulus = portable.modulus();
    let (lanes, levels) = (Lanes::new(modulus), values.len().ilog2());
    let (mut source, mut target) = (&mut *values, &mut *scratch);
    for level in (0..levels).rev() {
        join(&lanes, &portable.inverse_roots, 1 << level, source, target);
        (source, target) = (target, source);
    }
    if levels % 2 == 1 {
        values.copy_from_slice(scratch);
    }
    let factor = |index: usize| constant(modulus, portable.halves.values[index]);
    let (half, imaginary) = (factor(levels as usize), factor(64 + levels as usize));
    let combine = |x, y| {
        lanes.reduced(_mm512_add_epi64(
            lanes.times(x, half),
            lanes.times(y, imaginary),
        ))
    };
    let first = mirrored(values, |a, b| (combine(a, b), combine(b, a)));
    portable.untwist(values, first);
}
