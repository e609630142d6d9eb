//! Everything that is looked up, as the leaves of one sum of fractions: 1/(alpha - entry) for each
//! entry that is looked up, -multiplicity/(alpha - row) for each row of a table, one leaf 0/d with a
//! committed random d, and 0/1 for the rest.

use p3_field::PrimeCharacteristicRing;

use super::columns::{Claims, Column};
use super::tables::{Table, tag};
use crate::argument::Seen;
use crate::error::Result;
use crate::field::K;
use crate::fractions::Fractions;
use crate::hiding::{HIDING, hiding};
use crate::linear::{Linear, Tensor, Term};
use crate::masked::Side;
use crate::{eq, gkr};

/// A table with the tensor of how often each row is looked up.
#[derive(Clone, Debug)]
pub struct Counted {
    /// What it holds.
    pub table: Table,
    /// One element a row.
    pub multiplicities: Tensor,
}

/// Leaves of shape (rows, columns), columns being a power of two.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Index of the first leaf, a multiple of `columns`.
    pub first: usize,
    /// Any number.
    pub rows: usize,
    /// A power of two.
    pub columns: usize,
    /// Index of the table.
    pub table: usize,
    /// What is looked up in it; its rows, where there is nothing.
    pub entries: Option<Vec<Column>>,
}

/// All leaves.
#[derive(Clone, Debug)]
pub struct Lookups {
    /// By their index.
    pub tables: Vec<Counted>,
    /// In the order of their leaves.
    pub segments: Vec<Segment>,
    /// Leaves in use: the last is 0/d.
    pub used: usize,
}

/// What is looked up where.
pub struct Lookup {
    /// Of the places.
    pub rows: usize,
    /// Of the places: a power of two.
    pub columns: usize,
    /// Index of the table.
    pub table: usize,
    /// Up to three.
    pub entries: Vec<Column>,
}

impl Lookups {
    /// Orders the leaves.
    pub fn new(tables: Vec<Counted>, lookups: Vec<Lookup>) -> Self {
        let of_table = |(table, counted): (usize, &Counted)| Segment {
            first: 0,
            rows: 1,
            columns: counted.multiplicities.columns,
            table,
            entries: None,
        };
        let mut segments: Vec<Segment> = tables.iter().enumerate().map(of_table).collect();
        segments.extend(lookups.into_iter().map(|lookup| Segment {
            first: 0,
            rows: lookup.rows,
            columns: lookup.columns,
            table: lookup.table,
            entries: Some(lookup.entries),
        }));
        segments.sort_by_key(|segment| std::cmp::Reverse(segment.columns));
        let mut used = 0;
        for segment in &mut segments {
            segment.first = used;
            used += segment.rows * segment.columns;
        }
        Self {
            tables,
            segments,
            used: used + hiding(1),
        }
    }

    /// Levels of the tree: at least as many as fill vector registers.
    pub fn depth(&self) -> usize {
        self.used.next_power_of_two().ilog2().max(6) as usize
    }

    /// Shows that everything is looked up, but for the claims that are given back: they sum to zero.
    ///
    /// # Errors
    /// MalformedBytes, where the proof ends early.
    pub fn show(
        &self,
        side: &mut impl Side,
        seen: &Seen,
        fractions: Option<&Fractions>,
    ) -> Result<Claims> {
        let leaves = gkr::run(side, self.depth(), seen.sum, fractions)?;
        side.require(
            self.numerators(&leaves.point)
                .plus(&leaves.numerator, K::NEG_ONE),
        );
        let mut claims = self.denominators(&leaves.point, seen);
        claims.linear.add(&leaves.denominator, K::NEG_ONE);
        Ok(claims)
    }

    /// The numerators at a point.
    fn numerators(&self, point: &[K]) -> Linear {
        let mut sum = Linear::default();
        for segment in &self.segments {
            if segment.entries.is_some() {
                let end = segment.first + segment.rows * segment.columns;
                sum.constant += eq::below(point, end) - eq::below(point, segment.first);
            } else {
                let (rows, columns) = segment.weights(point);
                let multiplicities = self.tables[segment.table].multiplicities;
                sum.terms
                    .push(Term::flat(multiplicities, vec![-rows[0]], columns));
            }
        }
        sum
    }

    /// The denominators at a point.
    fn denominators(&self, point: &[K], seen: &Seen) -> Claims {
        let Seen {
            fingerprint, dummy, ..
        } = seen;
        let mut sum = Claims::default();
        sum.linear.constant = K::ONE - eq::below(point, self.used);
        let of_dummy = HIDING.then(|| (*dummy, eq::at(point, self.used - 1)));
        sum.linear.atoms.extend(of_dummy);
        for segment in &self.segments {
            let (rows, columns) = segment.weights(point);
            match &segment.entries {
                Some(entries) => {
                    let total = rows.iter().copied().sum::<K>();
                    sum.linear.constant += total * (fingerprint.alpha - tag(segment.table));
                    for (entry, power) in entries.iter().zip(&fingerprint.powers[1..]) {
                        let rows: Vec<K> = rows.iter().map(|row| -*row * *power).collect();
                        sum.add(entry, &rows, &columns);
                    }
                }
                None => {
                    let entries = self.tables[segment.table]
                        .table
                        .rows()
                        .into_iter()
                        .zip(&columns);
                    let values = entries.map(|(entry, column)| {
                        *column * fingerprint.denominator(segment.table, entry)
                    });
                    sum.linear.constant += rows[0] * values.sum::<K>();
                }
            }
        }
        sum
    }
}

impl Segment {
    /// eq(point, leaf) = rows[leaf / columns] * columns[leaf % columns]
    fn weights(&self, point: &[K]) -> (Vec<K>, Vec<K>) {
        let (above, within) = point.split_at(point.len() - self.columns.ilog2() as usize);
        (
            eq::range(above, self.first / self.columns, self.rows),
            eq::table(within),
        )
    }
}
