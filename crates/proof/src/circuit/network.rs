//! A quantised network whose sizes, ranges and sums are checked.

use super::description::{Description, Layer, Sum, Term};
use super::digits::{SHIFT_LIMIT, check_shift};
use super::geometry::{Size, Sources, Window};
use crate::error::{Detail, Error, Result};

/// Weights are in [-128, 127].
pub const WEIGHT_BOUND: i64 = 128;
/// Most layers.
pub const LAYERS: usize = 1024;
/// Most elements of a value, of a kernel and of all together.
pub const ELEMENTS: usize = 1 << 26;
/// Largest factor of a fixed term.
pub const FACTOR_LIMIT: i32 = 1 << 14;
/// Largest magnitude of a value.
pub const VALUE_BOUND: i32 = 255;

/// Smallest and largest element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Smallest.
    pub low: i32,
    /// Largest.
    pub high: i32,
}

impl Range {
    /// Largest magnitude.
    pub fn magnitude(&self) -> i64 {
        i64::from(self.low.abs().max(self.high.abs()))
    }
}

/// What a layer reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// Its size.
    pub size: Size,
    /// What its elements lie in.
    pub range: Range,
}

/// A sum's size, and how large it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Of the sum.
    pub size: Size,
    /// Biases lie in [-2^this, 2^this).
    pub log_bias: u32,
    /// Largest magnitude, whatever the weights.
    pub magnitude: i64,
}

/// A description that holds together.
#[derive(Clone, Debug)]
pub struct Network {
    description: Description,
    values: Vec<Value>,
    sums: Vec<Bounds>,
}

pub(super) fn invalid(
    message: &'static str,
    expected: impl std::fmt::Display,
    got: impl std::fmt::Display,
) -> Error {
    Error::InvalidNetwork(Detail::new(message, expected, got))
}

impl Network {
    /// Checks a description.
    ///
    /// # Errors
    /// InvalidNetwork
    pub fn new(description: Description) -> Result<Self> {
        if description.layers.len() > LAYERS {
            return Err(invalid(
                "layers",
                format!("at most {LAYERS}"),
                description.layers.len(),
            ));
        }
        let input = Value {
            size: description.input,
            range: range(description.range[0], description.range[1])?,
        };
        check_size(input.size)?;
        let mut network = Self {
            description,
            values: vec![input],
            sums: Vec::new(),
        };
        for index in 0..network.description.layers.len() {
            let layer = network.description.layers[index].clone();
            let value = network.read(&layer)?;
            network.values.push(value);
        }
        let output = network.description.output.clone();
        let bounds = network.bounds(&output)?;
        network.sums.push(bounds);
        Ok(network)
    }

    /// As it is written.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The input, and every layer's output.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// All sums: those that are requantised in the layers' order, then the output.
    pub fn sums(&self) -> impl Iterator<Item = (&Sum, &Bounds)> {
        let sums = self.description.layers.iter().filter_map(Layer::sum);
        sums.chain([&self.description.output]).zip(&self.sums)
    }

    /// The sizes of the network's output.
    pub fn output(&self) -> Bounds {
        self.sums[self.sums.len() - 1]
    }

    /// What a window over a value reads.
    pub fn sources(&self, input: usize, window: &Window) -> Sources {
        window.sources(self.values[input].size)
    }

    fn read(&mut self, layer: &Layer) -> Result<Value> {
        match layer {
            Layer::Requantise {
                sum,
                shift,
                signed,
                table,
            } => {
                let bounds = self.bounds(sum)?;
                check_shift(*shift, *signed, bounds.magnitude)?;
                self.sums.push(bounds);
                Ok(Value {
                    size: bounds.size,
                    range: output_range(*signed, table.as_deref())?,
                })
            }
            Layer::Maximum { input, window } => {
                let value = self.value(*input)?;
                let [height, width] = self.fit(window, value.size)?;
                let empty = window
                    .sources(value.size)
                    .windows()
                    .any(|taps| taps.iter().all(Option::is_none));
                if empty || window.taps() < 2 {
                    return Err(invalid(
                        "windows of a maximum",
                        "some of the input in each",
                        "padding alone",
                    ));
                }
                Ok(Value {
                    size: Size {
                        height,
                        width,
                        ..value.size
                    },
                    range: value.range,
                })
            }
        }
    }

    fn value(&self, index: usize) -> Result<Value> {
        let value = self.values.get(index).copied();
        value.ok_or_else(|| {
            invalid(
                "a layer's input",
                format!("a value before it, below {}", self.values.len()),
                index,
            )
        })
    }

    fn fit(&self, window: &Window, input: Size) -> Result<[usize; 2]> {
        let sides = window.kernel.iter().chain(&window.stride);
        if sides.clone().any(|side| !(1..=ELEMENTS).contains(side))
            || window
                .padding
                .iter()
                .any(|side| *side >= window.kernel[0].max(window.kernel[1]))
        {
            return Err(invalid(
                "a window",
                "sides of 1 or more, less padding than kernel",
                format!("{window:?}"),
            ));
        }
        let output = window.output(input);
        let output = output.filter(|[height, width]| height * width * window.taps() <= ELEMENTS);
        output.ok_or_else(|| {
            invalid(
                "a window",
                format!("one that fits {input:?}"),
                format!("{window:?}"),
            )
        })
    }

    fn bounds(&self, sum: &Sum) -> Result<Bounds> {
        let terms: Vec<(Size, i64)> = sum
            .terms
            .iter()
            .map(|term| self.term(term))
            .collect::<Result<_>>()?;
        let Some((size, _)) = terms.first().copied() else {
            return Err(invalid("terms of a sum", "at least one", 0));
        };
        if let Some((other, _)) = terms.iter().find(|(other, _)| *other != size) {
            return Err(invalid(
                "terms of a sum",
                format!("{size:?}"),
                format!("{other:?}"),
            ));
        }
        check_size(size)?;
        let magnitude: i64 = terms.iter().map(|(_, magnitude)| magnitude).sum();
        let log_bias = (magnitude as u64).next_power_of_two().ilog2();
        let magnitude = magnitude + if sum.bias { 1 << log_bias } else { 0 };
        if magnitude + (1 << SHIFT_LIMIT) >= 1 << 29 {
            return Err(invalid(
                "a sum's largest magnitude",
                "below 2^29 - 2^15",
                magnitude,
            ));
        }
        Ok(Bounds {
            size,
            log_bias,
            magnitude,
        })
    }

    fn term(&self, term: &Term) -> Result<(Size, i64)> {
        let (Term::Weighted { input, window, .. } | Term::Fixed { input, window, .. }) = term;
        let value = self.value(*input)?;
        let [height, width] = self.fit(window, value.size)?;
        let taps = window.taps() as i64;
        match term {
            Term::Weighted { channels, .. } => {
                let elements = window
                    .taps()
                    .saturating_mul(value.size.columns())
                    .saturating_mul(channels.saturating_mul(2));
                if *channels == 0 || elements > ELEMENTS {
                    return Err(invalid(
                        "channels of a layer",
                        "1 or more, with a kernel that is not too large",
                        channels,
                    ));
                }
                let magnitude =
                    WEIGHT_BOUND * value.range.magnitude() * taps * value.size.channels as i64;
                Ok((
                    Size {
                        height,
                        width,
                        channels: *channels,
                    },
                    magnitude,
                ))
            }
            Term::Fixed { factor, .. } => {
                if *factor == 0 || factor.unsigned_abs() >= FACTOR_LIMIT as u32 {
                    return Err(invalid("a factor", "not 0, below 2^14", factor));
                }
                let magnitude = i64::from(factor.abs()) * value.range.magnitude() * taps;
                Ok((
                    Size {
                        height,
                        width,
                        ..value.size
                    },
                    magnitude,
                ))
            }
        }
    }
}

fn check_size(size: Size) -> Result<()> {
    let sides = [size.height, size.width, size.channels];
    let slots = sides
        .iter()
        .try_fold(2usize, |product, side| product.checked_mul(*side));
    if slots.is_none_or(|slots| slots == 0 || slots > ELEMENTS) {
        return Err(invalid(
            "a value's size",
            format!("1 to {ELEMENTS} elements"),
            format!("{size:?}"),
        ));
    }
    Ok(())
}

fn range(low: i32, high: i32) -> Result<Range> {
    if low > high || low < -VALUE_BOUND || high > VALUE_BOUND {
        return Err(invalid(
            "a range",
            "from low to high, within 255",
            format!("{low} to {high}"),
        ));
    }
    Ok(Range { low, high })
}

/// Clamped values.
pub fn clamped(signed: bool) -> Range {
    if signed {
        Range {
            low: -128,
            high: 127,
        }
    } else {
        Range { low: 0, high: 255 }
    }
}

fn output_range(signed: bool, table: Option<&[i32]>) -> Result<Range> {
    let Some(table) = table else {
        return Ok(clamped(signed));
    };
    if table.len() != 256 {
        return Err(invalid("a table", "256 values", table.len()));
    }
    let (low, high) = table
        .iter()
        .fold((i32::MAX, i32::MIN), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
    range(low, high)
}
