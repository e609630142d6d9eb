//! Sizes of values and windows over them. Positions are numbered row by row.

use serde::{Deserialize, Serialize};

/// Height, width and channels of a value; a vector is 1 by 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Rows of positions.
    pub height: usize,
    /// Columns of positions.
    pub width: usize,
    /// Elements of a position.
    pub channels: usize,
}

impl Size {
    /// height * width
    pub fn positions(&self) -> usize {
        self.height * self.width
    }

    /// Slots of a position: channels that are not there fill a power of two.
    pub fn columns(&self) -> usize {
        self.channels.next_power_of_two()
    }

    /// Elements.
    pub fn len(&self) -> usize {
        self.positions() * self.channels
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Slots.
    pub fn slots(&self) -> usize {
        self.positions() * self.columns()
    }
}

/// A kernel that moves over a value; what is outside of it does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Height and width.
    pub kernel: [usize; 2],
    /// Down and right.
    pub stride: [usize; 2],
    /// Top, left, bottom, right.
    pub padding: [usize; 4],
}

impl Window {
    /// Elements of the kernel.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Heights and widths of what it makes of a value; none where it does not fit.
    pub fn output(&self, input: Size) -> Option<[usize; 2]> {
        let [top, left, bottom, right] = self.padding;
        let along = |size: usize, kernel: usize, stride: usize| {
            Some(size.checked_sub(kernel)? / stride + 1)
        };
        let height = along(input.height + top + bottom, self.kernel[0], self.stride[0])?;
        Some([
            height,
            along(input.width + left + right, self.kernel[1], self.stride[1])?,
        ])
    }

    /// The input position below each tap, for each output position; none outside.
    pub fn sources(&self, input: Size) -> Sources {
        let [height, width] = self.output(input).unwrap_or_default();
        let mut positions = Vec::with_capacity(height * width * self.taps());
        for (y, x) in pairs(height, width) {
            for (down, right) in pairs(self.kernel[0], self.kernel[1]) {
                let row = (y * self.stride[0] + down).checked_sub(self.padding[0]);
                let column = (x * self.stride[1] + right).checked_sub(self.padding[1]);
                let inside = |at: &usize, size: usize| *at < size;
                let row = row.filter(|row| inside(row, input.height));
                let column = column.filter(|column| inside(column, input.width));
                positions.push(
                    row.zip(column)
                        .map(|(row, column)| (row * input.width + column) as u32),
                );
            }
        }
        Sources {
            positions,
            taps: self.taps(),
        }
    }
}

fn pairs(height: usize, width: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..height).flat_map(move |y| (0..width).map(move |x| (y, x)))
}

/// Which input positions each output position reads.
#[derive(Clone, Debug)]
pub struct Sources {
    positions: Vec<Option<u32>>,
    taps: usize,
}

impl Sources {
    /// Taps of a position.
    pub fn taps(&self) -> usize {
        self.taps
    }

    /// Of each output position, in order.
    pub fn windows(&self) -> impl Iterator<Item = &[Option<u32>]> {
        self.positions.chunks_exact(self.taps)
    }

    /// Of one output position.
    pub fn window(&self, position: usize) -> &[Option<u32>] {
        &self.positions[position * self.taps..][..self.taps]
    }

    /// (output position, tap, input position) of all taps that are inside.
    pub fn inside(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let placed = self.windows().enumerate();
        placed.flat_map(|(output, window)| {
            let taps = window.iter().enumerate();
            taps.filter_map(move |(tap, source)| {
                source.map(|source| (output, tap, source as usize))
            })
        })
    }

    /// The input position below one tap, for each output position.
    pub fn tap(&self, tap: usize) -> impl Iterator<Item = Option<u32>> {
        self.windows().map(move |window| window[tap])
    }
}
