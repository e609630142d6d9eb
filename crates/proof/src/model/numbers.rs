//! Inputs and outputs as slots.

use super::{Numbers, Outcome};
use crate::circuit::geometry::Size;
use crate::error::{Result, refuse};
use crate::field::{F, from_i64};

/// Small integers as slots.
pub fn slots(values: &[i32]) -> Vec<F> {
    values
        .iter()
        .map(|value| from_i64(i64::from(*value)))
        .collect()
}

/// Numbers as slots: channels that are not there are zeros.
pub(super) fn spread(numbers: &[i32], size: Size) -> Vec<i32> {
    let row = |row: &[i32]| {
        row.iter()
            .copied()
            .chain(std::iter::repeat_n(0, size.columns() - size.channels))
            .collect::<Vec<i32>>()
    };
    numbers.chunks_exact(size.channels).flat_map(row).collect()
}

/// Slots as numbers.
pub(super) fn gathered(slots: &[i32], size: Size) -> Vec<i32> {
    slots
        .chunks_exact(size.columns())
        .flat_map(|row| row[..size.channels].to_vec())
        .collect()
}

pub(super) fn check(
    what: &'static str,
    numbers: &[i32],
    size: Size,
    low: i64,
    high: i64,
) -> Result<()> {
    if numbers.len() != size.len() {
        return Err(refuse(
            what,
            format!("{} numbers", size.len()),
            numbers.len(),
        ));
    }
    let outside = numbers
        .iter()
        .find(|number| !(low..=high).contains(&i64::from(**number)));
    outside.map_or(Ok(()), |number| {
        Err(refuse(
            what,
            format!("numbers from {low} to {high}"),
            number,
        ))
    })
}

/// Which kind, and public numbers.
pub(super) fn bytes_of(numbers: &Numbers) -> Vec<u8> {
    match numbers {
        Numbers::Public(numbers) => [0]
            .into_iter()
            .chain(numbers.iter().flat_map(|number| number.to_le_bytes()))
            .collect(),
        Numbers::Committed(_) => vec![1],
    }
}

pub(super) fn bytes_of_outcome(outcome: &Outcome) -> Vec<u8> {
    match outcome {
        Outcome::Numbers(numbers) => bytes_of(numbers),
        Outcome::Class(class) => [2]
            .into_iter()
            .chain((*class as u64).to_le_bytes())
            .collect(),
    }
}
