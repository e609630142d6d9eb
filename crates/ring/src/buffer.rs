//! Memory for residues: at cache lines, and used again rather than given back to the system, whose
//! fresh pages cost more than most of what is computed in them.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroize;

use crate::memory::reserved;

/// Most bytes that wait to be used again.
const RETAINED: usize = 1 << 30;

const WORDS: usize = 8;

/// A cache line.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Line([u64; WORDS]);

/// Buffers of more lines than this begin at different places of the sets of a cache.
const COLOURED: usize = 1 << 10;
/// Lines among which such a buffer begins. Arrays of a power of two of words would else compete for
/// the same few sets wherever the same index of many is read.
const COLOURS: usize = 1 << 9;

/// Words that start at a cache line.
pub struct Buffer {
    lines: Vec<Line>,
    /// The first line in use.
    start: usize,
    length: usize,
}

impl Buffer {
    /// All zero.
    ///
    /// # Panics
    /// With [`crate::OutOfMemory`], as all constructors here and in [`crate::Poly`].
    #[must_use]
    pub fn zeroed(length: usize) -> Self {
        let mut buffer = Self::recycled(length);
        buffer.fill(0);
        buffer
    }

    /// Of unspecified contents, for a caller that writes every word.
    #[must_use]
    pub fn recycled(length: usize) -> Self {
        let count = length.div_ceil(WORDS);
        let start = if count > COLOURED { colour() } else { 0 };
        let count = if count > COLOURED {
            count + COLOURS
        } else {
            count
        };
        let waiting = pool().take(count);
        let lines = waiting.unwrap_or_else(|| allocate(count));
        Self {
            lines,
            start,
            length,
        }
    }

    /// The bytes of all words, as they lie in memory.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: any bytes are bytes.
        unsafe { self.align_to().1 }
    }

    /// The same, to be changed.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and any bytes are words.
        unsafe { self.align_to_mut().1 }
    }

    /// Keeps only the first `length` words.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }
}

/// A line to begin at, unlike those of the buffers made last.
fn colour() -> usize {
    const STEP: usize = 197;
    static LAST: AtomicUsize = AtomicUsize::new(0);
    LAST.fetch_add(STEP, Relaxed) % COLOURS
}

fn allocate(count: usize) -> Vec<Line> {
    let mut lines = reserved(count);
    lines.resize(count, Line([0; WORDS]));
    lines
}

/// Gives what waits to be used again, and what the allocator holds free, back to the system.
pub fn release() {
    let waiting = std::mem::replace(&mut *pool(), Pool::new());
    drop(waiting);
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it may be called at any time, from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Lets the allocator keep what is freed, and take all from there, or no longer: where large arrays
/// come and go, fresh pages cost as much as what is computed in them.
pub fn keep(freed: bool) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const MAPPED: libc::c_int = 1 << 16;
        const LARGE: libc::c_int = 32 << 20;
        let (mapped, trimmed) = if freed {
            (0, libc::c_int::MAX)
        } else {
            (MAPPED, 2 * LARGE)
        };
        // SAFETY: they may be called at any time, from any thread.
        unsafe {
            libc::mallopt(libc::M_MMAP_MAX, mapped);
            libc::mallopt(libc::M_TRIM_THRESHOLD, trimmed);
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        }
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = freed;
}

impl Deref for Buffer {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        let lines = self.lines[self.start..].as_ptr();
        // SAFETY: a line is eight words without padding, and those from `start` on hold `length`.
        unsafe { std::slice::from_raw_parts(lines.cast(), self.length) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u64] {
        let lines = self.lines[self.start..].as_mut_ptr();
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(lines.cast(), self.length) }
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        let mut copy = Self::recycled(self.length);
        copy.copy_from_slice(self);
        copy
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        let unwanted = pool().give(lines);
        drop(unwanted);
    }
}

impl Zeroize for Buffer {
    fn zeroize(&mut self) {
        self.deref_mut().zeroize();
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Buffer {}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.deref().fmt(f)
    }
}

/// Buffers that wait to be used again, by their number of lines.
struct Pool {
    waiting: BTreeMap<usize, Vec<Vec<Line>>>,
    bytes: usize,
}

impl Pool {
    const fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// The smallest that is large enough, and not much too large.
    fn take(&mut self, count: usize) -> Option<Vec<Line>> {
        let (&size, alike) = self.waiting.range_mut(count..=count + count / 2).next()?;
        let lines = alike.pop()?;
        if alike.is_empty() {
            self.waiting.remove(&size);
        }
        self.bytes -= size_of_val(&lines[..]);
        Some(lines)
    }

    /// Gives back what there is no room for.
    fn give(&mut self, lines: Vec<Line>) -> Option<Vec<Line>> {
        let bytes = size_of_val(&lines[..]);
        if bytes == 0 || self.bytes + bytes > RETAINED {
            return Some(lines);
        }
        self.bytes += bytes;
        self.waiting.entry(lines.len()).or_default().push(lines);
        None
    }
}

fn pool() -> MutexGuard<'static, Pool> {
    static POOL: Mutex<Pool> = Mutex::new(Pool::new());
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_start_at_a_line_and_are_zero_however_often_they_are_used() {
        for length in [1, 8, 13, 4096, 1 << 14] {
            for _ in 0..3 {
                let mut buffer = Buffer::zeroed(length);
                assert_eq!(buffer.as_ptr().addr() % 64, 0);
                assert_eq!(*buffer, vec![0; length]);
                buffer.fill(u64::MAX);
            }
        }
    }

    #[test]
    fn the_pool_keeps_no_more_than_its_bound() {
        let mut pool = Pool::new();
        let line = Line([0; WORDS]);
        pool.bytes = RETAINED - 128;
        assert!(pool.give(vec![line; 3]).is_some());
        assert!(pool.give(vec![line; 2]).is_none());
        assert!(pool.give(vec![line; 1]).is_some());
        assert_eq!(pool.take(2).map(|lines| lines.len()), Some(2));
        assert!(pool.take(2).is_none());
    }

    #[test]
    fn the_pool_gives_the_least_that_is_large_enough_and_not_much_too_large() {
        let mut pool = Pool::new();
        for count in [10, 14, 16] {
            assert!(pool.give(vec![Line([0; WORDS]); count]).is_none());
        }
        let mut take = |count| pool.take(count).map(|lines| lines.len());
        assert_eq!(
            [10, 10, 12, 10].map(&mut take),
            [Some(10), Some(14), Some(16), None]
        );
    }
}
