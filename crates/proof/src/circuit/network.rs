//! A quantised network whose sizes, ranges and sums are checked.

use super::description::{Description, Layer, Sum, Term};
use super::digits::{SHIFT_LIMIT, check_shift};
use super::geometry::{Size, Sources, Window};
use super::limits::{ELEMENTS, Range, Room, VALUE_BOUND, check_size, invalid};
use crate::error::Result;

/// Tensors of the digits of a sum, with what they become.
const OF_DIGITS: usize = 4;
/// Tensors of an output's class, and the output.
const OF_OUTPUT: usize = 3;
/// Weights are in [-128, 127].
pub const WEIGHT_BOUND: i64 = 128;
/// Most layers.
pub const LAYERS: usize = 1024;
/// Largest factor of a fixed term.
pub const FACTOR_LIMIT: i32 = 1 << 14;

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
    room: Room,
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
            range: Range::new(description.range[0], description.range[1])?,
        };
        check_input(&input)?;
        let mut network = Self {
            description,
            values: vec![input],
            sums: Vec::new(),
            room: Room::default(),
        };
        network.room.tensors(1, input.size)?;
        for index in 0..network.description.layers.len() {
            let layer = network.description.layers[index].clone();
            let value = network.read(&layer)?;
            network.values.push(value);
        }
        let output = network.description.output.clone();
        let bounds = network.bounds(&output)?;
        network.room.tensors(OF_OUTPUT, bounds.size)?;
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
                self.room.tensors(OF_DIGITS, bounds.size)?;
                self.sums.push(bounds);
                Ok(Value {
                    size: bounds.size,
                    range: Range::of_table(*signed, table.as_deref())?,
                })
            }
            Layer::Maximum { input, window } => self.maximum(*input, window),
        }
    }

    fn maximum(&mut self, input: usize, window: &Window) -> Result<Value> {
        let value = self.value(input)?;
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
        if value.range.high - value.range.low > VALUE_BOUND {
            return Err(invalid(
                "values of a maximum",
                format!("no more than {VALUE_BOUND} apart"),
                format!("{:?}", value.range),
            ));
        }
        let size = Size {
            height,
            width,
            ..value.size
        };
        check_size(size)?;
        self.room.tensors(window.taps(), size)?;
        Ok(Value { size, ..value })
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

    /// Height and width of what a window makes of a value.
    fn fit(&mut self, window: &Window, input: Size) -> Result<[usize; 2]> {
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
        let output = window.output(input).ok_or_else(|| {
            let expected = format!("one that fits {input:?}");
            invalid("a window", expected, format!("{window:?}"))
        })?;
        self.room.window(output[0], output[1], window.taps())?;
        Ok(output)
    }

    fn bounds(&mut self, sum: &Sum) -> Result<Bounds> {
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

    fn term(&mut self, term: &Term) -> Result<(Size, i64)> {
        let (Term::Weighted { input, window, .. } | Term::Fixed { input, window, .. }) = term;
        let value = self.value(*input)?;
        let [height, width] = self.fit(window, value.size)?;
        let taps = window.taps() as i64;
        match term {
            Term::Weighted { channels, .. } => {
                if !(1..=ELEMENTS).contains(channels) {
                    let expected = format!("1 to {ELEMENTS}");
                    return Err(invalid("channels of a layer", expected, channels));
                }
                let kernel = [
                    window.taps(),
                    value.size.columns(),
                    channels.next_power_of_two(),
                ];
                self.room.take(&kernel)?;
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

fn check_input(input: &Value) -> Result<()> {
    check_size(input.size)?;
    if !(input.range.low..=input.range.high).contains(&0) {
        return Err(invalid(
            "an input's range",
            "one with 0, which channels that are not there hold",
            format!("{:?}", input.range),
        ));
    }
    Ok(())
}
