//! Columns of values that are looked up: affine in what is committed and in the sums.

use std::sync::Arc;

use p3_field::PrimeCharacteristicRing;

use super::geometry::Sources;
use crate::field::{F, K, inner_base};
use crate::linear::{Linear, Tensor};

/// A constant plus multiples of sources, over (position, channel).
#[derive(Clone, Debug)]
pub struct Column {
    /// Added everywhere.
    pub constant: F,
    /// Factors and what they multiply.
    pub parts: Vec<(F, Source)>,
}

/// Values over (position, channel).
#[derive(Clone, Debug)]
pub enum Source {
    /// A tensor, as it is committed.
    Tensor(Tensor),
    /// A tensor's positions under one tap of a window, and what stands for those outside.
    Tap {
        /// Of the positions.
        tensor: Tensor,
        /// All taps.
        sources: Arc<Sources>,
        /// Which one.
        tap: usize,
        /// Outside.
        fill: F,
    },
    /// A sum, by its index among the network's.
    Sum(usize),
    /// One channel of a sum at every channel below a count, and zeros after them.
    Repeated {
        /// Index of the sum.
        sum: usize,
        /// Which channel.
        channel: usize,
        /// How many channels it stands in.
        count: usize,
    },
    /// Public numbers, one a channel.
    Public(Vec<F>),
}

/// A sum's coefficients: rows[position] * columns[channel].
#[derive(Clone, Debug)]
pub struct SumClaim {
    /// Index of the sum.
    pub sum: usize,
    /// Of positions.
    pub rows: Vec<K>,
    /// Of channels.
    pub columns: Vec<K>,
}

/// A statement about what is committed and about sums.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    /// About what is committed.
    pub linear: Linear,
    /// About sums, all to be added.
    pub sums: Vec<SumClaim>,
}

impl Claims {
    /// Adds the sum over (position, channel) of rows * columns * column.
    pub fn add(&mut self, column: &Column, rows: &[K], columns: &[K]) {
        let total = || rows.iter().copied().sum::<K>() * columns.iter().copied().sum::<K>();
        if column.constant != F::ZERO {
            self.linear.constant += total() * column.constant;
        }
        for (factor, source) in &column.parts {
            let scaled = || rows.iter().map(|row| *row * *factor).collect::<Vec<K>>();
            match source {
                Source::Tensor(tensor) => {
                    let slots = self.linear.rows(*tensor, columns).iter_mut();
                    slots
                        .zip(rows)
                        .for_each(|(slot, row)| *slot += *row * *factor);
                }
                Source::Tap {
                    tensor,
                    sources,
                    tap,
                    fill,
                } => {
                    let slots = self.linear.rows(*tensor, columns);
                    let outside = scatter(sources, *tap, &scaled(), slots);
                    self.linear.constant += outside * *fill * columns.iter().copied().sum::<K>();
                }
                Source::Sum(sum) => self.sums.push(SumClaim {
                    sum: *sum,
                    rows: scaled(),
                    columns: columns.to_vec(),
                }),
                Source::Repeated {
                    sum,
                    channel,
                    count,
                } => {
                    let mut only = vec![K::ZERO; columns.len()];
                    only[*channel] = columns[..*count].iter().copied().sum();
                    self.sums.push(SumClaim {
                        sum: *sum,
                        rows: scaled(),
                        columns: only,
                    });
                }
                Source::Public(numbers) => {
                    self.linear.constant +=
                        inner_base(columns, numbers) * scaled().into_iter().sum::<K>();
                }
            }
        }
    }
}

/// Adds coefficients to those of the input positions under a tap, and gives the sum of those outside.
fn scatter(sources: &Sources, tap: usize, rows: &[K], slots: &mut [K]) -> K {
    let mut outside = K::ZERO;
    for (row, source) in rows.iter().zip(sources.tap(tap)) {
        match source {
            Some(position) => slots[position as usize] += *row,
            None => outside += *row,
        }
    }
    outside
}
