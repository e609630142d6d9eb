//! The values that weights multiply, side by side: the vector of the linear layers' sumcheck.

use p3_field::PrimeCharacteristicRing;

use super::sums::{Kernel, Sum, Weighted};
use crate::eq;
use crate::field::K;
use crate::linear::{Linear, Tensor, Term};

/// Each value that some weights multiply, with its first index; the widest come first.
#[derive(Clone, Debug)]
pub struct Region {
    /// (index of a value, first index)
    pub places: Vec<(usize, usize)>,
    /// Indices in use.
    pub len: usize,
}

impl Region {
    /// Of a network's sums.
    pub fn new(sums: &[Sum], values: &[Tensor]) -> Self {
        let parts = sums.iter().flat_map(|sum| &sum.parts);
        let weighted = parts.filter(|part| matches!(part.kernel, Kernel::Weights(_)));
        let mut inputs: Vec<usize> = weighted.map(|part| part.input).collect();
        inputs.sort_by_key(|input| (std::cmp::Reverse(values[*input].columns), *input));
        inputs.dedup();
        let mut len = 0;
        let mut place = |input: usize| {
            len += values[input].len();
            (input, len - values[input].len())
        };
        Self {
            places: inputs.into_iter().map(&mut place).collect(),
            len,
        }
    }

    /// Variables that number the indices: at least as many as fill vector registers.
    pub fn bits(&self) -> usize {
        self.len.next_power_of_two().ilog2().max(6) as usize
    }

    /// The first index of a value.
    pub fn first(&self, value: usize) -> usize {
        let place = self.places.iter().find(|(input, _)| *input == value);
        place.map_or(0, |(_, first)| *first)
    }

    /// The values at a point, and the weights' side of it, as claims about what is committed.
    pub fn at(&self, point: &[K], values: &[Tensor], weighted: &[Weighted]) -> (Linear, Linear) {
        let (mut left, mut right) = (Linear::default(), Linear::default());
        for (value, first) in &self.places {
            let tensor = values[*value];
            let (above, within) = point.split_at(point.len() - tensor.columns.ilog2() as usize);
            let rows = eq::range(above, first / tensor.columns, tensor.rows);
            let columns = eq::table(within);
            let own = weighted.iter().filter(|claim| claim.part.input == *value);
            right
                .terms
                .extend(own.map(|claim| claim.of_weights(&rows, &columns)));
            left.terms.push(Term::flat(tensor, rows, columns));
        }
        (left, right)
    }

    /// The weights' side of the sumcheck: of each index, the sum of weight times the coefficient
    /// of the output that it goes to.
    pub fn coefficients(&self, weighted: &[Weighted], weights: &[crate::field::F]) -> Vec<K> {
        let mut all = vec![K::ZERO; self.len];
        for claim in weighted {
            claim.add_coefficients(weights, &mut all[self.first(claim.part.input)..]);
        }
        all
    }
}

impl Weighted<'_> {
    /// Adds coefficients of the input's slots.
    fn add_coefficients(&self, weights: &[crate::field::F], slots: &mut [K]) {
        let (channels, width) = (self.part.size.channels, self.weights.middle);
        let rows = weights[self.weights.range()].chunks_exact(self.weights.columns);
        let kernel: Vec<K> = rows
            .map(|row| crate::field::inner_base(&self.columns, row))
            .collect();
        for (output, tap, source) in self.part.sources.inside() {
            let row = self.rows[output];
            let inputs = &mut slots[source * width..][..channels];
            for (slot, weight) in inputs.iter_mut().zip(&kernel[tap * width..]) {
                *slot += row * *weight;
            }
        }
    }
}
