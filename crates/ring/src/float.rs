//! The same transform over the complex numbers, in double precision: slots and coefficients.

use std::f64::consts::PI;
use std::iter::repeat_n;

use crate::memory::{collected, copied};

/// A complex number.
#[derive(Clone, Copy, Debug)]
struct Complex {
    re: f64,
    im: f64,
}

impl Complex {
    fn times(self, w: Self) -> Self {
        Self {
            re: self.re * w.re - self.im * w.im,
            im: self.re * w.im + self.im * w.re,
        }
    }

    fn plus(self, b: Self) -> Self {
        Self {
            re: self.re + b.re,
            im: self.im + b.im,
        }
    }

    fn minus(self, b: Self) -> Self {
        Self {
            re: self.re - b.re,
            im: self.im - b.im,
        }
    }

    fn conjugate(self) -> Self {
        Self {
            re: self.re,
            im: -self.im,
        }
    }
}

/// Root tables up to one degree; laid out as in the portable kernel.
#[derive(Debug)]
pub struct Embedding {
    log_degree: u32,
    roots: Vec<Complex>,
}

impl Embedding {
    /// Builds the tables.
    #[must_use]
    pub fn new(log_degree: u32) -> Self {
        let degree = 1u64 << log_degree;
        let mut roots = collected(repeat_n(Complex { re: 0.0, im: 1.0 }, 1 << log_degree));
        for level in 0..log_degree {
            let mut exponent = degree >> (level + 1);
            for root in &mut roots[1 << level..2 << level] {
                *root = unit(exponent, degree);
                exponent = exponent * 5 % (4 * degree);
            }
        }
        Self { log_degree, roots }
    }

    /// log2 of the largest length.
    #[must_use]
    pub fn log_degree(&self) -> u32 {
        self.log_degree
    }

    /// Coefficients to slots, in place; slot k is the value at exp(2 pi i 5^k / 4N).
    ///
    /// # Panics
    /// Unless the length is a power of two up to the degree.
    pub fn slots(&self, values: &mut [f64]) {
        let length = values.len();
        assert!(length.is_power_of_two() && length.ilog2() <= self.log_degree);
        let imaginary = |j: usize| if j == 0 { 0.0 } else { -values[length - j] };
        let mut source = collected((0..length).map(|j| Complex {
            re: values[j],
            im: imaginary(j),
        }));
        let mut target = copied(&source);
        for level in 0..length.ilog2() {
            self.split(1 << level, &source, &mut target);
            std::mem::swap(&mut source, &mut target);
        }
        values
            .iter_mut()
            .zip(&source)
            .for_each(|(value, slot)| *value = slot.re);
    }

    /// Slots to coefficients, in place. A shorter vector stands for its repetition, and gives the
    /// coefficients of its subring.
    ///
    /// # Panics
    /// Unless the length is a power of two up to the degree.
    pub fn coefficients(&self, values: &mut [f64]) {
        let length = values.len();
        assert!(length.is_power_of_two() && length.ilog2() <= self.log_degree);
        let mut source = collected(values.iter().map(|v| Complex { re: *v, im: 0.0 }));
        let mut target = copied(&source);
        for level in (0..length.ilog2()).rev() {
            self.join(1 << level, &source, &mut target);
            std::mem::swap(&mut source, &mut target);
        }
        let scale = 1.0 / length as f64;
        values[0] = source[0].re * scale;
        for j in 1..length {
            values[j] = (source[j].re - source[length - j].im) * (0.5 * scale);
        }
    }

    fn split(&self, nodes: usize, source: &[Complex], target: &mut [Complex]) {
        let half = source.len() / 2;
        for t in 0..half {
            let (k, u) = (t % nodes, source[t]);
            let v = source[t + half].times(self.roots[nodes + k]);
            let at = 2 * (t - k) + k;
            target[at] = u.plus(v);
            target[at + nodes] = u.minus(v);
        }
    }

    fn join(&self, nodes: usize, source: &[Complex], target: &mut [Complex]) {
        let half = source.len() / 2;
        for t in 0..half {
            let k = t % nodes;
            let (x, y) = (source[2 * (t - k) + k], source[2 * (t - k) + k + nodes]);
            target[t] = x.plus(y);
            target[t + half] = x.minus(y).times(self.roots[nodes + k].conjugate());
        }
    }
}

/// exp(2 pi i exponent / 4N), by the first octant, so that sine and cosine are accurate to the
/// last bit or two.
fn unit(exponent: u64, degree: u64) -> Complex {
    let (quadrant, rest) = (exponent / degree % 4, exponent % degree);
    let angle = |e: u64| PI * e as f64 / (2 * degree) as f64;
    let first = if 2 * rest <= degree {
        Complex {
            re: angle(rest).cos(),
            im: angle(rest).sin(),
        }
    } else {
        Complex {
            re: angle(degree - rest).sin(),
            im: angle(degree - rest).cos(),
        }
    };
    match quadrant {
        0 => first,
        1 => Complex {
            re: -first.im,
            im: first.re,
        },
        2 => Complex {
            re: -first.re,
            im: -first.im,
        },
        _ => Complex {
            re: first.im,
            im: -first.re,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(length: usize) -> Vec<f64> {
        (0..length)
            .map(|i| ((i * 37 + 11) % 101) as f64 / 50.0 - 1.0)
            .collect()
    }

    #[test]
    fn slots_are_values_at_the_orbit_of_roots() {
        let coefficients = sample(32);
        let mut slots = coefficients.clone();
        Embedding::new(6).slots(&mut slots);
        let mut exponent = 1u64;
        for slot in slots {
            let term = |i: u64| 2.0 * (2.0 * PI * (exponent * i % 128) as f64 / 128.0).cos();
            let value: f64 = (1..32).map(|i| coefficients[i as usize] * term(i)).sum();
            assert!((slot - coefficients[0] - value).abs() < 1e-12);
            exponent = exponent * 5 % 128;
        }
    }

    #[test]
    fn coefficients_invert_slots_to_the_last_bits() {
        let embedding = Embedding::new(12);
        for length in [1, 2, 8, 1 << 12] {
            let mut values = sample(length);
            embedding.coefficients(&mut values);
            embedding.slots(&mut values);
            let error = values
                .iter()
                .zip(sample(length))
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            assert!(error < 1e-14, "{error}");
        }
    }

    #[test]
    fn a_periodic_vector_lies_in_the_subring() {
        let embedding = Embedding::new(8);
        let (mut short, mut long) = (sample(16), sample(16).repeat(16));
        embedding.coefficients(&mut short);
        embedding.coefficients(&mut long);
        for (i, value) in long.iter().enumerate() {
            let expected = if i % 16 == 0 { short[i / 16] } else { 0.0 };
            assert!((value - expected).abs() < 1e-15);
        }
    }
}
