//! The prover's tree of fractions, and the sumchecks that walk down it.

use p3_field::{Field, PackedFieldExtension, PrimeCharacteristicRing};
use rayon::prelude::*;

use crate::eq;
use crate::field::K;
use crate::registers::{LANES, PackedK, Word, total, unpack};

/// Values of one thread's task.
const TASK: usize = 1 << 8;

/// Numerators and denominators of the nodes of one level.
struct Nodes<E> {
    numerators: Vec<E>,
    denominators: Vec<E>,
}

impl<E: Word> Nodes<E> {
    fn above(&self) -> Self {
        let half = self.numerators.len() / 2;
        let (n0, n1) = self.numerators.split_at(half);
        let (d0, d1) = self.denominators.split_at(half);
        let indices = || (0..half).into_par_iter().with_min_len(TASK);
        Self {
            numerators: indices().map(|i| n0[i] * d1[i] + n1[i] * d0[i]).collect(),
            denominators: indices().map(|i| d0[i] * d1[i]).collect(),
        }
    }
}

impl Nodes<PackedK> {
    fn unpack(&self) -> Nodes<K> {
        Nodes {
            numerators: unpack(&self.numerators),
            denominators: unpack(&self.denominators),
        }
    }
}

/// All levels, each with twice the nodes of the one above.
pub struct Fractions {
    /// Fewer than 4 registers, from the root down.
    upper: Vec<Nodes<K>>,
    /// The others, down to the leaves.
    lower: Vec<Nodes<PackedK>>,
}

impl Fractions {
    /// Sums 2^n leaves, at least a register of them.
    pub fn new(numerators: Vec<PackedK>, denominators: Vec<PackedK>) -> Self {
        let mut lower = vec![Nodes {
            numerators,
            denominators,
        }];
        while lower[lower.len() - 1].numerators.len() > 2 {
            lower.push(lower[lower.len() - 1].above());
        }
        let mut upper = Vec::new();
        if let Some(last) = lower.pop_if(|nodes| nodes.numerators.len() < 4) {
            upper.push(last.unpack());
        }
        while upper[upper.len() - 1].numerators.len() > 1 {
            upper.push(upper[upper.len() - 1].above());
        }
        upper.reverse();
        lower.reverse();
        Self { upper, lower }
    }

    /// Numerator and denominator of the sum.
    pub fn root(&self) -> (K, K) {
        (self.upper[0].numerators[0], self.upper[0].denominators[0])
    }

    /// The sumcheck that shows a point's value on level `depth` by the level below.
    pub(crate) fn level(&self, depth: usize, point: &[K], value: K, merge: K) -> Level {
        let weights = point.get(1..).unwrap_or_default();
        let below = depth + 1;
        let halves = if below < self.upper.len() {
            Halves::Single(Pairs::new(&self.upper[below], eq::table(weights), merge))
        } else {
            let nodes = &self.lower[below - self.upper.len()];
            Halves::Packed(Pairs::new(nodes, packed_table(weights), merge))
        };
        Level {
            halves,
            value,
            merge,
            point: point.to_vec(),
            rounds: 0,
        }
    }
}

/// eq(point, i) for all i.
fn packed_table(point: &[K]) -> Vec<PackedK> {
    let (high, low) = point.split_at(point.len() - LANES.ilog2() as usize);
    let low = PackedK::from_ext_slice(&eq::table(low));
    eq::table(high)
        .into_par_iter()
        .with_min_len(TASK)
        .map(|weight| low * PackedK::from(weight))
        .collect()
}

/// The left and right children of all nodes that are not yet summed over.
struct Pairs<E> {
    n0: Vec<E>,
    /// n1 + merge * d1
    n1: Vec<E>,
    d0: Vec<E>,
    d1: Vec<E>,
    /// eq at the coordinates after the next to be bound.
    weights: Vec<E>,
}

impl<E: Word> Pairs<E> {
    fn new(below: &Nodes<E>, weights: Vec<E>, merge: K) -> Self {
        let half = below.numerators.len() / 2;
        let (n0, n1) = below.numerators.split_at(half);
        let (d0, d1) = below.denominators.split_at(half);
        let merge = E::from(merge);
        let merged = n1
            .par_iter()
            .zip(d1)
            .with_min_len(TASK)
            .map(|(n, d)| *n + merge * *d);
        Self {
            n1: merged.collect(),
            n0: n0.to_vec(),
            d0: d0.to_vec(),
            d1: d1.to_vec(),
            weights,
        }
    }

    /// Sums of weight * h(1) and of weight * (the leading coefficient of h).
    fn sums(&self) -> [E; 2] {
        let half = self.n0.len() / 2;
        let term = |i: usize| {
            let (j, weight) = (i + half, self.weights[i]);
            let one = self.n0[j] * self.d1[j] + self.d0[j] * self.n1[j];
            let slope = |values: &[E]| values[j] - values[i];
            let lead = slope(&self.n0) * slope(&self.d1) + slope(&self.d0) * slope(&self.n1);
            [one * weight, lead * weight]
        };
        let add = |a: [E; 2], b: [E; 2]| [a[0] + b[0], a[1] + b[1]];
        let indices = (0..half).into_par_iter().with_min_len(TASK);
        let parts = indices.fold(|| [E::ZERO; 2], |sum, i| add(sum, term(i)));
        parts.reduce(|| [E::ZERO; 2], add)
    }

    fn bind(&mut self, bound: K) {
        let bound = E::from(bound);
        for values in [&mut self.n0, &mut self.n1, &mut self.d0, &mut self.d1] {
            let half = values.len() / 2;
            let (low, high) = values.split_at_mut(half);
            let pairs = low.par_iter_mut().zip(&*high).with_min_len(TASK);
            pairs.for_each(|(low, high)| *low += bound * (*high - *low));
            values.truncate(half);
        }
        let half = self.weights.len() / 2;
        let (low, high) = self.weights.split_at_mut(half);
        low.iter_mut()
            .zip(&*high)
            .for_each(|(low, high)| *low += *high);
        self.weights.truncate(half);
    }
}

enum Halves {
    Packed(Pairs<PackedK>),
    Single(Pairs<K>),
}

/// One level's sumcheck.
pub(crate) struct Level {
    halves: Halves,
    /// The claim: sum of eq * h.
    value: K,
    merge: K,
    point: Vec<K>,
    rounds: usize,
}

impl Level {
    /// h(1) - h(0) and the leading coefficient, each summed with the weights.
    pub(crate) fn round(&self) -> [K; 2] {
        let [one, curve] = match &self.halves {
            Halves::Packed(pairs) => pairs.sums().map(total),
            Halves::Single(pairs) => pairs.sums(),
        };
        let coordinate = self.point[self.rounds];
        [(one - self.value) * (K::ONE - coordinate).inverse(), curve]
    }

    /// Goes on with the next coordinate, this one being bound.
    pub(crate) fn bind(&mut self, [step, curve]: [K; 2], bound: K) {
        let coordinate = self.point[self.rounds];
        self.rounds += 1;
        self.value += step * (bound - coordinate) + curve * (bound.square() - bound);
        match &mut self.halves {
            Halves::Packed(pairs) if pairs.n0.len() == 2 => {
                self.halves = Halves::Single(pairs.last(bound))
            }
            Halves::Packed(pairs) => pairs.bind(bound),
            Halves::Single(pairs) => pairs.bind(bound),
        }
    }

    /// n0, n1, d0, d1 at the point that is bound.
    pub(crate) fn children(&self) -> [K; 4] {
        match &self.halves {
            Halves::Single(pairs) => [
                pairs.n0[0],
                pairs.n1[0] - self.merge * pairs.d1[0],
                pairs.d0[0],
                pairs.d1[0],
            ],
            Halves::Packed(_) => unreachable!("a register has more than one lane to bind"),
        }
    }
}

impl Pairs<PackedK> {
    /// Binds the last coordinate that pairs whole registers.
    fn last(&mut self, bound: K) -> Pairs<K> {
        let mut weights = unpack(&self.weights);
        let half = weights.len() / 2;
        for index in 0..half {
            let high = weights[index + half];
            weights[index] += high;
        }
        weights.truncate(half);
        self.bind(bound);
        let [n0, n1, d0, d1] =
            [&self.n0, &self.n1, &self.d0, &self.d1].map(|values| unpack(values));
        Pairs {
            n0,
            n1,
            d0,
            d1,
            weights,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registers::pack;

    impl Fractions {
        /// With another numerator of the first leaf, which makes the sum zero.
        pub(crate) fn balanced(&self) -> Self {
            let leaves = self.lower[self.lower.len() - 1].unpack();
            let (sum, root) = self.root();
            let mut numerators = leaves.numerators;
            numerators[0] -= sum * leaves.denominators[0] * root.inverse();
            Self::new(pack(&numerators), pack(&leaves.denominators))
        }
    }
}
