//! Exact sums of products.

use std::arch::x86_64::*;

use super::{Factor, LANES, Lanes, WORD, load, splat, store};
use crate::kernel::{Pair, Runs, Term};
use crate::modulus::{MAX_BITS, Modulus};
use crate::weights::Tile;

/// Outputs whose sums are held in registers together.
const TILE: usize = 8 * LANES;
/// Outputs of each of two sums.
const HALF: usize = TILE / 4;

/// Low halves below 2^52 and carries of this many products fit 64 bits.
const LAZY_TERMS: usize = 1 << 11;

/// 1, 2^52 and 2^104 mod q with their quotients by q: for reducing sums.
#[derive(Debug)]
pub struct Constants([(u64, u64); 3]);

impl Constants {
    pub fn new(q: &Modulus) -> Self {
        let word = q.reduce(1 << WORD);
        let pair = |w| (w, q.shoup(w) >> (64 - WORD));
        Self([pair(1), pair(word), pair(q.mul(word, word))])
    }
}

/// Sums of products in two halves: low + 2^52 high.
#[derive(Clone, Copy)]
pub(super) struct Sum {
    pub low: __m512i,
    pub high: __m512i,
}

impl Sum {
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn zero(lanes: &Lanes) -> Self {
        Self {
            low: lanes.zero,
            high: lanes.zero,
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn accumulate(&mut self, a: __m512i, b: __m512i) {
        self.low = _mm512_madd52lo_epu64(self.low, a, b);
        self.high = _mm512_madd52hi_epu64(self.high, a, b);
    }
}

/// How sums of a number of products are reduced.
pub(super) struct Folding {
    factors: [Factor; 3],
    /// Whether high halves may reach 2^52.
    wide: bool,
}

impl Folding {
    /// For sums of up to `count` products of a word below 2^MAX_BITS and a residue.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn new(q: &Modulus, constants: &Constants, count: usize) -> Self {
        const LIMIT: u64 = 1 << (2 * WORD - MAX_BITS - 1);
        Self {
            factors: constants
                .0
                .map(|(w, quotient)| Factor(splat(w), splat(quotient))),
            wide: count as u64 * q.value() >= LIMIT,
        }
    }

    /// The sum mod q.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn fold(&self, lanes: &Lanes, sum: Sum) -> __m512i {
        let [one, word, square] = self.factors;
        let high = _mm512_add_epi64(sum.high, _mm512_srli_epi64::<WORD>(sum.low));
        // The quotients of both parts together: what remains lies below 4q, modulo 2^52.
        let quotient = _mm512_madd52hi_epu64(lanes.zero, sum.low, one.1);
        let quotient = _mm512_madd52hi_epu64(quotient, high, word.1);
        let rest = _mm512_madd52lo_epu64(sum.low, high, word.0);
        let rest = _mm512_madd52lo_epu64(rest, quotient, lanes.negated);
        let mut total = _mm512_and_si512(rest, lanes.mask);
        if self.wide {
            let top = lanes.times(_mm512_srli_epi64::<WORD>(high), square);
            total = _mm512_add_epi64(lanes.below(total, lanes.twice), top);
        }
        lanes.reduced(total)
    }
}

/// Words of an array, vector by vector, from some index on.
type Part<const VECTORS: usize> = [[u64; LANES]; VECTORS];

/// Reads in one piece, or through `wrapped` where the array ends in it.
#[inline(always)]
fn part<'a, const VECTORS: usize>(
    x: &'a [u64],
    start: usize,
    wrapped: &'a mut Option<Part<VECTORS>>,
) -> &'a Part<VECTORS> {
    let start = start & (x.len() - 1);
    match x[start..].as_chunks().0.first_chunk() {
        Some(part) => part,
        None => wrapped.insert(wrap(x, start)),
    }
}

#[cold]
fn wrap<const VECTORS: usize>(x: &[u64], start: usize) -> Part<VECTORS> {
    let word = |at| x[(start + at) & (x.len() - 1)];
    std::array::from_fn(|i| std::array::from_fn(|lane| word(i * LANES + lane)))
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_term<const VECTORS: usize>(start: usize, term: &Term<'_>, sums: &mut [Sum; VECTORS]) {
    let (mut left, mut right) = (None, None);
    let a: &Part<VECTORS> = part(term.left, start.wrapping_add(term.shift), &mut left);
    if let [scalar] = term.right {
        let b = splat(*scalar);
        for (sum, a) in sums.iter_mut().zip(a) {
            sum.accumulate(load(a), b);
        }
        return;
    }
    let b: &Part<VECTORS> = part(term.right, start, &mut right);
    for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
        sum.accumulate(load(a), load(b));
    }
}

/// One tile of `dot`, or less at the end.
#[target_feature(enable = "avx512f,avx512ifma")]
fn tile(lanes: &Lanes, folding: &Folding, start: usize, terms: &[Term<'_>], out: &mut [u64; TILE]) {
    let mut sums = [Sum::zero(lanes); TILE / LANES];
    for terms in terms.chunks(LAZY_TERMS - 1) {
        for term in terms {
            add_term(start, term, &mut sums);
        }
        for sum in &mut sums {
            *sum = Sum {
                low: folding.fold(lanes, *sum),
                high: lanes.zero,
            };
        }
    }
    for (out, sum) in out.as_chunks_mut().0.iter_mut().zip(sums) {
        store(out, sum.low);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn dot(
    q: &Modulus,
    constants: &Constants,
    runs: Runs,
    terms: &[Term<'_>],
    out: &mut [u64],
) {
    let (lanes, folding) = (Lanes::new(q), Folding::new(q, constants, terms.len() + 1));
    for (start, out) in runs.starts().zip(out.chunks_mut(runs.length)) {
        let (tiles, rest) = out.as_chunks_mut();
        let end = start + tiles.len() * TILE;
        for (i, out) in tiles.iter_mut().enumerate() {
            tile(&lanes, &folding, start + i * TILE, terms, out);
        }
        if !rest.is_empty() {
            let mut last = [0; TILE];
            tile(&lanes, &folding, end, terms, &mut last);
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}

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

/// A tile of a product of matrices: a weight meets as many runs as registers hold, which all have
/// the same weights.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn multiply(
    q: &Modulus,
    constants: &Constants,
    tile: &Tile<'_>,
    out: &mut [&mut [u64]],
) {
    let longest = (0..tile.pattern.rows()).map(|row| tile.pattern.row(row).1.len());
    let (lanes, folding) = (
        Lanes::new(q),
        Folding::new(q, constants, longest.max().unwrap_or(0) + 1),
    );
    for within in (0..tile.runs.length).step_by(LANES) {
        let mut run = 0;
        while run < tile.runs.count {
            run += match tile.runs.count - run {
                8.. => columns::<8>(&lanes, &folding, tile, within, run, out),
                4.. => columns::<4>(&lanes, &folding, tile, within, run, out),
                2.. => columns::<2>(&lanes, &folding, tile, within, run, out),
                _ => columns::<1>(&lanes, &folding, tile, within, run, out),
            };
        }
    }
}

/// One vector of RUNS runs, for all rows.
#[target_feature(enable = "avx512f,avx512ifma")]
fn columns<const RUNS: usize>(
    lanes: &Lanes,
    folding: &Folding,
    tile: &Tile<'_>,
    within: usize,
    run: usize,
    out: &mut [&mut [u64]],
) -> usize {
    let (runs, pitch) = (tile.runs, tile.pitch / LANES);
    let inputs = &tile.inputs.as_chunks::<LANES>().0[(run * runs.length + within) / LANES..];
    let weights = tile.weights.at(runs.start + within).as_chunks().0;
    for row in 0..tile.pattern.rows() {
        let (first, columns) = tile.pattern.row(row);
        let mut sums = [Sum::zero(lanes); RUNS];
        for (columns, weights) in columns
            .chunks(LAZY_TERMS - 1)
            .zip(weights[first..].chunks(LAZY_TERMS - 1))
        {
            for (column, weight) in columns.iter().zip(weights) {
                let (weight, column) = (load(weight), &inputs[*column as usize * pitch..]);
                for (i, sum) in sums.iter_mut().enumerate() {
                    sum.accumulate(load(&column[i * (runs.length / LANES)]), weight);
                }
            }
            for sum in &mut sums {
                *sum = Sum {
                    low: folding.fold(lanes, *sum),
                    high: lanes.zero,
                };
            }
        }
        let start = runs.start + run * runs.stride + within - tile.first;
        for (i, sum) in sums.iter().enumerate() {
            let out = out[row][start + i * runs.stride..]
                .first_chunk_mut()
                .expect("within the degree");
            let total = lanes.below(_mm512_add_epi64(load(out), sum.low), lanes.q);
            store(out, if tile.adding { total } else { sum.low });
        }
    }
    RUNS
}

/// See [`crate::Kernel::overflow`].
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) fn overflow(parts: &[&[u64]], reciprocals: &[f64], out: &mut [u64]) {
    let (vectors, rest) = out.as_chunks_mut::<LANES>();
    for (k, out) in vectors.iter_mut().enumerate() {
        let mut sum = _mm512_set1_pd(0.5);
        for (part, reciprocal) in parts.iter().zip(reciprocals) {
            let part = _mm512_cvtepu64_pd(load(&part.as_chunks().0[k]));
            sum = _mm512_add_pd(sum, _mm512_mul_pd(part, _mm512_set1_pd(*reciprocal)));
        }
        store(out, _mm512_cvttpd_epu64(sum));
    }
    let end = vectors.len() * LANES;
    let parts: Vec<_> = parts.iter().map(|part| &part[end..]).collect();
    crate::portable::overflow(&parts, reciprocals, rest);
}
