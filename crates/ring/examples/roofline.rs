//! What one core of this machine can do: `cargo run --release -p hushwork-ring --example roofline`.
//!
//! Prints JSON lines: seconds of a multiply-add of 52-bit words, and of reading a byte from buffers
//! of several sizes, also while another core reads from memory; each the best of many runs.

use std::hint::black_box;
use std::time::{Duration, Instant};

const BUDGET: Duration = Duration::from_millis(500);

/// Bytes of the buffers that are read: in the second cache, in the third, in memory.
const BUFFERS: [(&str, usize); 3] = [("l2", 512 << 10), ("l3", 12 << 20), ("memory", 512 << 20)];

/// Rounds of the arithmetic loop in one run.
const ROUNDS: u64 = 100_000;

fn best(mut work: impl FnMut()) -> f64 {
    let (start, mut best) = (Instant::now(), Duration::MAX);
    while start.elapsed() < BUDGET {
        let run = Instant::now();
        work();
        best = best.min(run.elapsed());
    }
    best.as_secs_f64()
}

fn print(name: &str, seconds: f64) {
    println!(r#"{{"name": "{name}", "median": {seconds:e}, "best": {seconds:e}}}"#);
}

/// Sums of the words in many lanes, so that no addition waits for another.
#[inline(always)]
fn sum(words: &[u64]) -> u64 {
    const LANES: usize = 64;
    let mut sums = [0u64; LANES];
    for chunk in words.as_chunks::<LANES>().0 {
        for (sum, word) in sums.iter_mut().zip(chunk) {
            *sum = sum.wrapping_add(*word);
        }
    }
    sums.into_iter().fold(0, u64::wrapping_add)
}

#[cfg(target_arch = "x86_64")]
mod processor {
    use std::arch::x86_64::*;
    use std::hint::black_box;

    use super::ROUNDS;

    pub fn has_ifma() -> bool {
        is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
    }

    /// # Safety
    /// Only where `has_ifma`.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn sum(words: &[u64]) -> u64 {
        super::sum(words)
    }

    /// Independent chains of multiply-adds; how many of 52-bit words that was.
    ///
    /// # Safety
    /// Only where `has_ifma`.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub unsafe fn multiply_adds() -> u64 {
        const CHAINS: usize = 16;
        let word = _mm512_set1_epi64(black_box(0x000f_1234_5678_9abc));
        let mut sums = [word; CHAINS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm512_madd52lo_epu64(*sum, word, word);
            }
        }
        black_box(sums);
        ROUNDS * CHAINS as u64 * 8
    }
}

#[cfg(target_arch = "x86_64")]
fn multiply_adds() -> u64 {
    if processor::has_ifma() {
        // SAFETY: this processor has it.
        unsafe { processor::multiply_adds() }
    } else {
        plain_multiply_adds()
    }
}

#[cfg(target_arch = "x86_64")]
fn read(words: &[u64]) -> u64 {
    if processor::has_ifma() {
        // SAFETY: this processor has it.
        unsafe { processor::sum(words) }
    } else {
        sum(words)
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn multiply_adds() -> u64 {
    plain_multiply_adds()
}

#[cfg(not(target_arch = "x86_64"))]
fn read(words: &[u64]) -> u64 {
    sum(words)
}

/// One half of a product a multiply-add, as the vector instructions do it.
fn plain_multiply_adds() -> u64 {
    const CHAINS: usize = 4;
    let word = black_box(0x000f_1234_5678_9abc_u64);
    let mut sums = [word; CHAINS];
    for _ in 0..ROUNDS {
        for sum in &mut sums {
            *sum = black_box(sum.wrapping_add(word.wrapping_mul(*sum)));
        }
    }
    black_box(sums);
    ROUNDS * CHAINS as u64
}

/// Seconds of a byte, for each of `threads` that read buffers of this size at once.
fn reading(threads: usize, bytes: usize) -> f64 {
    let buffers: Vec<_> = (0..threads).map(|_| vec![1u64; bytes / 8]).collect();
    let seconds = best(|| {
        std::thread::scope(|scope| {
            for words in &buffers[1..] {
                scope.spawn(|| black_box(read(black_box(words))));
            }
            black_box(read(black_box(&buffers[0])));
        });
    });
    seconds / bytes as f64
}

fn main() {
    let mut count = 0;
    let seconds = best(|| count = multiply_adds());
    print("multiply_add", seconds / count as f64);
    for (name, bytes) in BUFFERS {
        print(name, reading(1, bytes));
    }
    print("memory_of_two", reading(2, BUFFERS[2].1));
}
