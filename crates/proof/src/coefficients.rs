//! The coefficients of all slots of a commitment, from terms.

use p3_field::{PackedFieldExtension, PrimeCharacteristicRing};
use rayon::prelude::*;

use crate::field::K;
use crate::linear::Term;
use crate::registers::{LANES, PackedK};

/// Slots that one task fills.
const TASK: usize = 1 << 14;

/// Coefficients of a commitment's first `len` slots, from all terms that belong to it; zeros after
/// them fill the last register.
pub fn coefficients(terms: &[Term], commitment: usize, len: usize) -> Vec<PackedK> {
    let own = terms
        .iter()
        .filter(|term| term.tensor.commitment == commitment);
    let spread: Vec<Spread> = own.map(Spread::new).collect();
    let mut slots = vec![PackedK::ZERO; len.div_ceil(LANES)];
    slots
        .par_chunks_mut(TASK / LANES)
        .enumerate()
        .for_each(|(index, part)| {
            for term in &spread {
                term.add_to(part, index * TASK);
            }
        });
    slots
}

/// A term with the coefficients of one row multiplied out.
struct Spread<'a> {
    term: &'a Term,
    row: Row,
}

enum Row {
    /// Whole registers.
    Packed(Vec<PackedK>),
    /// Shorter than a register.
    Short(Vec<K>),
}

impl<'a> Spread<'a> {
    fn new(term: &'a Term) -> Self {
        let products = |m: &K| term.columns.iter().map(|c| *m * *c).collect::<Vec<K>>();
        let row: Vec<K> = term.middle.iter().flat_map(products).collect();
        let packed = row.len().is_multiple_of(LANES);
        let pack = |row: &[K]| {
            row.chunks_exact(LANES)
                .map(PackedK::from_ext_slice)
                .collect()
        };
        Self {
            term,
            row: if packed {
                Row::Packed(pack(&row))
            } else {
                Row::Short(row)
            },
        }
    }

    /// Adds the coefficients of slots from `first` on.
    fn add_to(&self, slots: &mut [PackedK], first: usize) {
        let tensor = &self.term.tensor;
        let all = tensor.range();
        let (start, end) = (
            all.start.max(first),
            all.end.min(first + slots.len() * LANES),
        );
        if start >= end {
            return;
        }
        for index in
            (start - all.start) / tensor.width()..(end - all.start).div_ceil(tensor.width())
        {
            let begin = all.start + index * tensor.width();
            let from = start.max(begin);
            let to = end.min(begin + tensor.width());
            self.add_row(
                self.term.rows[index],
                from - begin..to - begin,
                &mut slots[(from - first) / LANES..],
                (from - first) % LANES,
            );
        }
    }

    fn add_row(
        &self,
        factor: K,
        columns: std::ops::Range<usize>,
        slots: &mut [PackedK],
        lane: usize,
    ) {
        match &self.row {
            Row::Packed(row) => {
                let factor = PackedK::from(factor);
                let row = &row[columns.start / LANES..columns.end / LANES];
                for (slot, coefficient) in slots.iter_mut().zip(row) {
                    *slot += factor * *coefficient;
                }
            }
            Row::Short(row) => {
                for (offset, coefficient) in row[columns].iter().enumerate() {
                    let at = lane + offset;
                    slots[at / LANES].add_assign_lane(at % LANES, factor * *coefficient);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;
    use crate::eq;
    use crate::field::{F, inner};
    use crate::field::{random, random_extension};
    use crate::linear::Tensor;

    fn many(rng: &mut ChaCha20Rng, count: usize) -> Vec<K> {
        (0..count).map(|_| random_extension(rng)).collect()
    }

    fn term(rng: &mut ChaCha20Rng, slots: usize) -> Term {
        let mut below = |limit: usize| rng.next_u32() as usize % limit;
        let (middle, columns) = (1 << below(3), 1 << below(6));
        let width = middle * columns;
        let base = below(slots / width / 2) * width;
        let rows = 1 + below((slots - base) / width);
        let tensor = Tensor {
            commitment: 0,
            base,
            rows,
            middle,
            columns,
        };
        Term {
            tensor,
            rows: many(rng, rows),
            middle: many(rng, middle),
            columns: many(rng, columns),
        }
    }

    proptest! {
        #[test]
        fn slots_points_and_values_agree(seed: u64) {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let bits = 10 + seed as usize % 6;
            let terms: Vec<Term> = (0..4).map(|_| term(&mut rng, 1 << bits)).collect();
            let spread = coefficients(&terms, 0, 1 << bits);
            let spread: Vec<K> = <PackedK as PackedFieldExtension<F, K>>::to_ext_iter(spread).collect();
            let point = many(&mut rng, bits);
            let direct: K = terms.iter().map(|term| term.evaluate(&point)).sum();
            prop_assert_eq!(inner(&spread, &eq::table(&point)), direct);
            let slots: Vec<F> = (0..1 << bits).map(|_| random(&mut rng)).collect();
            let value: K = terms.iter().map(|term| term.apply(&slots)).sum();
            prop_assert_eq!(crate::field::inner_base(&spread, &slots), value);
        }
    }
}
