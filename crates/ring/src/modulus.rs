//! Arithmetic modulo one prime below 2^MAX_BITS.

/// Moduli and all words in residue arrays lie below 2^MAX_BITS.
pub const MAX_BITS: u32 = 58;

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
