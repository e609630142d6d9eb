//! What the prover commits to, from a run.

use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;

use super::build::{CHUNK, DigitPlaces, LayerPlaces};
use super::entries::Slots;
use super::run::Run;
use super::{AUXILIARY, Circuit, INPUT, Output};
use crate::error::Result;
use crate::field::{F, from_i64};
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

impl Witness {
    /// Of a run.
    ///
    /// # Errors
    /// Misuse, if something that is looked up is in no table.
    pub fn new(circuit: &Circuit, run: &Run) -> Result<Self> {
        let mut witness = Self::values(circuit, run);
        let of_sum = |sum: &Vec<i32>| sum.par_iter().copied().map(field).collect();
        let sums: Vec<Vec<F>> = run.sums.iter().map(of_sum).collect();
        witness.entries = circuit.lookups.entries(&witness.slots(), &sums);
        circuit
            .lookups
            .count(&witness.entries, &mut witness.auxiliary)?;
        Ok(witness)
    }

    /// All but what is looked up, and how often.
    pub fn values(circuit: &Circuit, run: &Run) -> Self {
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

    /// All slots.
    pub fn slots(&self) -> Slots<'_> {
        Slots {
            weights: &[],
            auxiliary: &self.auxiliary,
            input: &self.input,
            output: &self.output,
        }
    }
}
