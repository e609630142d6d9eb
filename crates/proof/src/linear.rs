//! Linear statements about what is committed: a constant, atoms and tensors, each with coefficients.

use p3_field::PrimeCharacteristicRing;

use crate::eq;
use crate::field::{DEGREE, F, K, basis, inner};

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
    pub fn width(&self) -> usize {
        self.middle * self.columns
    }

    /// Slots.
    pub fn len(&self) -> usize {
        self.rows * self.width()
    }

    /// Whether it has no slots.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The slots, in their commitment.
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
    pub fn flat(tensor: Tensor, rows: Vec<K>, columns: Vec<K>) -> Self {
        Self {
            tensor,
            rows,
            middle: vec![K::ONE],
            columns,
        }
    }

    /// The multilinear extension of its coefficients, at a point of its commitment's slots.
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
    pub fn constant(value: K) -> Self {
        Self {
            constant: value,
            ..Self::default()
        }
    }

    /// The coefficients of a tensor's rows, beside those of its columns, to be added to: taps of a
    /// window have a term in common.
    pub fn rows(&mut self, tensor: Tensor, columns: &[K]) -> &mut [K] {
        let same = |term: &Term| term.tensor == tensor && term.columns == columns;
        let place = self.terms.iter().rposition(same).unwrap_or_else(|| {
            let zeros = vec![K::ZERO; tensor.rows];
            self.terms.push(Term::flat(tensor, zeros, columns.to_vec()));
            self.terms.len() - 1
        });
        &mut self.terms[place].rows
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
    pub fn plus(mut self, other: &Self, factor: K) -> Self {
        self.add(other, factor);
        self
    }

    /// A multiple of this.
    pub fn times(self, factor: K) -> Self {
        Self::default().plus(&self, factor)
    }

    /// The atoms' coefficients as a term of the tensor that holds them, five slots each.
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
