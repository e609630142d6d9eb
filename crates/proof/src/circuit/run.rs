//! The integer run of a network, channels filled up to powers of two.

use rayon::prelude::*;

use super::Circuit;
use super::description::Layer;
use super::geometry::Window;
use super::limits::Range;
use super::sums::{Kernel, Part, Sum};

/// Every value, sum and maximum of a run, as slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The input and every layer's output.
    pub values: Vec<Vec<i32>>,
    /// All sums.
    pub sums: Vec<Vec<i32>>,
    /// Of each layer that is a maximum: the largest of the first two taps, of the first three, ...
    pub maxima: Vec<Vec<Vec<i32>>>,
}

/// Runs a network. `input` and `weights` are slots.
pub fn run(circuit: &Circuit, weights: &[i32], input: Vec<i32>) -> Run {
    let mut run = Run::begin(input);
    for _ in &circuit.places.layers {
        run.layer(circuit, weights);
    }
    run.output(circuit, weights);
    run
}

impl Run {
    /// Before the first layer.
    pub fn begin(input: Vec<i32>) -> Self {
        Self {
            values: vec![input],
            sums: Vec::new(),
            maxima: Vec::new(),
        }
    }

    /// Runs the next layer.
    pub fn layer(&mut self, circuit: &Circuit, weights: &[i32]) {
        let (output, maxima) = match &circuit.network.description().layers[self.maxima.len()] {
            Layer::Requantise {
                shift,
                signed,
                table,
                ..
            } => {
                let sum = sum(&circuit.sums[self.sums.len()], weights, &self.values);
                let output = requantise(&sum, *shift, *signed, table.as_deref());
                self.sums.push(sum);
                (output, Vec::new())
            }
            Layer::Maximum { input, window } => {
                let maxima = self.windows(circuit, *input, window);
                (maxima[maxima.len() - 1].clone(), maxima)
            }
        };
        self.values.push(output);
        self.maxima.push(maxima);
    }

    /// Runs the output's sum.
    pub fn output(&mut self, circuit: &Circuit, weights: &[i32]) {
        let output = sum(&circuit.sums[self.sums.len()], weights, &self.values);
        self.sums.push(output);
    }

    fn windows(&self, circuit: &Circuit, input: usize, window: &Window) -> Vec<Vec<i32>> {
        let sources = circuit.network.sources(input, window);
        let value = circuit.network.values()[input];
        maxima((0..window.taps()).map(|tap| {
            let positions: Vec<Option<u32>> = sources.tap(tap).collect();
            gather(
                &self.values[input],
                value.size.columns(),
                &positions,
                value.range.low,
            )
        }))
    }
}

fn sum(sum: &Sum, weights: &[i32], values: &[Vec<i32>]) -> Vec<i32> {
    let columns = sum.bounds.size.columns();
    let bias = sum.bias.map_or(&[][..], |tensor| &weights[tensor.range()]);
    let mut slots = vec![0; sum.bounds.size.slots()];
    slots
        .par_chunks_exact_mut(columns)
        .enumerate()
        .for_each(|(position, row)| {
            row[..bias.len()].copy_from_slice(bias);
            for part in &sum.parts {
                part.add_to(row, position, weights, &values[part.input]);
            }
        });
    slots
}

impl Part {
    /// Adds what it makes of the input to one position of a sum.
    fn add_to(&self, row: &mut [i32], position: usize, weights: &[i32], input: &[i32]) {
        let width = self.size.columns();
        let taps = self.sources.window(position).iter().enumerate();
        let inside = taps.filter_map(|(tap, source)| Some((tap, (*source)? as usize)));
        for (tap, source) in inside {
            let values = &input[source * width..][..self.size.channels];
            match self.kernel {
                Kernel::Factor(factor) => row
                    .iter_mut()
                    .zip(values)
                    .for_each(|(sum, value)| *sum += factor * value),
                Kernel::Weights(tensor) => {
                    let kernel = &weights[tensor.base + tap * tensor.width()..][..tensor.width()];
                    multiply_add(row, values, kernel);
                }
            }
        }
    }
}

/// row += values * kernel, of shape (values, row).
fn multiply_add(row: &mut [i32], values: &[i32], kernel: &[i32]) {
    for (value, weights) in values.iter().zip(kernel.chunks_exact(row.len())) {
        if *value != 0 {
            row.iter_mut()
                .zip(weights)
                .for_each(|(sum, weight)| *sum += value * weight);
        }
    }
}

fn requantise(sum: &[i32], shift: u32, signed: bool, table: Option<&[i32]>) -> Vec<i32> {
    let (range, rounding) = (Range::clamped(signed), (1 << shift) >> 1);
    let one = |sum: &i32| {
        let clamped = ((sum + rounding) >> shift).clamp(range.low, range.high);
        table.map_or(clamped, |table| table[(clamped - range.low) as usize])
    };
    sum.iter().map(one).collect()
}

fn gather(values: &[i32], columns: usize, positions: &[Option<u32>], fill: i32) -> Vec<i32> {
    let row = |position: &Option<u32>| match position {
        Some(position) => values[*position as usize * columns..][..columns].to_vec(),
        None => vec![fill; columns],
    };
    positions.iter().flat_map(row).collect()
}

fn maxima(taps: impl Iterator<Item = Vec<i32>>) -> Vec<Vec<i32>> {
    let largest = |largest: &mut Option<Vec<i32>>, tap: Vec<i32>| {
        let next = match largest.take() {
            None => tap,
            Some(before) => before.iter().zip(&tap).map(|(a, b)| *a.max(b)).collect(),
        };
        *largest = Some(next.clone());
        Some(next)
    };
    taps.scan(None, largest).skip(1).collect()
}
