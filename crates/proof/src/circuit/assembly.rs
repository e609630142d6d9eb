//! Goes through a network's layers, asks for tensors, and notes what is looked up.

use std::sync::Arc;

use p3_field::{Field, PrimeCharacteristicRing};

use super::build::{CHUNK, DigitPlaces, LayerPlaces, Places};
use super::columns::{Column, Source};
use super::description::Layer;
use super::digits::Digits;
use super::geometry::{Size, Window};
use super::layout::Layout;
use super::lookups::{Counted, Lookup, Lookups};
use super::network::Network;
use super::sums::Sum;
use super::tables::Table;
use super::{INPUT, Input, Mode, OUTPUT, Output};
use crate::field::{F, from_i64};
use crate::linear::Tensor;

/// What is assembled.
pub(super) struct Assembly<'a> {
    network: &'a Network,
    layout: &'a mut Layout,
    tables: Vec<Counted>,
    lookups: Vec<Lookup>,
}

/// The elements of a tensor.
fn whole(tensor: Tensor) -> Column {
    Column {
        constant: F::ZERO,
        parts: vec![(F::ONE, Source::Tensor(tensor))],
    }
}

impl<'a> Assembly<'a> {
    /// Before the first layer.
    pub(super) fn new(network: &'a Network, layout: &'a mut Layout) -> Self {
        Self {
            network,
            layout,
            tables: Vec::new(),
            lookups: Vec::new(),
        }
    }

    /// Goes through all layers.
    pub(super) fn places(&mut self, sums: &[Sum], mode: Mode) -> Places {
        let input = self.input(mode.input);
        let mut values = vec![input];
        let mut layers = Vec::new();
        let mut sum = 0;
        for (index, layer) in self.network.description().layers.clone().iter().enumerate() {
            let size = self.network.values()[index + 1].size;
            let (value, places) = match layer {
                Layer::Requantise {
                    shift,
                    signed,
                    table,
                    ..
                } => {
                    sum += 1;
                    let digits = Digits::new(*shift, *signed, sums[sum - 1].bounds.magnitude);
                    self.requantise(
                        sum - 1,
                        size,
                        digits,
                        Table::Clamp {
                            signed: *signed,
                            outputs: table.clone(),
                        },
                    )
                }
                Layer::Maximum { input, window } => {
                    self.maximum(*input, values[*input], window, size)
                }
            };
            values.push(value);
            layers.push(places);
        }
        let (class, output) = self.output(sum, mode.output);
        Places {
            weights: 0,
            auxiliary: 0,
            values,
            layers,
            class,
            output,
        }
    }

    fn tensor(&mut self, size: Size) -> Tensor {
        self.layout.add(size.positions(), 1, size.columns())
    }

    fn table(&mut self, table: Table) -> usize {
        if let Some(known) = self
            .tables
            .iter()
            .position(|counted| counted.table == table)
        {
            return known;
        }
        let multiplicities = self.layout.add(1, 1, table.height());
        self.tables.push(Counted {
            table,
            multiplicities,
        });
        self.tables.len() - 1
    }

    fn look_up(&mut self, table: Table, size: Size, entries: Vec<Column>) {
        let table = self.table(table);
        self.lookups.push(Lookup {
            rows: size.positions(),
            columns: size.columns(),
            table,
            entries,
        });
    }

    fn input(&mut self, input: Input) -> Tensor {
        let value = self.network.values()[0];
        if input == Input::Public {
            return self.tensor(value.size);
        }
        let (rows, columns) = (value.size.positions(), value.size.columns());
        let tensor = Tensor {
            commitment: INPUT,
            base: 0,
            rows,
            middle: 1,
            columns,
        };
        let [low, high] = [value.range.low.min(0), value.range.high.max(0)].map(i64::from);
        self.look_up(Table::Range { low, high }, value.size, vec![whole(tensor)]);
        tensor
    }

    fn requantise(
        &mut self,
        sum: usize,
        size: Size,
        digits: Digits,
        clamp: Table,
    ) -> (Tensor, LayerPlaces) {
        let low = (digits.shift > 0).then(|| self.tensor(size));
        let [high, sign, output] = std::array::from_fn(|_| self.tensor(size));
        if let Some(low) = low {
            self.look_up(
                Table::Range {
                    low: 0,
                    high: (1 << digits.shift) - 1,
                },
                size,
                vec![whole(low)],
            );
        }
        self.look_up(
            Table::Sign { tau: digits.tau },
            size,
            vec![whole(high), whole(sign)],
        );
        let middle = middle_digit(sum, digits, low, high);
        self.look_up(clamp, size, vec![whole(sign), middle, whole(output)]);
        (
            output,
            LayerPlaces::Digits(DigitPlaces {
                digits,
                low,
                high,
                sign,
            }),
        )
    }

    /// m_k = max(m_(k-1), tap k), shown by looking up (m_(k-1) - tap k, m_k - tap k).
    fn maximum(
        &mut self,
        input: usize,
        tensor: Tensor,
        window: &Window,
        size: Size,
    ) -> (Tensor, LayerPlaces) {
        let sources = Arc::new(self.network.sources(input, window));
        let fill = from_i64(i64::from(self.network.values()[input].range.low));
        let tap = |tap, factor| {
            (
                factor,
                Source::Tap {
                    tensor,
                    sources: sources.clone(),
                    tap,
                    fill,
                },
            )
        };
        let column = |parts| Column {
            constant: F::ZERO,
            parts,
        };
        let mut before = tap(0, F::ONE);
        let mut maxima = Vec::new();
        for index in 1..window.taps() {
            let largest = self.tensor(size);
            let after = (F::ONE, Source::Tensor(largest));
            let entries =
                [&before, &after].map(|one| column(vec![one.clone(), tap(index, F::NEG_ONE)]));
            self.look_up(Table::Rectifier, size, entries.to_vec());
            before = after;
            maxima.push(largest);
        }
        (maxima[maxima.len() - 1], LayerPlaces::Maxima(maxima))
    }

    fn output(&mut self, sum: usize, output: Output) -> (Option<[Tensor; 2]>, Option<Tensor>) {
        let size = self.network.output().size;
        match output {
            Output::Public => (None, None),
            Output::Committed => {
                let (rows, columns) = (size.positions(), size.columns());
                (
                    None,
                    Some(Tensor {
                        commitment: OUTPUT,
                        base: 0,
                        rows,
                        middle: 1,
                        columns,
                    }),
                )
            }
            Output::Class(class) => (Some(self.class(sum, size, class)), None),
        }
    }

    /// largest - other, less one for those before it, in three chunks.
    fn class(&mut self, sum: usize, size: Size, class: usize) -> [Tensor; 2] {
        let chunks: [Tensor; 2] = std::array::from_fn(|_| self.tensor(size));
        let before =
            (0..size.columns()).map(|channel| if channel < class { F::NEG_ONE } else { F::ZERO });
        let lowest = Column {
            constant: F::ZERO,
            parts: vec![
                (
                    F::ONE,
                    Source::Repeated {
                        sum,
                        channel: class,
                        count: size.channels,
                    },
                ),
                (F::NEG_ONE, Source::Sum(sum)),
                (F::ONE, Source::Public(before.collect())),
                (-F::from_u32(1 << CHUNK), Source::Tensor(chunks[0])),
                (-F::from_u32(1 << (2 * CHUNK)), Source::Tensor(chunks[1])),
            ],
        };
        for column in [lowest, whole(chunks[0]), whole(chunks[1])] {
            self.look_up(
                Table::Range {
                    low: 0,
                    high: (1 << CHUNK) - 1,
                },
                size,
                vec![column],
            );
        }
        chunks
    }

    /// All that is looked up.
    pub(super) fn finish(self) -> Lookups {
        Lookups::new(self.tables, self.lookups)
    }
}

/// (sum + offset - low - 2^(shift + 8) * high) / 2^shift
fn middle_digit(sum: usize, digits: Digits, low: Option<Tensor>, high: Tensor) -> Column {
    let scale = F::from_u32(1 << digits.shift).inverse();
    let mut parts = vec![
        (scale, Source::Sum(sum)),
        (-F::from_u32(256), Source::Tensor(high)),
    ];
    parts.extend(low.map(|low| (-scale, Source::Tensor(low))));
    Column {
        constant: scale * from_i64(digits.offset),
        parts,
    }
}
