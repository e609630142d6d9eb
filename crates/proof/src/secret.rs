//! Vectors that are overwritten when they are dropped.

use std::ops::Deref;
use std::sync::atomic::{Ordering, compiler_fence};

use crate::error::{Detail, Error, Result};
use crate::hiding::HIDING;

/// 32 bytes from the operating system.
///
/// # Errors
/// NoEntropy
pub fn fresh_seed() -> Result<[u8; 32]> {
    let mut seed = [0; 32];
    let filled = getrandom::fill(&mut seed);
    filled.map_err(|error| {
        Error::NoEntropy(Detail::new(
            "no secret can be drawn",
            "32 random bytes",
            error,
        ))
    })?;
    Ok(seed)
}

/// Elements that must not outlive their use.
pub struct Secret<T: Copy + Default>(Vec<T>);

impl<T: Copy + Default> From<Vec<T>> for Secret<T> {
    fn from(values: Vec<T>) -> Self {
        Self(values)
    }
}

impl<T: Copy + Default> Deref for Secret<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Copy + Default> Drop for Secret<T> {
    fn drop(&mut self) {
        if HIDING {
            self.0.fill(T::default());
            std::hint::black_box(&self.0);
            compiler_fence(Ordering::SeqCst);
        }
    }
}
