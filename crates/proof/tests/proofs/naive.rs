//! The meaning of a description, written down once more: integers, position by position, nothing
//! shared with the crate but what a description is.

use hushwork_proof::circuit::description::{Description, Layer, Sum, Term};
use hushwork_proof::circuit::geometry::Window;

/// Integers by (row, column, channel).
#[derive(Clone, Debug)]
pub struct Grid {
    height: i64,
    width: i64,
    channels: i64,
    pub numbers: Vec<i64>,
}

impl Grid {
    fn at(&self, y: i64, x: i64, channel: i64) -> Option<i64> {
        let inside = (0..self.height).contains(&y) && (0..self.width).contains(&x);
        inside.then(|| self.numbers[((y * self.width + x) * self.channels + channel) as usize])
    }

    fn filled(sides: [i64; 3], mut number: impl FnMut(i64, i64, i64) -> i64) -> Self {
        let [height, width, channels] = sides;
        let mut numbers = Vec::new();
        for y in 0..height {
            for x in 0..width {
                numbers.extend((0..channels).map(|channel| number(y, x, channel)));
            }
        }
        Self {
            height,
            width,
            channels,
            numbers,
        }
    }

    /// Height and width of what a window makes of it.
    fn moved(&self, window: &Window) -> [i64; 2] {
        let [top, left, bottom, right] = window.padding.map(|side| side as i64);
        let [down, across] = window.stride.map(|side| side as i64);
        let [height, width] = window.kernel.map(|side| side as i64);
        [
            (self.height + top + bottom - height) / down + 1,
            (self.width + left + right - width) / across + 1,
        ]
    }

    /// What lies below a window's taps, row by row.
    fn below(&self, window: &Window, y: i64, x: i64, channel: i64) -> Vec<Option<i64>> {
        let mut taps = Vec::new();
        for down in 0..window.kernel[0] as i64 {
            for right in 0..window.kernel[1] as i64 {
                let row = y * window.stride[0] as i64 + down - window.padding[0] as i64;
                let column = x * window.stride[1] as i64 + right - window.padding[1] as i64;
                taps.push(self.at(row, column, channel));
            }
        }
        taps
    }
}

/// All values and then the output of a network; `weights` as they are written.
pub fn run(description: &Description, mut weights: &[u8], input: &[i32]) -> Vec<Grid> {
    let size = description.input;
    let mut values = vec![Grid {
        height: size.height as i64,
        width: size.width as i64,
        channels: size.channels as i64,
        numbers: input.iter().map(|number| i64::from(*number)).collect(),
    }];
    for layer in &description.layers {
        let value = match layer {
            Layer::Requantise {
                sum,
                shift,
                signed,
                table,
            } => {
                let mut value = add(sum, &mut weights, &values);
                for number in &mut value.numbers {
                    *number = requantise(*number, *shift, *signed, table.as_deref());
                }
                value
            }
            Layer::Maximum { input, window } => largest(&values[*input], window),
        };
        values.push(value);
    }
    let output = add(&description.output, &mut weights, &values);
    assert!(weights.is_empty());
    values.push(output);
    values
}

fn largest(value: &Grid, window: &Window) -> Grid {
    let [height, width] = value.moved(window);
    Grid::filled([height, width, value.channels], |y, x, channel| {
        let inside = value.below(window, y, x, channel).into_iter().flatten();
        inside.max().expect("no window is empty")
    })
}

/// The nearest multiple of 2^shift, halves up, clamped.
fn requantise(sum: i64, shift: u32, signed: bool, table: Option<&[i32]>) -> i64 {
    let rounded = (2 * sum + (1 << shift)).div_euclid(2 << shift);
    let lowest = if signed { -128 } else { 0 };
    let clamped = rounded.max(lowest).min(lowest + 255);
    table.map_or(clamped, |table| {
        i64::from(table[(clamped - lowest) as usize])
    })
}

fn add(sum: &Sum, weights: &mut &[u8], values: &[Grid]) -> Grid {
    let terms: Vec<Grid> = sum
        .terms
        .iter()
        .map(|term| of_term(term, weights, values))
        .collect();
    let first = &terms[0];
    let biases: Vec<i64> = (0..first.channels)
        .map(|_| if sum.bias { bias(weights) } else { 0 })
        .collect();
    let sides = [first.height, first.width, first.channels];
    Grid::filled(sides, |y, x, channel| {
        let parts = terms.iter().map(|term| term.at(y, x, channel).unwrap());
        parts.sum::<i64>() + biases[channel as usize]
    })
}

fn of_term(term: &Term, weights: &mut &[u8], values: &[Grid]) -> Grid {
    match term {
        Term::Fixed {
            input,
            window,
            factor,
        } => {
            let value = &values[*input];
            let [height, width] = value.moved(window);
            Grid::filled([height, width, value.channels], |y, x, channel| {
                let inside = value.below(window, y, x, channel).into_iter().flatten();
                i64::from(*factor) * inside.sum::<i64>()
            })
        }
        Term::Weighted {
            input,
            window,
            channels,
        } => {
            let value = &values[*input];
            let count = window.taps() * value.channels as usize * channels;
            let (kernel, rest) = weights.split_at(count);
            *weights = rest;
            let [height, width] = value.moved(window);
            Grid::filled([height, width, *channels as i64], |y, x, channel| {
                let mut sum = 0;
                for from in 0..value.channels {
                    for (tap, number) in value.below(window, y, x, from).into_iter().enumerate() {
                        let at = (tap * value.channels as usize + from as usize) * channels;
                        let weight = kernel[at + channel as usize] as i8;
                        sum += number.unwrap_or(0) * i64::from(weight);
                    }
                }
                sum
            })
        }
    }
}

fn bias(weights: &mut &[u8]) -> i64 {
    let (word, rest) = weights.split_first_chunk().expect("four bytes of a bias");
    *weights = rest;
    i64::from(i32::from_le_bytes(*word))
}
