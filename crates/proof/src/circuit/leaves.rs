//! The prover's leaves.

use p3_field::{PackedValue, PrimeCharacteristicRing};
use rayon::prelude::*;

use super::lookups::Lookups;
use super::tables::{Fingerprint, tag};
use crate::field::{F, K, from_i64};
use crate::fractions::Fractions;
use crate::registers::{LANES, PackedF, PackedK, pack_base};

/// Of every leaf: numerator, tag, and up to three values.
struct Leaves {
    numerators: Vec<F>,
    tags: Vec<F>,
    values: [Vec<F>; 3],
}

impl Lookups {
    /// All fractions, from the columns of each segment's entries, the slots that hold
    /// multiplicities, and the dummy denominator.
    pub fn fractions(
        &self,
        entries: &[Vec<Vec<F>>],
        slots: &[F],
        fingerprint: &Fingerprint,
        dummy: Option<K>,
    ) -> Fractions {
        let leaves = self.leaves(entries, slots);
        let mut denominators = leaves.denominators(fingerprint);
        let mut set = |index: usize, value: K| {
            let register = &mut denominators[index / LANES];
            let mut lanes = crate::registers::unpack(&[*register]);
            lanes[index % LANES] = value;
            *register = crate::registers::pack(&lanes)[0];
        };
        if let Some(dummy) = dummy {
            set(self.used - 1, dummy);
        }
        (self.used..1 << self.depth()).for_each(|unused| set(unused, K::ONE));
        Fractions::new(pack_base(&leaves.numerators), denominators)
    }

    fn leaves(&self, entries: &[Vec<Vec<F>>], slots: &[F]) -> Leaves {
        let zeros = || vec![F::ZERO; 1 << self.depth()];
        let mut leaves = Leaves {
            numerators: zeros(),
            tags: zeros(),
            values: [zeros(), zeros(), zeros()],
        };
        for (segment, columns) in self.segments.iter().zip(entries) {
            let range = segment.first..segment.first + segment.rows * segment.columns;
            leaves.tags[range.clone()].fill(tag(segment.table));
            if segment.entries.is_some() {
                leaves.numerators[range.clone()].fill(F::ONE);
                for (values, column) in leaves.values.iter_mut().zip(columns) {
                    values[range.clone()].copy_from_slice(column);
                }
            } else {
                let counted = &self.tables[segment.table];
                let counts = slots[counted.multiplicities.range()].iter();
                leaves.numerators[range.clone()]
                    .iter_mut()
                    .zip(counts)
                    .for_each(|(slot, count)| *slot = -*count);
                for (row, entry) in range.zip(counted.table.rows()) {
                    leaves
                        .values
                        .iter_mut()
                        .zip(entry)
                        .for_each(|(values, value)| values[row] = from_i64(value));
                }
            }
        }
        leaves
    }
}

impl Leaves {
    fn denominators(&self, fingerprint: &Fingerprint) -> Vec<PackedK> {
        let alpha = PackedK::from(fingerprint.alpha);
        let powers: [PackedK; 3] =
            std::array::from_fn(|index| fingerprint.powers[index + 1].into());
        let [first, second, third] =
            [0, 1, 2].map(|index| PackedF::pack_slice(&self.values[index]));
        let tags = PackedF::pack_slice(&self.tags)
            .par_iter()
            .enumerate()
            .with_min_len(1 << 8);
        tags.map(|(index, tag)| {
            alpha
                - powers[0] * first[index]
                - powers[1] * second[index]
                - powers[2] * third[index]
                - *tag
        })
        .collect()
    }
}
