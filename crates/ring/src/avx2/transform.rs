//! Both directions of the transform, two levels a pass; in between, the arrays hold the bits of
//! doubles.
//!
//! Going forward words stay below 3q in magnitude, coming back below 2q between passes and 8q within.

use std::arch::x86_64::*;

use super::Avx2;
use super::lanes::{LANES, Lanes, constant, load, load_root, store, words};
use crate::kernel::Kernel;
use crate::slices::{blocks, blocks_mut, quarters, quarters_mut};

type Vector = [u64; LANES];

#[target_feature(enable = "avx2,fma")]
fn get(x: &Vector) -> __m256d {
    _mm256_castsi256_pd(load(x))
}

#[target_feature(enable = "avx2,fma")]
fn put(x: &mut Vector, value: __m256d) {
    store(x, _mm256_castpd_si256(value));
}

/// Two levels of splitting, of nodes k to k, k + n, k + 2n and k + 3n; `w` are the roots of nodes k
/// of the first, k and k + n of the second level.
#[target_feature(enable = "avx2,fma")]
fn split(lanes: &Lanes, [a, b, c, d]: [__m256d; 4], w: [__m256d; 3]) -> [__m256d; 4] {
    let (a, b) = (lanes.centred(a), lanes.centred(b));
    let (c, d) = (lanes.times(c, w[0]), lanes.times(d, w[0]));
    let (x, y) = (_mm256_add_pd(a, c), _mm256_sub_pd(a, c));
    let s = lanes.times(_mm256_add_pd(b, d), w[1]);
    let t = lanes.times(_mm256_sub_pd(b, d), w[2]);
    [
        _mm256_add_pd(x, s),
        _mm256_add_pd(y, t),
        _mm256_sub_pd(x, s),
        _mm256_sub_pd(y, t),
    ]
}

/// The inverse of `split`, with inverse roots, but for a factor of 4.
#[target_feature(enable = "avx2,fma")]
fn join(lanes: &Lanes, [a, b, c, d]: [__m256d; 4], w: [__m256d; 3]) -> [__m256d; 4] {
    let (x, s) = (_mm256_add_pd(a, c), lanes.times(_mm256_sub_pd(a, c), w[1]));
    let (y, t) = (_mm256_add_pd(b, d), lanes.times(_mm256_sub_pd(b, d), w[2]));
    [
        lanes.centred(_mm256_add_pd(x, y)),
        lanes.centred(_mm256_add_pd(s, t)),
        lanes.times(_mm256_sub_pd(x, y), w[0]),
        lanes.times(_mm256_sub_pd(s, t), w[0]),
    ]
}

#[target_feature(enable = "avx2,fma")]
fn transpose([a, b, c, d]: [__m256d; 4]) -> [__m256d; 4] {
    let (ab, cd) = (_mm256_unpacklo_pd(a, b), _mm256_unpacklo_pd(c, d));
    let (ab_odd, cd_odd) = (_mm256_unpackhi_pd(a, b), _mm256_unpackhi_pd(c, d));
    [
        _mm256_permute2f128_pd::<0x20>(ab, cd),
        _mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd),
        _mm256_permute2f128_pd::<0x31>(ab, cd),
        _mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd),
    ]
}

/// The first two levels.
#[target_feature(enable = "avx2,fma")]
fn split_first(lanes: &Lanes, roots: &[f64], source: &[u64], target: &mut [u64]) {
    let w = [1, 2, 3].map(|i| _mm256_set1_pd(roots[i]));
    let source = quarters(source.as_chunks().0);
    for (i, target) in target
        .as_chunks_mut::<{ 4 * LANES }>()
        .0
        .iter_mut()
        .enumerate()
    {
        let out = transpose(split(lanes, source.map(|x| get(&x[i])), w));
        for (target, out) in target.as_chunks_mut().0.iter_mut().zip(out) {
            put(target, out);
        }
    }
}

/// The inverse of `split_first`.
#[target_feature(enable = "avx2,fma")]
fn join_first(lanes: &Lanes, roots: &[f64], source: &[u64], target: &mut [u64]) {
    let w = [1, 2, 3].map(|i| _mm256_set1_pd(roots[i]));
    let mut target = quarters_mut(target.as_chunks_mut().0);
    for (i, source) in source.as_chunks::<{ 4 * LANES }>().0.iter().enumerate() {
        let [a, b, c, d] = quarters(source.as_chunks().0).map(|x| get(&x[0]));
        let out = join(lanes, transpose([a, b, c, d]), w);
        for (target, out) in target.iter_mut().zip(out) {
            put(&mut target[i], out);
        }
    }
}

/// Two levels from at least 4 nodes on; the last ones give residues.
#[target_feature(enable = "avx2,fma")]
fn split_twice<const LAST: bool>(
    lanes: &Lanes,
    roots: &[f64],
    nodes: usize,
    source: &[u64],
    target: &mut [u64],
) {
    let vectors = nodes / LANES;
    let [_, first, second, third] = quarters(roots[..4 * nodes].as_chunks().0);
    let (first, second, third) = (&first[..vectors], &second[..vectors], &third[..vectors]);
    let source = quarters(source.as_chunks().0);
    let targets = target.as_chunks_mut().0.chunks_exact_mut(4 * vectors);
    for (j, target) in targets.enumerate() {
        let [a, b, c, d] = blocks(source, j, vectors);
        let [p, r, s, t] = quarters_mut(target);
        for (i, w) in first.iter().enumerate() {
            let w = [load_root(w), load_root(&second[i]), load_root(&third[i])];
            let mut out = split(lanes, [get(&a[i]), get(&b[i]), get(&c[i]), get(&d[i])], w);
            if LAST {
                out = out.map(|x| _mm256_castsi256_pd(words(lanes.residue(x))));
            }
            put(&mut p[i], out[0]);
            put(&mut r[i], out[1]);
            put(&mut s[i], out[2]);
            put(&mut t[i], out[3]);
        }
    }
}

/// The inverse of `split_twice`; the first of them takes residues.
#[target_feature(enable = "avx2,fma")]
fn join_twice<const FIRST: bool>(
    lanes: &Lanes,
    roots: &[f64],
    nodes: usize,
    source: &[u64],
    target: &mut [u64],
) {
    let vectors = nodes / LANES;
    let [_, first, second, third] = quarters(roots[..4 * nodes].as_chunks().0);
    let (first, second, third) = (&first[..vectors], &second[..vectors], &third[..vectors]);
    let read = |x: &Vector| {
        if FIRST {
            lanes.doubles(load(x))
        } else {
            get(x)
        }
    };
    let mut target = quarters_mut(target.as_chunks_mut().0);
    let sources = source.as_chunks().0.chunks_exact(4 * vectors);
    for (j, source) in sources.enumerate() {
        let [a, b, c, d] = blocks(quarters(source), 0, vectors);
        let [p, r, s, t] = blocks_mut(&mut target, j, vectors);
        for (i, w) in first.iter().enumerate() {
            let w = [load_root(w), load_root(&second[i]), load_root(&third[i])];
            let out = join(
                lanes,
                [read(&a[i]), read(&b[i]), read(&c[i]), read(&d[i])],
                w,
            );
            put(&mut p[i], out[0]);
            put(&mut r[i], out[1]);
            put(&mut s[i], out[2]);
            put(&mut t[i], out[3]);
        }
    }
}

/// The last level by itself, where their number is odd: in place.
#[target_feature(enable = "avx2,fma")]
fn split_once(lanes: &Lanes, roots: &[f64], values: &mut [u64]) {
    let (low, high) = values.split_at_mut(values.len() / 2);
    let roots = roots[low.len()..2 * low.len()].as_chunks().0;
    let pairs = low.as_chunks_mut().0.iter_mut().zip(high.as_chunks_mut().0);
    for ((low, high), w) in pairs.zip(roots) {
        let (u, v) = (get(low), lanes.times(get(high), load_root(w)));
        store(low, words(lanes.residue(_mm256_add_pd(u, v))));
        store(high, words(lanes.residue(_mm256_sub_pd(u, v))));
    }
}

/// The inverse of `split_once` but for a factor of 2.
#[target_feature(enable = "avx2,fma")]
fn join_once(lanes: &Lanes, roots: &[f64], values: &mut [u64]) {
    let (low, high) = values.split_at_mut(values.len() / 2);
    let roots = roots[low.len()..2 * low.len()].as_chunks().0;
    let pairs = low.as_chunks_mut().0.iter_mut().zip(high.as_chunks_mut().0);
    for ((low, high), w) in pairs.zip(roots) {
        let (x, y) = (lanes.doubles(load(low)), lanes.doubles(load(high)));
        put(low, _mm256_add_pd(x, y));
        put(high, lanes.times(_mm256_sub_pd(x, y), load_root(w)));
    }
}

/// Calls `work` with the vectors at j and, backwards, at N - j for all j that fill vectors;
/// returns the first j left over.
#[target_feature(enable = "avx2,fma")]
fn mirrored(values: &mut [u64], work: impl Fn(__m256i, __m256i) -> (__m256d, __m256d)) -> usize {
    let reverse = |x| _mm256_permute4x64_epi64::<0b00_01_10_11>(x);
    let (low, high) = values.split_at_mut(values.len() / 2);
    let (low, high) = (low[1..].as_chunks_mut().0, high[1..].as_rchunks_mut().1);
    let mut first = 1;
    for (a, b) in low.iter_mut().zip(high.iter_mut().rev()) {
        let (x, y) = work(load(a), reverse(load(b)));
        put(a, x);
        store(b, reverse(_mm256_castpd_si256(y)));
        first += LANES;
    }
    first
}

/// Calls `work` on the words that `mirrored` leaves over.
fn left_over(values: &mut [u64], first: usize, work: impl Fn(u64) -> u64) {
    let end = values.len() - first;
    values[0] = work(values[0]);
    values[first..=end].iter_mut().for_each(|x| *x = work(*x));
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn forward(kernel: &Avx2, values: &mut [u64], scratch: &mut [u64]) {
    let (lanes, roots) = (Lanes::new(kernel.modulus()), &kernel.roots);
    let imaginary = _mm256_set1_pd(roots[0]);
    let first = mirrored(values, |a, b| {
        let (a, b) = (lanes.doubles(a), lanes.doubles(b));
        let twist = |x, y| _mm256_sub_pd(x, lanes.times(y, imaginary));
        (twist(a, b), twist(b, a))
    });
    kernel.portable.twist(values, first);
    left_over(values, first, |x| (x as f64).to_bits());
    let (length, odd) = (values.len(), values.len().ilog2() % 2 == 1);
    split_first(&lanes, roots, values, scratch);
    let (mut source, mut target, mut nodes) = (scratch, values, 4);
    while 4 * nodes <= length {
        if 4 * nodes == length {
            split_twice::<true>(&lanes, roots, nodes, source, target);
        } else {
            split_twice::<false>(&lanes, roots, nodes, source, target);
        }
        (source, target, nodes) = (target, source, 4 * nodes);
    }
    if odd {
        split_once(&lanes, roots, source);
    }
    // Of four times 4^passes words, an odd number of passes ends where it began.
    if passes_are_odd(length) {
        target.copy_from_slice(source);
    }
}

/// Whether the passes over two levels are odd in number.
fn passes_are_odd(length: usize) -> bool {
    length.ilog2() / 2 % 2 == 1
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn inverse(kernel: &Avx2, values: &mut [u64], scratch: &mut [u64]) {
    let (lanes, roots) = (Lanes::new(kernel.modulus()), &kernel.inverse_roots);
    let (length, level) = (values.len(), values.len().ilog2() as usize);
    let odd = level % 2 == 1;
    if odd {
        join_once(&lanes, roots, values);
    }
    let (mut source, mut target) = (&mut *values, &mut *scratch);
    let mut nodes = length >> if odd { 3 } else { 2 };
    while nodes > 1 {
        if 4 * nodes == length {
            join_twice::<true>(&lanes, roots, nodes, source, target);
        } else {
            join_twice::<false>(&lanes, roots, nodes, source, target);
        }
        (source, target, nodes) = (target, source, nodes / 4);
    }
    join_first(&lanes, roots, source, target);
    if passes_are_odd(length) {
        values.copy_from_slice(scratch);
    }
    let modulus = kernel.modulus();
    let halves = &kernel.portable.halves.values;
    let (half, imaginary) = (
        constant(modulus, halves[level]),
        constant(modulus, halves[64 + level]),
    );
    let first = mirrored(values, |a, b| {
        let (a, b) = (_mm256_castsi256_pd(a), _mm256_castsi256_pd(b));
        let combine = |x, y| {
            let sum = _mm256_add_pd(lanes.times(x, half), lanes.times(y, imaginary));
            _mm256_castsi256_pd(words(lanes.residue(sum)))
        };
        (combine(a, b), combine(b, a))
    });
    left_over(values, first, |x| modulus.lift(f64::from_bits(x) as i64));
    kernel.portable.untwist(values, first..values.len() / 2);
}
