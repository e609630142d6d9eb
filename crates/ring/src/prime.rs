//! Primes that carry the transform.

const WITNESSES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];

/// Whether n is prime: Miller-Rabin with the first twelve primes, exact below 2^64
/// (Sorenson and Webster, "Strong pseudoprimes to twelve prime bases").
#[must_use]
pub fn is_prime(n: u64) -> bool {
    if n < 2 || WITNESSES.iter().any(|p| n.is_multiple_of(*p)) {
        return WITNESSES.contains(&n);
    }
    let twos = (n - 1).trailing_zeros();
    WITNESSES
        .iter()
        .all(|w| passes(n, (n - 1) >> twos, twos, *w))
}

fn passes(n: u64, odd: u64, twos: u32, witness: u64) -> bool {
    let mut x = power(witness, odd, n);
    if x == 1 || x == n - 1 {
        return true;
    }
    (1..twos).any(|_| {
        x = multiply(x, x, n);
        x == n - 1
    })
}

fn multiply(a: u64, b: u64, n: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(n)) as u64
}

fn power(base: u64, mut exponent: u64, n: u64) -> u64 {
    let (mut result, mut square) = (1, base % n);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(result, square, n);
        }
        square = multiply(square, square, n);
        exponent >>= 1;
    }
    result
}

/// Distinct primes 1 mod 4 * 2^log_degree and below `limit`, each the largest of exactly bits[i]
/// bits that is left, earlier entries choosing first. None where there is no such prime.
#[must_use]
pub fn find_primes(log_degree: u32, bits: &[u32], limit: u64) -> Option<Vec<u64>> {
    let mut found = Vec::with_capacity(bits.len());
    for &bits in bits {
        if 1u64.checked_shl(bits)? > limit {
            return None;
        }
        let free = |q: &u64| !found.contains(q) && is_prime(*q);
        let prime = candidates(log_degree, bits)?.find(free)?;
        found.push(prime);
    }
    Some(found)
}

/// Numbers 1 mod 4N of so many bits, the largest first.
fn candidates(log_degree: u32, bits: u32) -> Option<impl Iterator<Item = u64>> {
    let step = 1u64.checked_shl(log_degree + 2)?;
    if bits <= log_degree + 2 || bits >= 62 {
        return None;
    }
    let end = 1u64 << bits;
    Some((1..=end / 2 / step).map(move |i| end + 1 - i * step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_primes_and_known_traps() {
        let naive = |n: u64| {
            n > 1
                && (2..n)
                    .take_while(|d| d * d <= n)
                    .all(|d| !n.is_multiple_of(d))
        };
        assert!((0..3000).all(|n| is_prime(n) == naive(n)));
        let composites = [
            3_215_031_751,
            3_825_123_056_546_413_051,
            341_550_071_728_321,
            u64::MAX,
        ];
        assert!(composites.iter().all(|n| !is_prime(*n)));
        assert!(is_prime(u64::MAX - 58) && is_prime((1 << 61) - 1));
    }

    #[test]
    fn found_primes_are_the_largest_of_their_class_and_size() {
        let primes = find_primes(14, &[36, 50, 36, 36, 24, 24], 1 << 50).unwrap();
        let largest = |bits: u32, count| {
            let below = (1u64 << (bits - 1)..1 << bits).rev();
            let of_class = below.filter(|q| q % (1 << 16) == 1 && is_prime(*q));
            of_class.take(count).collect::<Vec<_>>()
        };
        assert_eq!([primes[0], primes[2], primes[3]], *largest(36, 3));
        assert_eq!([primes[1]], *largest(50, 1));
        assert_eq!(primes[4..], largest(24, 2));
    }

    #[test]
    fn impossible_requests_give_none() {
        assert_eq!(find_primes(14, &[16], 1 << 50), None);
        assert_eq!(find_primes(14, &[62], u64::MAX), None);
        assert_eq!(find_primes(14, &[18; 40], 1 << 50), None);
    }
}
