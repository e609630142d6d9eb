//! The multilinear indicator eq(point, index). A point's first coordinate is the index's highest bit.

use p3_field::PrimeCharacteristicRing;

use crate::field::K;

/// eq(point, i) for all i < 2^len.
pub fn table(point: &[K]) -> Vec<K> {
    range(point, 0, 1 << point.len())
}

/// eq(point, base + i) for i < count.
pub fn range(point: &[K], base: usize, count: usize) -> Vec<K> {
    if count == 0 {
        return Vec::new();
    }
    let last = base + count - 1;
    let mut weights = vec![K::ONE];
    for (index, coordinate) in point.iter().enumerate() {
        let below = point.len() - index - 1;
        let parent = (base >> below) >> 1;
        let indices = (base >> below)..=(last >> below);
        weights = children(&weights, parent, indices, *coordinate);
    }
    weights
}

fn children(
    weights: &[K],
    first: usize,
    indices: std::ops::RangeInclusive<usize>,
    coordinate: K,
) -> Vec<K> {
    let mut made = Vec::with_capacity(indices.end() - indices.start() + 1);
    let mut index = *indices.start();
    while index <= *indices.end() {
        let weight = weights[index / 2 - first];
        let high = weight * coordinate;
        if index.is_multiple_of(2) {
            made.push(weight - high);
            index += 1;
        }
        if index <= *indices.end() {
            made.push(high);
            index += 1;
        }
    }
    made
}

/// Sum of eq(point, i) over i < count.
pub fn below(point: &[K], count: usize) -> K {
    if count >> point.len() > 0 {
        return K::ONE;
    }
    let mut prefix = K::ONE;
    let mut sum = K::ZERO;
    for (index, coordinate) in point.iter().enumerate() {
        if count >> (point.len() - index - 1) & 1 == 1 {
            sum += prefix * (K::ONE - *coordinate);
            prefix *= *coordinate;
        } else {
            prefix *= K::ONE - *coordinate;
        }
    }
    sum
}

/// eq(point, index).
pub fn at(point: &[K], index: usize) -> K {
    let bit = |position: usize| index >> (point.len() - position - 1) & 1 == 1;
    let factor = |(position, coordinate): (usize, &K)| {
        if bit(position) {
            *coordinate
        } else {
            K::ONE - *coordinate
        }
    };
    point.iter().enumerate().map(factor).product()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::field::random_extension;

    proptest! {
        #[test]
        fn ranges_are_slices_of_the_table(seed: u64, bits in 0usize..9, a: u16, b: u16) {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let point: Vec<K> = (0..bits).map(|_| random_extension(&mut rng)).collect();
            let all: Vec<K> = (0..1 << bits).map(|index| at(&point, index)).collect();
            prop_assert_eq!(&table(&point), &all);
            let base = usize::from(a) % all.len();
            let count = usize::from(b) % (all.len() - base + 1);
            prop_assert_eq!(range(&point, base, count), &all[base..base + count]);
            prop_assert_eq!(below(&point, count), all[..count].iter().copied().sum::<K>());
        }
    }
}
