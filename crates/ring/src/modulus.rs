//! Arithmetic modulo one prime below 2^MAX_BITS.

/// Moduli and all words in residue arrays lie below 2^MAX_BITS: four times as much fits the 52-bit
/// words of the fastest kernel.
pub const MAX_BITS: u32 = 50;

/// A prime with what reduction needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modulus {
    value: u64,
    /// floor(2^64 / value)
    one: u64,
    /// 2^64 mod value, and its Shoup quotient
    word: u64,
    word_quotient: u64,
}

/// floor(w * 2^64 / q): multiplication by the constant w then needs no division (Shoup).
const fn quotient(w: u64, q: u64) -> u64 {
    (((w as u128) << 64) / q as u128) as u64
}

const fn high(a: u64, b: u64) -> u64 {
    ((a as u128 * b as u128) >> 64) as u64
}

impl Modulus {
    /// # Panics
    /// Unless 2 < value < 2^MAX_BITS.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        assert!(value > 2 && value < 1 << MAX_BITS);
        let word = ((1u128 << 64) % value as u128) as u64;
        Self {
            value,
            one: quotient(1, value),
            word,
            word_quotient: quotient(word, value),
        }
    }

    /// The prime itself.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// Bits of the largest residue.
    #[must_use]
    pub const fn bits(&self) -> u32 {
        64 - (self.value - 1).leading_zeros()
    }

    /// x mod q
    #[must_use]
    pub const fn reduce(&self, x: u64) -> u64 {
        let r = x.wrapping_sub(high(x, self.one).wrapping_mul(self.value));
        self.once(r)
    }

    /// x mod q for x below 2q
    #[must_use]
    pub const fn once(&self, x: u64) -> u64 {
        let r = x.wrapping_sub(self.value);
        if r < x { r } else { x }
    }

    /// x mod q, any x
    #[must_use]
    pub const fn reduce_wide(&self, x: u128) -> u64 {
        let (high_word, low_word) = ((x >> 64) as u64, x as u64);
        let upper = self.mul_shoup_lazy(high_word, self.word, self.word_quotient);
        let lower = low_word.wrapping_sub(high(low_word, self.one).wrapping_mul(self.value));
        self.reduce(upper + lower)
    }

    /// a + b mod q
    #[must_use]
    pub const fn add(&self, a: u64, b: u64) -> u64 {
        self.once(a + b)
    }

    /// a - b mod q
    #[must_use]
    pub const fn sub(&self, a: u64, b: u64) -> u64 {
        let r = a.wrapping_sub(b);
        if a >= b {
            r
        } else {
            r.wrapping_add(self.value)
        }
    }

    /// -a mod q
    #[must_use]
    pub const fn neg(&self, a: u64) -> u64 {
        self.sub(0, a)
    }

    /// a * b mod q
    #[must_use]
    pub const fn mul(&self, a: u64, b: u64) -> u64 {
        self.reduce_wide(a as u128 * b as u128)
    }

    /// The Shoup quotient of a constant below q.
    #[must_use]
    pub const fn shoup(&self, w: u64) -> u64 {
        quotient(w, self.value)
    }

    /// x * w mod q, below 2q; x is any word.
    #[must_use]
    pub const fn mul_shoup_lazy(&self, x: u64, w: u64, w_quotient: u64) -> u64 {
        x.wrapping_mul(w)
            .wrapping_sub(high(x, w_quotient).wrapping_mul(self.value))
    }

    /// x * w mod q; x is any word.
    #[must_use]
    pub const fn mul_shoup(&self, x: u64, w: u64, w_quotient: u64) -> u64 {
        self.once(self.mul_shoup_lazy(x, w, w_quotient))
    }

    /// base^exponent mod q
    #[must_use]
    pub const fn pow(&self, base: u64, mut exponent: u64) -> u64 {
        let (mut result, mut square) = (1, self.reduce(base));
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = self.mul(result, square);
            }
            square = self.mul(square, square);
            exponent >>= 1;
        }
        result
    }

    /// 1 / a mod q, by Fermat.
    #[must_use]
    pub const fn inverse(&self, a: u64) -> u64 {
        self.pow(a, self.value - 2)
    }

    /// A signed value mod q.
    #[must_use]
    pub const fn lift(&self, x: i64) -> u64 {
        let magnitude = self.reduce(x.unsigned_abs());
        if x < 0 {
            self.neg(magnitude)
        } else {
            magnitude
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PRIMES: [u64; 5] = [3, 97, 65_537, 1_125_899_906_826_241, (1 << 50) - 27];

    proptest! {
        #[test]
        fn agrees_with_wide_division(index in 0..PRIMES.len(), x: u128, a: u64, b: u64) {
            let (q, value) = (Modulus::new(PRIMES[index]), PRIMES[index]);
            let wide = |x: u128| (x % u128::from(value)) as u64;
            prop_assert_eq!(q.reduce_wide(x), wide(x));
            prop_assert_eq!(q.reduce(a), a % value);
            prop_assert_eq!(q.mul_shoup(a, b % value, q.shoup(b % value)), wide(u128::from(a) * u128::from(b % value)));
            let (a, b) = (a % value, b % value);
            prop_assert_eq!(q.add(a, b), (a + b) % value);
            prop_assert_eq!(q.sub(a, b), (a + value - b) % value);
            prop_assert_eq!(q.add(a, q.neg(a)), 0);
        }

        #[test]
        fn signed_values_lift(index in 0..PRIMES.len(), x: i64) {
            let value = PRIMES[index];
            let expected = i128::from(x).rem_euclid(i128::from(value)) as u64;
            prop_assert_eq!(Modulus::new(value).lift(x), expected);
        }
    }

    #[test]
    fn reduction_survives_the_extremes() {
        for value in PRIMES {
            let q = Modulus::new(value);
            for x in [
                0,
                1,
                u128::MAX,
                u128::from(u64::MAX),
                u128::from(u64::MAX) << 64,
            ] {
                assert_eq!(u128::from(q.reduce_wide(x)), x % u128::from(value));
            }
        }
    }

    #[test]
    fn inverses_invert() {
        for value in [3, 97, 65_537, 1_125_899_906_826_241] {
            let q = Modulus::new(value);
            assert!(
                (1..value)
                    .step_by((value / 50 + 1) as usize)
                    .all(|a| q.mul(a, q.inverse(a)) == 1)
            );
        }
    }
}
