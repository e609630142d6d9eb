//! Several levels of the transform on vectors that stay in registers.

use std::arch::x86_64::*;
use std::marker::PhantomData;

use super::super::{Factor, LANES, Lanes, WORD, load, splat, store};
use crate::modulus::Modulus;

/// Added at the start of a lazy transform: what is subtracted from a word until its end.
const BIAS: u64 = 29;

/// Words lie below so many q after each step of a lazy `join`.
const JOINED: u64 = 3;

pub(super) type Vector = [u64; LANES];

/// What butterflies need. The lazy ones leave words unreduced below 2^52, and only their low 52
/// bits count.
#[derive(Clone, Copy)]
pub(super) struct Levels<const LAZY: bool> {
    pub(super) lanes: Lanes,
    /// A multiple of q that is added to each word that others are subtracted from.
    pub(super) bias: __m512i,
    /// Multiples of q not below the words that the levels of a step of `join` subtract.
    joined: [__m512i; 5],
    /// floor(2^52 / q)
    one: __m512i,
}

impl<const LAZY: bool> Levels<LAZY> {
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn new(modulus: &Modulus) -> Self {
        let q = modulus.value();
        let joined = |level| if LAZY { JOINED << level } else { 2 };
        Self {
            lanes: Lanes::new(modulus),
            bias: splat(if LAZY { BIAS * q } else { 2 * q }),
            joined: [0, 1, 2, 3, 4].map(|level| splat(joined(level) * q)),
            one: splat((1 << WORD) / q),
        }
    }

    /// A multiple of q not below what `join` gives.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn offset(&self) -> __m512i {
        self.joined[0]
    }

    /// One butterfly: u + v w and u - v w.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn divide(&self, u: __m512i, v: __m512i, w: Factor) -> (__m512i, __m512i) {
        let lanes = &self.lanes;
        if LAZY {
            let high = _mm512_madd52hi_epu64(lanes.zero, v, w.1);
            let low = _mm512_madd52lo_epu64(u, v, w.0);
            let x = _mm512_madd52lo_epu64(low, high, lanes.negated);
            return (x, _mm512_sub_epi64(_mm512_add_epi64(u, u), x));
        }
        let (u, v) = (lanes.below(u, lanes.twice), lanes.times(v, w));
        (_mm512_add_epi64(u, v), lanes.minus(u, v))
    }

    /// The inverse of `divide` but for a factor of 2, as the given level of a step.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn unite(&self, x: __m512i, y: __m512i, w: Factor, level: usize) -> (__m512i, __m512i) {
        let lanes = &self.lanes;
        let difference = _mm512_sub_epi64(_mm512_add_epi64(x, self.joined[level]), y);
        let sum = _mm512_add_epi64(x, y);
        if LAZY {
            let high = _mm512_madd52hi_epu64(lanes.zero, difference, w.1);
            let low = _mm512_madd52lo_epu64(lanes.zero, difference, w.0);
            return (sum, _mm512_madd52lo_epu64(low, high, lanes.negated));
        }
        (lanes.below(sum, lanes.twice), lanes.times(difference, w))
    }

    /// Below 2q, but for bits above the word.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn below_twice(&self, x: __m512i) -> __m512i {
        let high = _mm512_madd52hi_epu64(self.lanes.zero, x, self.one);
        _mm512_madd52lo_epu64(x, high, self.lanes.negated)
    }

    /// Reduced, from what `split` gives.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn reduced(&self, x: __m512i) -> __m512i {
        let lanes = &self.lanes;
        if LAZY {
            let x = _mm512_and_si512(self.below_twice(x), lanes.mask);
            return lanes.below(x, lanes.q);
        }
        lanes.reduced(x)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn split_level<const ROWS: usize, const NODES: usize>(
        &self,
        x: [__m512i; ROWS],
        factor: impl Fn(usize) -> Factor,
    ) -> [__m512i; ROWS] {
        let mut out = x;
        for i in 0..ROWS / 2 {
            let (left, node) = (i / NODES * 2 * NODES + i % NODES, i % NODES);
            (out[left], out[left + NODES]) =
                self.divide(x[i], x[i + ROWS / 2], factor(NODES + node));
        }
        out
    }

    /// Splits one node into as many as there are rows, in their order; `factor` gives the root of
    /// node k of level l at 2^l + k.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn split<const ROWS: usize>(
        &self,
        mut x: [__m512i; ROWS],
        factor: impl Fn(usize) -> Factor,
    ) -> [__m512i; ROWS] {
        if ROWS > 1 {
            x = self.split_level::<ROWS, 1>(x, &factor);
        }
        if ROWS > 2 {
            x = self.split_level::<ROWS, 2>(x, &factor);
        }
        if ROWS > 4 {
            x = self.split_level::<ROWS, 4>(x, &factor);
        }
        if ROWS > 8 {
            x = self.split_level::<ROWS, 8>(x, &factor);
        }
        if ROWS > 16 {
            x = self.split_level::<ROWS, 16>(x, &factor);
        }
        x
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn join_level<const ROWS: usize, const NODES: usize>(
        &self,
        x: [__m512i; ROWS],
        factor: impl Fn(usize) -> Factor,
    ) -> [__m512i; ROWS] {
        let (mut out, level) = (x, (ROWS / 2 / NODES).ilog2() as usize);
        for i in 0..ROWS / 2 {
            let (left, node) = (i / NODES * 2 * NODES + i % NODES, i % NODES);
            (out[i], out[i + ROWS / 2]) =
                self.unite(x[left], x[left + NODES], factor(NODES + node), level);
        }
        out
    }

    /// The inverse of `split` but for a factor of the number of rows.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn join<const ROWS: usize>(
        &self,
        mut x: [__m512i; ROWS],
        factor: impl Fn(usize) -> Factor,
    ) -> [__m512i; ROWS] {
        if ROWS > 16 {
            x = self.join_level::<ROWS, 16>(x, &factor);
        }
        if ROWS > 8 {
            x = self.join_level::<ROWS, 8>(x, &factor);
        }
        if ROWS > 4 {
            x = self.join_level::<ROWS, 4>(x, &factor);
        }
        if ROWS > 2 {
            x = self.join_level::<ROWS, 2>(x, &factor);
        }
        if ROWS > 1 {
            x = self.join_level::<ROWS, 1>(x, &factor);
        }
        if LAZY {
            for x in &mut x[..ROWS / 4] {
                *x = self.below_twice(*x);
            }
        }
        x
    }
}

/// Every `stride`-th item of a slice, of which `count` were checked to exist.
#[derive(Clone, Copy)]
pub(super) struct Strided<'a, T> {
    first: *const T,
    stride: usize,
    count: usize,
    slice: PhantomData<&'a [T]>,
}

impl<'a, T> Strided<'a, T> {
    #[inline]
    pub(super) fn new(slice: &'a [T], first: usize, stride: usize, count: usize) -> Self {
        assert!(first + (count - 1) * stride < slice.len());
        Self {
            first: slice.as_ptr().wrapping_add(first),
            stride,
            count,
            slice: PhantomData,
        }
    }

    #[inline]
    pub(super) fn at(&self, index: usize) -> &'a T {
        debug_assert!(index < self.count);
        // SAFETY: the item lies in the slice, as was checked.
        unsafe { &*self.first.add(index * self.stride) }
    }
}

/// Every `stride`-th vector from the first on.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn gather<const ROWS: usize>(
    x: &[Vector],
    first: usize,
    stride: usize,
) -> [__m512i; ROWS] {
    let (x, mut rows) = (Strided::new(x, first, stride, ROWS), [splat(0); ROWS]);
    for (row, out) in rows.iter_mut().enumerate() {
        *out = load(x.at(row));
    }
    rows
}

/// The inverse of `gather`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn scatter<const ROWS: usize>(
    x: &mut [Vector],
    first: usize,
    stride: usize,
    rows: [__m512i; ROWS],
) {
    assert!(first + (ROWS - 1) * stride < x.len());
    let first = x.as_mut_ptr().wrapping_add(first);
    for (row, value) in rows.into_iter().enumerate() {
        // SAFETY: the vector lies in the slice, as was checked.
        store(unsafe { &mut *first.add(row * stride) }, value);
    }
}

/// Lane j of vector i to lane i of vector j.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn transposed(x: [__m512i; LANES]) -> [__m512i; LANES] {
    let mut x = x;
    x = exchanged::<1>(x);
    x = exchanged::<2>(x);
    exchanged::<4>(x)
}

/// Blocks of 2 x 2 blocks transposed, each of so many lanes of so many vectors.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn exchanged<const SIZE: usize>(x: [__m512i; LANES]) -> [__m512i; LANES] {
    let order = |half: usize| {
        let from = |lane: usize| (lane & !SIZE) + half + lane / SIZE % 2 * LANES;
        load(&std::array::from_fn(|lane| from(lane) as u64))
    };
    let (low, high) = (order(0), order(SIZE));
    let mut out = x;
    for i in 0..LANES / 2 {
        let first = i / SIZE * 2 * SIZE + i % SIZE;
        let (a, b) = (x[first], x[first + SIZE]);
        out[first] = _mm512_permutex2var_epi64(a, low, b);
        out[first + SIZE] = _mm512_permutex2var_epi64(a, high, b);
    }
    out
}

/// Asks for what follows an item in memory to be in the second-level cache when its turn comes.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn prefetch_next<T>(item: &T) {
    let next = (&raw const *item).wrapping_add(1).cast::<i8>();
    for line in 0..size_of::<T>() / size_of::<Vector>() {
        _mm_prefetch::<_MM_HINT_T1>(next.wrapping_add(line * size_of::<Vector>()));
    }
}

/// Asks for the vectors after those that `gather` gives.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn prefetch_all<const ROWS: usize>(x: &[Vector], first: usize, stride: usize) {
    let x = Strided::new(x, first, stride, ROWS);
    for row in 0..ROWS {
        prefetch_next(x.at(row));
    }
}
