//! Interleaved Reed-Solomon codes: each column of a matrix holds a polynomial's coefficients, and a
//! codeword's row the values of all columns at one point of a subgroup of F.

use p3_dft::{Radix2DitParallel, TwoAdicSubgroupDft};
use p3_field::{PrimeCharacteristicRing, TwoAdicField};
use p3_matrix::Matrix;
use p3_matrix::bitrev::BitReversibleMatrix;
use p3_matrix::dense::RowMajorMatrix;

use crate::field::{F, K};

/// Values of every column at the 2^`log_domain` points, row by row. `coefficients` has a row for
/// each power and at most as many as there are points.
pub fn encode(coefficients: &[F], width: usize, log_domain: usize) -> Vec<F> {
    let mut padded = Vec::with_capacity(width << log_domain);
    padded.extend_from_slice(coefficients);
    padded.resize(width << log_domain, F::ZERO);
    let matrix = RowMajorMatrix::new(padded, width);
    let values = Radix2DitParallel::default().dft_batch(matrix);
    values.bit_reverse_rows().to_row_major_matrix().values
}

/// The point of a codeword's row.
pub fn point(position: usize, log_domain: usize) -> F {
    let reversed = position.reverse_bits() >> (usize::BITS as usize - log_domain);
    F::two_adic_generator(log_domain).exp_u64(reversed as u64)
}

/// A polynomial's value at a point of F.
pub fn evaluate(coefficients: &[K], x: F) -> K {
    coefficients
        .iter()
        .rev()
        .fold(K::ZERO, |value, coefficient| value * x + *coefficient)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::field::random;

    #[test]
    fn rows_are_values_at_their_points() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (rows, width, log_domain) = (21, 3, 6);
        let coefficients: Vec<F> = (0..rows * width).map(|_| random(&mut rng)).collect();
        let codeword = encode(&coefficients, width, log_domain);
        let mut points = std::collections::HashSet::new();
        for position in 0..1 << log_domain {
            let x = point(position, log_domain);
            points.insert(x);
            for column in 0..width {
                let of_column: Vec<K> = (0..rows)
                    .map(|row| coefficients[row * width + column].into())
                    .collect();
                assert_eq!(
                    evaluate(&of_column, x),
                    codeword[position * width + column].into()
                );
            }
        }
        assert_eq!(points.len(), 1 << log_domain);
    }
}
