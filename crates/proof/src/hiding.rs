//! Whether proofs hide anything: benchmarks compare them with proofs that are the same but for that.

/// Everywhere but in benchmarks.
pub const HIDING: bool = !cfg!(feature = "insecure-not-hiding");

/// So many random elements where they are to hide something, and else none.
pub const fn hiding(count: usize) -> usize {
    if HIDING { count } else { 0 }
}

/// What is drawn where it is to hide something, and else zeros.
pub fn noise<T: Default>(count: usize, mut draw: impl FnMut() -> T) -> impl Iterator<Item = T> {
    (0..count).map(move |_| if HIDING { draw() } else { T::default() })
}
