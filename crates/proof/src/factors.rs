//! The prover's half of an inner product's sumcheck.

use rayon::prelude::*;

use crate::field::K;
use crate::registers::{LANES, PackedK, Word, total, unpack};

/// Registers of one thread's task.
const TASK: usize = 1 << 8;

/// Two vectors over a hypercube; what is beyond their common length is zero.
pub struct Factors {
    pairs: Pairs,
    bits: usize,
}

enum Pairs {
    Packed([Vec<PackedK>; 2]),
    Single([Vec<K>; 2]),
}

impl Factors {
    /// Over 2^`bits` indices, at least a register.
    pub fn new(left: Vec<PackedK>, right: Vec<PackedK>, bits: usize) -> Self {
        Self {
            pairs: Pairs::Packed([left, right]),
            bits,
        }
        .narrowed()
    }

    /// Of single elements.
    pub fn single(both: [Vec<K>; 2], bits: usize) -> Self {
        Self {
            pairs: Pairs::Single(both),
            bits,
        }
    }

    /// Variables that are left.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// Of the round polynomial in the highest variable: its value at 0 and its leading coefficient.
    pub fn round(&self) -> [K; 2] {
        let half = 1 << (self.bits - 1);
        match &self.pairs {
            Pairs::Packed([left, right]) => sums(left, right, half / LANES).map(total),
            Pairs::Single([left, right]) => sums(left, right, half),
        }
    }

    /// Binds the highest variable.
    pub fn bind(&mut self, bound: K) {
        self.bits -= 1;
        let half = 1 << self.bits;
        match &mut self.pairs {
            Pairs::Packed(both) => both
                .iter_mut()
                .for_each(|values| fold(values, half / LANES, bound.into())),
            Pairs::Single(both) => both.iter_mut().for_each(|values| fold(values, half, bound)),
        }
        let pairs = std::mem::replace(&mut self.pairs, Pairs::Single([Vec::new(), Vec::new()]));
        *self = Self {
            pairs,
            bits: self.bits,
        }
        .narrowed();
    }

    /// Both vectors, whole.
    pub fn values(self) -> [Vec<K>; 2] {
        match self.pairs {
            Pairs::Packed(both) => both.map(|values| unpack(&values)),
            Pairs::Single(both) => both,
        }
    }

    /// With single elements once a half is less than a register.
    fn narrowed(self) -> Self {
        match self.pairs {
            Pairs::Packed(both) if 1 << self.bits < 2 * LANES => Self {
                pairs: Pairs::Single(both.map(|values| unpack(&values))),
                bits: self.bits,
            },
            pairs => Self {
                pairs,
                bits: self.bits,
            },
        }
    }
}

fn sums<E: Word>(left: &[E], right: &[E], half: usize) -> [E; 2] {
    let split = half.min(left.len());
    let (low, high) = (&left[..split], &left[split..]);
    let (weights, others) = (&right[..split], &right[split..]);
    let term = |i: usize| {
        let zero = low[i] * weights[i];
        if i < high.len() {
            [zero, (high[i] - low[i]) * (others[i] - weights[i])]
        } else {
            [zero, zero]
        }
    };
    let add = |a: [E; 2], b: [E; 2]| [a[0] + b[0], a[1] + b[1]];
    let parts = (0..split)
        .into_par_iter()
        .with_min_len(TASK)
        .fold(|| [E::ZERO; 2], |sum, i| add(sum, term(i)));
    parts.reduce(|| [E::ZERO; 2], add)
}

fn fold<E: Word>(values: &mut Vec<E>, half: usize, bound: E) {
    let split = half.min(values.len());
    let (low, high) = values.split_at_mut(split);
    low.par_iter_mut()
        .enumerate()
        .with_min_len(TASK)
        .for_each(|(i, low)| {
            let high = high.get(i).copied().unwrap_or(E::ZERO);
            *low += bound * (high - *low);
        });
    values.truncate(split);
}

#[cfg(test)]
mod tests {
    use p3_field::PrimeCharacteristicRing;
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::eq;
    use crate::field::{inner, random_extension};
    use crate::registers::pack;

    proptest! {
        #[test]
        fn rounds_lead_to_the_values_at_the_point(seed: u64, bits in 5usize..11, cut: u16) {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let len = ((usize::from(cut) % (1 << bits)) + 1).next_multiple_of(LANES);
            let mut draw = |count: usize| (0..count).map(|_| random_extension(&mut rng)).collect::<Vec<K>>();
            let (left, right, point) = (draw(len), draw(len), draw(bits));
            let mut factors = Factors::new(pack(&left), pack(&right), bits);
            let mut claim = inner(&left, &right);
            for bound in &point {
                let [zero, lead] = factors.round();
                let slope = claim - zero.double() - lead;
                claim = zero + *bound * (slope + *bound * lead);
                factors.bind(*bound);
            }
            let at = eq::range(&point, 0, len);
            let [x, y] = factors.values();
            prop_assert_eq!((x[0], y[0]), (inner(&left, &at), inner(&right, &at)));
            prop_assert_eq!(claim, x[0] * y[0]);
        }
    }
}
