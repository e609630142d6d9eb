//! Primes that carry the transform.

/// Whether n is prime (Miller-Rabin with the first twelve primes, which is exact below 2^64).
#[must_use]
pub fn is_prime(n: u64) -> bool {
    let _ = n;
    todo!()
}

/// Distinct primes 1 mod 4 * 2^log_degree, each as near as can be to 2^bits[i], earlier entries
/// choosing first. None where there is no such prime within a factor of two, or below 2^MAX_BITS.
#[must_use]
pub fn find_primes(log_degree: u32, bits: &[u32]) -> Option<Vec<u64>> {
    let _ = (log_degree, bits);
    todo!()
}
