//! What the prover commits to, from a run.

use p3_field::{PrimeCharacteristicRing, PrimeField32};
use rayon::prelude::*;

use super::build::{CHUNK, DigitPlaces, LayerPlaces};
use super::columns::{Column, Source};
use super::run::Run;
use super::tables::Entry;
use super::{AUXILIARY, Circuit, INPUT, Output};
use crate::error::{Detail, Error, Result};
use crate::field::{F, PRIME, from_i64};
use crate::linear::Tensor;

/// Slots of everything but the weights, and what is looked up.
#[derive(Clone)]
pub struct Witness {
    /// Of [`AUXILIARY`], without atoms.
    pub auxiliary: Vec<F>,
    /// Of [`INPUT`] and [`OUTPUT`], where they are committed.
    pub input: Vec<F>,
    /// See `input`.
    pub output: Vec<F>,
    /// Of each segment of leaves that looks something up, the columns of its entries.
    pub entries: Vec<Vec<Vec<F>>>,
}

fn field(value: i32) -> F {
    from_i64(i64::from(value))
}

fn signed(value: F) -> i64 {
    let value = value.as_canonical_u32();
    i64::from(value)
        - if value > PRIME / 2 {
            i64::from(PRIME)
        } else {
            0
        }
}

impl Witness {
    /// Of a run.
    ///
    /// # Errors
    /// Misuse, if something that is looked up is in no table.
    pub fn new(circuit: &Circuit, run: &Run) -> Result<Self> {
        let mut witness = Self::values(circuit, run);
        let sums: Vec<Vec<F>> = run
            .sums
            .iter()
            .map(|sum| sum.iter().copied().map(field).collect())
            .collect();
        witness.look_up(circuit, &sums)?;
        Ok(witness)
    }

    /// All but the multiplicities.
    fn values(circuit: &Circuit, run: &Run) -> Self {
        let places = &circuit.places;
        let input = if circuit.input().commitment == INPUT {
            places.values[0].len()
        } else {
            0
        };
        let output = places.output.map_or(0, |tensor| tensor.len());
        let zeros = |slots| vec![F::ZERO; slots];
        let mut witness = Self {
            auxiliary: zeros(places.auxiliary),
            input: zeros(input),
            output: zeros(output),
            entries: Vec::new(),
        };
        let mut sums = run.sums.iter();
        witness.put(circuit.input(), &run.values[0], field);
        for (index, layer) in places.layers.iter().enumerate() {
            match layer {
                LayerPlaces::Digits(places) => {
                    witness.put_digits(places, sums.next().map_or(&[][..], Vec::as_slice));
                    witness.put(
                        circuit.places.values[index + 1],
                        &run.values[index + 1],
                        field,
                    );
                }
                LayerPlaces::Maxima(tensors) => {
                    for (tensor, values) in tensors.iter().zip(&run.maxima[index]) {
                        witness.put(*tensor, values, field);
                    }
                }
            }
        }
        witness.put_output(circuit, sums.next().map_or(&[][..], Vec::as_slice));
        witness
    }

    fn put<T: Copy + Sync>(&mut self, tensor: Tensor, values: &[T], made: impl Fn(T) -> F + Sync) {
        let slots = match tensor.commitment {
            AUXILIARY => &mut self.auxiliary,
            INPUT => &mut self.input,
            _ => &mut self.output,
        };
        slots[tensor.range()]
            .iter_mut()
            .zip(values)
            .for_each(|(slot, value)| *slot = made(*value));
    }

    fn put_digits(&mut self, places: &DigitPlaces, sums: &[i32]) {
        let digits = places.digits;
        let above = digits.shift + 8;
        let shifted = |sum: i32| i64::from(sum) + digits.offset;
        if let Some(low) = places.low {
            self.put(low, sums, |sum| {
                from_i64(shifted(sum) & ((1 << digits.shift) - 1))
            });
        }
        self.put(places.high, sums, |sum| from_i64(shifted(sum) >> above));
        self.put(places.sign, sums, |sum| {
            from_i64((shifted(sum) >> above).signum())
        });
    }

    fn put_output(&mut self, circuit: &Circuit, sum: &[i32]) {
        if let Some(tensor) = circuit.places.output {
            self.put(tensor, sum, field);
        }
        let (Some(chunks), Output::Class(class)) = (circuit.places.class, circuit.mode.output)
        else {
            return;
        };
        let channels = circuit.network.output().size.channels;
        let exceeds = |(channel, value): (usize, &i32)| {
            i64::from(sum[class]) - i64::from(*value) - i64::from(channel < class)
        };
        let exceeds: Vec<i64> = sum[..channels].iter().enumerate().map(exceeds).collect();
        for (index, tensor) in chunks.into_iter().enumerate() {
            let shift = CHUNK * (index as u32 + 1);
            self.put(tensor, &exceeds, |value| {
                from_i64(value >> shift & ((1 << CHUNK) - 1))
            });
        }
    }

    /// Notes what is looked up, and counts it.
    fn look_up(&mut self, circuit: &Circuit, sums: &[Vec<F>]) -> Result<()> {
        let lookups = &circuit.lookups;
        let mut counts: Vec<Vec<u32>> = lookups
            .tables
            .iter()
            .map(|counted| vec![0; counted.table.height()])
            .collect();
        for segment in &lookups.segments {
            let size = segment.rows * segment.columns;
            let columns = segment.entries.iter().flatten();
            let columns: Vec<Vec<F>> = columns
                .map(|column| self.evaluate(column, sums, size, segment.columns))
                .collect();
            let table = &lookups.tables[segment.table].table;
            if segment.entries.is_some() {
                for index in 0..size {
                    let mut entry: Entry = [0; 3];
                    entry
                        .iter_mut()
                        .zip(&columns)
                        .for_each(|(value, column)| *value = signed(column[index]));
                    let row = table.row(entry).ok_or_else(|| absent(entry))?;
                    counts[segment.table][row] += 1;
                }
            }
            self.entries.push(columns);
        }
        for (counted, counts) in lookups.tables.iter().zip(&counts) {
            self.put(counted.multiplicities, counts, F::from_u32);
        }
        Ok(())
    }

    /// The values of a column.
    fn evaluate(&self, column: &Column, sums: &[Vec<F>], size: usize, columns: usize) -> Vec<F> {
        let mut values = vec![column.constant; size];
        for (factor, source) in &column.parts {
            match source {
                Source::Tensor(tensor) => add(&mut values, self.slots(*tensor), *factor),
                Source::Sum(sum) => add(&mut values, &sums[*sum], *factor),
                Source::Public(numbers) => values
                    .chunks_exact_mut(columns)
                    .for_each(|row| add(row, numbers, *factor)),
                Source::Repeated {
                    sum,
                    channel,
                    count,
                } => {
                    let repeated = vec![sums[*sum][*channel]; *count];
                    add(&mut values[..*count], &repeated, *factor);
                }
                Source::Tap {
                    tensor,
                    sources,
                    tap,
                    fill,
                } => {
                    let slots = self.slots(*tensor);
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

    fn slots(&self, tensor: Tensor) -> &[F] {
        match tensor.commitment {
            AUXILIARY => &self.auxiliary[tensor.range()],
            INPUT => &self.input[tensor.range()],
            _ => &self.output[tensor.range()],
        }
    }
}

fn add(values: &mut [F], others: &[F], factor: F) {
    values
        .par_iter_mut()
        .zip(others)
        .with_min_len(1 << 12)
        .for_each(|(value, other)| *value += *other * factor);
}

fn absent(entry: Entry) -> Error {
    Error::Misuse(Detail::new(
        "a value that is looked up",
        "one that is in its table",
        format!("{entry:?}"),
    ))
}
