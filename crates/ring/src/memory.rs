//! Memory that may run out: vectors whose making unwinds where Rust's own would abort.
//!
//! Whatever grows with the degree is made here or as a [`crate::Buffer`]. What does not is small,
//! and finds room because the large leave some.

use std::collections::TryReserveError;
use std::hint::black_box;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::buffer::release;

/// What must be left free, in bytes; more than an allocator keeps for itself.
const HEADROOM: usize = 64 << 20;
/// It is looked for whenever so much more has been taken.
const STRIDE: usize = HEADROOM / 4;

/// The system gave no memory: the payload of a panic, so that callers on any thread unwind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("out of memory: {bytes} bytes")]
pub struct OutOfMemory {
    /// How much was asked for.
    pub bytes: usize,
}

/// An empty vector with room for `count` items.
///
/// # Errors
/// OutOfMemory
pub fn try_reserved<T>(count: usize) -> Result<Vec<T>, OutOfMemory> {
    let bytes = count.saturating_mul(size_of::<T>());
    let attempt = || {
        let room = room(count)?;
        leave_headroom(bytes)?;
        Ok(room)
    };
    let again = |_: TryReserveError| {
        release();
        attempt()
    };
    attempt().or_else(again).map_err(|_| OutOfMemory { bytes })
}

/// An empty vector with room for `count` items.
///
/// # Panics
/// With [`OutOfMemory`], here and below.
#[must_use]
pub fn reserved<T>(count: usize) -> Vec<T> {
    try_reserved(count).unwrap_or_else(|missed| resume_unwind(Box::new(missed)))
}

/// A vector of all items.
#[must_use]
pub fn collected<T>(items: impl ExactSizeIterator<Item = T>) -> Vec<T> {
    let mut all = reserved(items.len());
    all.extend(items);
    all
}

/// A vector of the same items.
#[must_use]
pub fn copied<T: Copy>(items: &[T]) -> Vec<T> {
    let mut all = reserved(items.len());
    all.extend_from_slice(items);
    all
}

fn room<T>(count: usize) -> Result<Vec<T>, TryReserveError> {
    let mut room = Vec::new();
    room.try_reserve_exact(count).map(|()| room)
}

fn leave_headroom(bytes: usize) -> Result<(), TryReserveError> {
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    if TAKEN.fetch_add(bytes, Relaxed).saturating_add(bytes) < STRIDE {
        return Ok(());
    }
    black_box(room::<u8>(HEADROOM)?);
    TAKEN.store(0, Relaxed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::Buffer;

    #[test]
    fn too_much_unwinds_with_how_much_was_asked_for() {
        let count = usize::MAX / 16;
        let makes: [fn(usize); 3] = [
            |count| drop(Buffer::zeroed(count)),
            |count| drop(reserved::<u64>(count)),
            |count| drop(collected((0..count).map(|_| 0u64))),
        ];
        for make in makes {
            let panic = catch_unwind(|| make(count)).unwrap_err();
            let missed: &OutOfMemory = panic.downcast_ref().unwrap();
            assert!((8 * count..9 * count).contains(&missed.bytes));
        }
    }

    #[test]
    fn what_is_collected_is_all_there() {
        assert_eq!(collected(1..4usize), [1, 2, 3]);
        assert_eq!(copied(&[1, 2, 3]), [1, 2, 3]);
    }
}
