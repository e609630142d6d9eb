//! Both directions of the transform, with the levels of the portable kernel, two a pass where nodes
//! fill vectors.

use std::arch::x86_64::*;

use super::{Factor, LANES, Lanes, WORD, constant, load, store};
use crate::kernel::Kernel;
use crate::portable::{Constants, Portable};
use crate::slices::{blocks, blocks_mut, quarters, quarters_mut};

/// The roots of 8 neighbouring nodes, of which the first has this entry.
#[target_feature(enable = "avx512f,avx512ifma")]
fn roots(table: &Constants, first: usize) -> Factor {
    let quotients = load(lanes_at(&table.quotients, first));
    Factor(
        load(lanes_at(&table.values, first)),
        _mm512_srli_epi64::<{ 64 - WORD }>(quotients),
    )
}

/// The roots of 8 pairs of fewer than 8 nodes, which repeat.
#[target_feature(enable = "avx512f,avx512ifma")]
fn repeated_roots(table: &Constants, nodes: usize) -> Factor {
    let gather = |table: &[u64]| load(&std::array::from_fn(|i| table[nodes + i % nodes]));
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
    if nodes < LANES {
        let mut order = [0; 2 * LANES];
        for i in 0..LANES {
            order[child(nodes, i, false)] = i as u64;
            order[child(nodes, i, true)] = (LANES + i) as u64;
        }
        let (first, second) = (load(lanes_at(&order, 0)), load(lanes_at(&order, LANES)));
        let w = repeated_roots(table, nodes);
        let pairs = low.as_chunks().0.iter().zip(high.as_chunks().0);
        for ((u, v), out) in pairs.zip(target.as_chunks_mut::<{ 2 * LANES }>().0) {
            let (x, y) = divide(lanes, load(u), load(v), w);
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
            let (x, y) = divide(lanes, load(u), load(v), roots(table, nodes + i * LANES));
            store(left, if last { lanes.reduced(x) } else { x });
            store(right, if last { lanes.reduced(y) } else { y });
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn join(lanes: &Lanes, table: &Constants, nodes: usize, source: &[u64], target: &mut [u64]) {
    let (low, high) = target.split_at_mut(source.len() / 2);
    if nodes < LANES {
        let order = |right| load(&std::array::from_fn(|i| child(nodes, i, right) as u64));
        let (left, right) = (order(false), order(true));
        let w = repeated_roots(table, nodes);
        let outputs = low.as_chunks_mut().0.iter_mut().zip(high.as_chunks_mut().0);
        for (input, (low, high)) in source.as_chunks::<{ 2 * LANES }>().0.iter().zip(outputs) {
            let (first, second) = (load(lanes_at(input, 0)), load(lanes_at(input, LANES)));
            let x = _mm512_permutex2var_epi64(first, left, second);
            let y = _mm512_permutex2var_epi64(first, right, second);
            let (u, v) = unite(lanes, x, y, w);
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
            let (u, v) = unite(lanes, load(x), load(y), roots(table, nodes + i * LANES));
            store(low, u);
            store(high, v);
        }
    }
}

/// One butterfly; words below 4q in and out.
#[target_feature(enable = "avx512f,avx512ifma")]
fn divide(lanes: &Lanes, u: __m512i, v: __m512i, w: Factor) -> (__m512i, __m512i) {
    let (u, v) = (lanes.below(u, lanes.twice), lanes.times(v, w));
    (_mm512_add_epi64(u, v), lanes.minus(u, v))
}

/// The inverse of `divide` but for a factor of 2; words below 2q in and out.
#[target_feature(enable = "avx512f,avx512ifma")]
fn unite(lanes: &Lanes, x: __m512i, y: __m512i, w: Factor) -> (__m512i, __m512i) {
    let sum = lanes.below(_mm512_add_epi64(x, y), lanes.twice);
    (sum, lanes.times(lanes.minus(x, y), w))
}

/// Root vectors of two levels: of nodes k of the first, k and k + n of the second.
#[target_feature(enable = "avx512f,avx512ifma")]
fn roots_twice(table: &Constants, nodes: usize, first: usize) -> [Factor; 3] {
    [
        roots(table, nodes + first),
        roots(table, 2 * nodes + first),
        roots(table, 3 * nodes + first),
    ]
}

/// Two levels of `split`, from at least 8 nodes on.
#[target_feature(enable = "avx512f,avx512ifma")]
fn split_twice(
    lanes: &Lanes,
    table: &Constants,
    nodes: usize,
    source: &[u64],
    target: &mut [u64],
    last: bool,
) {
    let vectors = nodes / LANES;
    let source = quarters(source.as_chunks().0);
    let targets = target.as_chunks_mut().0.chunks_exact_mut(4 * vectors);
    for (j, target) in targets.enumerate() {
        let [a, b, c, d] = blocks(source, j, vectors);
        let mut target = quarters_mut(target);
        for (i, a) in a.iter().enumerate() {
            let w = roots_twice(table, nodes, i * LANES);
            let (x, y) = divide(lanes, load(a), load(&c[i]), w[0]);
            let (s, t) = divide(lanes, load(&b[i]), load(&d[i]), w[0]);
            let ((p, r), (q, s)) = (divide(lanes, x, s, w[1]), divide(lanes, y, t, w[2]));
            for (target, out) in target.iter_mut().zip([p, q, r, s]) {
                store(&mut target[i], if last { lanes.reduced(out) } else { out });
            }
        }
    }
}

/// Two levels of `join`, down to at least 8 nodes.
#[target_feature(enable = "avx512f,avx512ifma")]
fn join_twice(lanes: &Lanes, table: &Constants, nodes: usize, source: &[u64], target: &mut [u64]) {
    let vectors = nodes / LANES;
    let mut target = quarters_mut(target.as_chunks_mut().0);
    let sources = source.as_chunks().0.chunks_exact(4 * vectors);
    for (j, source) in sources.enumerate() {
        let [p, q, r, s] = blocks(quarters(source), 0, vectors);
        let mut target = blocks_mut(&mut target, j, vectors);
        for (i, p) in p.iter().enumerate() {
            let w = roots_twice(table, nodes, i * LANES);
            let (x, s1) = unite(lanes, load(p), load(&r[i]), w[1]);
            let (y, t1) = unite(lanes, load(&q[i]), load(&s[i]), w[2]);
            let ((a, c), (b, d)) = (unite(lanes, x, y, w[0]), unite(lanes, s1, t1, w[0]));
            for (target, out) in target.iter_mut().zip([a, b, c, d]) {
                store(&mut target[i], out);
            }
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
    let lanes = Lanes::new(modulus);
    let imaginary = constant(modulus, portable.roots.values[0]);
    let times = |x| lanes.times(x, imaginary);
    let first = mirrored(values, |a, b| {
        (lanes.minus(a, times(b)), lanes.minus(b, times(a)))
    });
    portable.twist(values, first);
    let (mut source, mut target) = (&mut *values, &mut *scratch);
    let (mut nodes, length, table) = (1, source.len(), &portable.roots);
    while nodes < length {
        if nodes >= LANES && 4 * nodes <= length {
            let last = 4 * nodes == length;
            split_twice(&lanes, table, nodes, source, target, last);
            nodes *= 4;
        } else {
            split(&lanes, table, nodes, source, target, 2 * nodes == length);
            nodes *= 2;
        }
        (source, target) = (target, source);
    }
    if passes_are_odd(length) {
        values.copy_from_slice(scratch);
    }
}

/// Whether the passes are odd in number: one a level up to 8 nodes, half as many from there on.
fn passes_are_odd(length: usize) -> bool {
    (3 + (length.ilog2() - 3).div_ceil(2)) % 2 == 1
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn inverse(portable: &Portable, values: &mut [u64], scratch: &mut [u64]) {
    let modulus = portable.modulus();
    let (lanes, levels) = (Lanes::new(modulus), values.len().ilog2());
    let (mut source, mut target) = (&mut *values, &mut *scratch);
    let (mut nodes, length, table) = (source.len(), source.len(), &portable.inverse_roots);
    while nodes > 1 {
        if nodes >= 4 * LANES {
            nodes /= 4;
            join_twice(&lanes, table, nodes, source, target);
        } else {
            nodes /= 2;
            join(&lanes, table, nodes, source, target);
        }
        (source, target) = (target, source);
    }
    if passes_are_odd(length) {
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
