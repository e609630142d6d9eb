//! The values of what is looked up, and how often each row of a table is.

use p3_field::{PrimeCharacteristicRing, PrimeField32};
use rayon::prelude::*;

use super::columns::{Column, Source};
use super::lookups::{Lookups, Segment};
use super::tables::Entry;
use super::{AUXILIARY, INPUT, WEIGHTS};
use crate::error::{Detail, Error, Result};
use crate::field::{F, PRIME};
use crate::linear::Tensor;

/// Of each segment of leaves, the columns of what it looks up.
pub type Entries = Vec<Vec<Vec<F>>>;

/// Slots of all commitments.
#[derive(Clone, Copy, Default)]
pub struct Slots<'a> {
    /// Of [`WEIGHTS`].
    pub weights: &'a [F],
    /// Of [`AUXILIARY`].
    pub auxiliary: &'a [F],
    /// Of [`INPUT`].
    pub input: &'a [F],
    /// Of [`super::OUTPUT`].
    pub output: &'a [F],
}

impl<'a> Slots<'a> {
    /// Of a tensor.
    pub fn of(&self, tensor: Tensor) -> &'a [F] {
        let all = match tensor.commitment {
            WEIGHTS => self.weights,
            AUXILIARY => self.auxiliary,
            INPUT => self.input,
            _ => self.output,
        };
        &all[tensor.range()]
    }
}

/// The integer of least magnitude that an element stands for.
pub fn signed(value: F) -> i64 {
    let value = value.as_canonical_u32();
    i64::from(value)
        - if value > PRIME / 2 {
            i64::from(PRIME)
        } else {
            0
        }
}

impl Lookups {
    /// Of each segment that looks something up, the columns of its entries.
    pub fn entries(&self, slots: &Slots, sums: &[Vec<F>]) -> Entries {
        let of = |segment: &Segment| {
            let columns = segment.entries.iter().flatten();
            columns
                .map(|column| column.evaluate(segment, slots, sums))
                .collect()
        };
        self.segments.par_iter().map(of).collect()
    }

    /// Fills in how often each row of each table is looked up.
    ///
    /// # Errors
    /// Misuse, if something is in no table.
    pub fn count(&self, entries: &[Vec<Vec<F>>], slots: &mut [F]) -> Result<()> {
        let mut counts: Vec<Vec<u32>> = self
            .tables
            .iter()
            .map(|counted| vec![0; counted.table.height()])
            .collect();
        for (segment, columns) in self.segments.iter().zip(entries) {
            let table = &self.tables[segment.table].table;
            for index in 0..columns.first().map_or(0, Vec::len) {
                let mut entry: Entry = [0; 3];
                entry
                    .iter_mut()
                    .zip(columns)
                    .for_each(|(value, column)| *value = signed(column[index]));
                let row = table.row(entry).ok_or_else(|| absent(entry))?;
                counts[segment.table][row] += 1;
            }
        }
        for (counted, counts) in self.tables.iter().zip(&counts) {
            let slots = &mut slots[counted.multiplicities.range()];
            slots
                .iter_mut()
                .zip(counts)
                .for_each(|(slot, count)| *slot = F::from_u32(*count));
        }
        Ok(())
    }
}

impl Column {
    /// Its values, row by row.
    fn evaluate(&self, segment: &Segment, slots: &Slots, sums: &[Vec<F>]) -> Vec<F> {
        let columns = segment.columns;
        let mut values = vec![self.constant; segment.rows * columns];
        for (factor, source) in &self.parts {
            match source {
                Source::Tensor(tensor) => add(&mut values, slots.of(*tensor), *factor),
                Source::Sum(sum) => add(&mut values, &sums[*sum], *factor),
                Source::Public(numbers) => values
                    .chunks_exact_mut(columns)
                    .for_each(|row| add(row, numbers, *factor)),
                Source::Repeated {
                    sum,
                    channel,
                    count,
                } => {
                    let repeated = *factor * sums[*sum][*channel];
                    values[..*count]
                        .iter_mut()
                        .for_each(|value| *value += repeated);
                }
                Source::Tap {
                    tensor,
                    sources,
                    tap,
                    fill,
                } => {
                    let slots = slots.of(*tensor);
                    for (row, position) in values.chunks_exact_mut(columns).zip(sources.tap(*tap)) {
                        match position {
                            Some(position) => add(
                                row,
                                &slots[position as usize * columns..][..columns],
                                *factor,
                            ),
                            None => row.iter_mut().for_each(|value| *value += *factor * *fill),
                        }
                    }
                }
            }
        }
        values
    }
}

fn add(values: &mut [F], others: &[F], factor: F) {
    values
        .iter_mut()
        .zip(others)
        .for_each(|(value, other)| *value += *other * factor);
}

fn absent(entry: Entry) -> Error {
    Error::Misuse(Detail::new(
        "a value that is looked up",
        "one that is in its table",
        format!("{entry:?}"),
    ))
}
