//! Parts of slices, as the vectorised kernels read and write them.

/// A tile of `x` read cyclically, through `buffer` only where it wraps.
#[inline(always)]
pub(crate) fn cyclic<'a, const TILE: usize>(
    x: &'a [u64],
    start: usize,
    buffer: &'a mut [u64; TILE],
) -> &'a [u64; TILE] {
    let start = start & (x.len() - 1);
    if let Some(tile) = x[start..].first_chunk() {
        return tile;
    }
    for (i, word) in buffer.iter_mut().enumerate() {
        *word = x[(start + i) & (x.len() - 1)];
    }
    buffer
}

/// Four parts of equal length.
#[inline(always)]
pub(crate) fn quarters<T>(x: &[T]) -> [&[T]; 4] {
    let (low, high) = x.split_at(x.len() / 2);
    let (a, b) = low.split_at(low.len() / 2);
    let (c, d) = high.split_at(high.len() / 2);
    [a, b, c, d]
}

#[inline(always)]
pub(crate) fn quarters_mut<T>(x: &mut [T]) -> [&mut [T]; 4] {
    let (low, high) = x.split_at_mut(x.len() / 2);
    let (a, b) = low.split_at_mut(low.len() / 2);
    let (c, d) = high.split_at_mut(high.len() / 2);
    [a, b, c, d]
}

/// Block `index` of each of four slices.
#[inline(always)]
pub(crate) fn blocks<T>([a, b, c, d]: [&[T]; 4], index: usize, length: usize) -> [&[T]; 4] {
    let range = index * length..(index + 1) * length;
    [
        &a[range.clone()],
        &b[range.clone()],
        &c[range.clone()],
        &d[range],
    ]
}

/// Block `index` of each of four slices, to be changed.
#[inline(always)]
pub(crate) fn blocks_mut<'a, T>(
    [a, b, c, d]: &'a mut [&mut [T]; 4],
    index: usize,
    length: usize,
) -> [&'a mut [T]; 4] {
    let range = index * length..(index + 1) * length;
    [
        &mut a[range.clone()],
        &mut b[range.clone()],
        &mut c[range.clone()],
        &mut d[range],
    ]
}
