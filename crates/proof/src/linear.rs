//! Linear statements about what is committed: a constant, atoms and tensors, each with coefficients.

use p3_field::{PackedFieldExtension, PrimeCharacteristicRing};
use rayon::prelude::*;

use crate::eq;
use crate::field::{DEGREE, F, K, basis, inner};
use crate::registers::{LANES, PackedK};

/// A block of committed slots of shape (rows, middle, columns), the last two powers of two, that
/// begins at a multiple of middle * columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tensor {
    /// Which commitment it lies in.
    pub commitment: usize,
    /// Its first slot.
    pub base: usize,
    /// Any number.
    pub rows: usize,
    /// A power of two.
    pub middle: usize,
    /// A power of two.
    pub columns: usize,
}

impl Tensor {
    /// Slots of one row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.middle * self.columns
    }

    /// Slots.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows * self.width()
    }

    /// Whether it has no slots.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The slots, in their commitment.
    #[must_use]
    pub fn range(&self) -> std::ops::Range<usize> {
        self.base..self.base + self.len()
    }
}

/// The sum over (i, j, k) of rows[i] * middle[j] * columns[k] * tensor(i, j, k).
#[derive(Clone, Debug)]
pub struct Term {
    /// Of what.
    pub tensor: Tensor,
    /// One of each row.
    pub rows: Vec<K>,
    /// One of each middle index.
    pub middle: Vec<K>,
    /// One of each column.
    pub columns: Vec<K>,
}

impl Term {
    /// Of a tensor whose middle has one index.
    #[must_use]
    pub fn flat(tensor: Tensor, rows: Vec<K>, columns: Vec<K>) -> Self {
        Self {
            tensor,
            rows,
            middle: vec![K::ONE],
            columns,
        }
    }

    /// The multilinear extension of its coefficients, at a point of its commitment's slots.
    #[must_use]
    pub fn evaluate(&self, point: &[K]) -> K {
        let (above, row) = point.split_at(point.len() - self.tensor.width().ilog2() as usize);
        let (middle, column) = row.split_at(self.tensor.middle.ilog2() as usize);
        let rows = eq::range(
            above,
            self.tensor.base / self.tensor.width(),
            self.tensor.rows,
        );
        inner(&self.rows, &rows)
            * inner(&self.middle, &eq::table(middle))
            * inner(&self.columns, &eq::table(column))
    }

    /// Its value on committed slots.
    #[must_use]
    pub fn apply(&self, slots: &[F]) -> K {
        let of_row = |row: &[F]| -> K {
            let parts = self.middle.iter().zip(row.chunks_exact(self.columns.len()));
            parts
                .map(|(m, part)| *m * crate::field::inner_base(&self.columns, part))
                .sum()
        };
        let rows = slots[self.tensor.range()].chunks_exact(self.tensor.width());
        self.rows
            .iter()
            .zip(rows)
            .map(|(factor, row)| *factor * of_row(row))
            .sum()
    }
}

/// constant + sum of coefficient * atom + sum of terms. Atoms are committed elements of K.
#[derive(Clone, Debug, Default)]
pub struct Linear {
    /// Without anything committed.
    pub constant: K,
    /// Index and coefficient; an index may come more than once.
    pub atoms: Vec<(usize, K)>,
    /// Of tensors.
    pub terms: Vec<Term>,
}

impl Linear {
    /// A constant.
    #[must_use]
    pub fn constant(value: K) -> Self {
        Self {
            constant: value,
            ..Self::default()
        }
    }

    /// Adds a multiple of another.
    pub fn add(&mut self, other: &Self, factor: K) {
        self.constant += other.constant * factor;
        self.atoms.extend(
            other
                .atoms
                .iter()
                .map(|(atom, coefficient)| (*atom, *coefficient * factor)),
        );
        self.terms
            .extend(other.terms.iter().cloned().map(|mut term| {
                term.rows.iter_mut().for_each(|row| *row *= factor);
                term
            }));
    }

    /// The sum of this and a multiple of another.
    #[must_use]
    pub fn plus(mut self, other: &Self, factor: K) -> Self {
        self.add(other, factor);
        self
    }

    /// A multiple of this.
    #[must_use]
    pub fn times(self, factor: K) -> Self {
        Self::default().plus(&self, factor)
    }

    /// The atoms' coefficients as a term of the tensor that holds them, five slots each.
    #[must_use]
    pub fn atoms_term(&self, tensor: Tensor) -> Term {
        let mut sums = vec![K::ZERO; tensor.rows / DEGREE];
        for (atom, coefficient) in &self.atoms {
            sums[*atom] += *coefficient;
        }
        let basis = basis();
        let rows = sums
            .iter()
            .flat_map(|sum| basis.map(|element| *sum * element))
            .collect();
        Term::flat(tensor, rows, vec![K::ONE])
    }
}

/// Slots that one task fills.
const TASK: usize = 1 << 14;

/// Coefficients of a commitment's first `len` slots, from all terms that belong to it; zeros after
/// them fill the last register.
#[must_use]
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
        let packed = row.len() % LANES == 0;
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
    use crate::field::{random, random_extension};

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
