"""Linear layers as sparse matrices over the elements of a value, counted channel-major."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.parts import in_parts
from hushwork.networks import AveragePool, Convolution, Linear

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Matrix:
    """Non-zero entries; each place at most once."""

    rows: int
    columns: int
    row: Index
    column: Index
    value: Array

    @classmethod
    def diagonal(cls, factors: Array) -> Matrix:
        """Scale each element."""
        index = np.flatnonzero(factors)
        return cls(len(factors), len(factors), index, index, factors[index])

    @cached_property
    def is_diagonal(self) -> bool:
        """Whether it only scales elements."""
        few = self.rows == self.columns and len(self.row) <= self.rows
        return few and bool(np.array_equal(self.row, self.column))

    def apply(self, x: Array) -> Array:
        """Matrix times vector."""
        sums = np.bincount(self.row, self.value * x[self.column], self.rows)
        return sums.astype(np.float64)

    def scaled(self, factors: Array) -> Matrix:
        """Scale each row."""
        return replace(self, value=_times(self.value, factors, self.row))

    def products(self, other: Matrix) -> int:
        """Scalar products that self @ other takes."""
        return int(np.bincount(other.row, minlength=other.rows)[self.column].sum())

    def __add__(self, other: Matrix) -> Matrix:
        return _collect(
            self.rows,
            self.columns,
            np.concatenate([self.row, other.row]),
            np.concatenate([self.column, other.column]),
            np.concatenate([self.value, other.value]),
        )

    def __matmul__(self, other: Matrix) -> Matrix:
        if self.is_diagonal:
            return other._multiplied(self._factors(), other.row)
        if other.is_diagonal:
            return self._multiplied(other._factors(), self.column)
        order = np.argsort(other.row, kind="stable")
        counts = np.bincount(other.row, minlength=other.rows)
        starts = np.cumsum(counts) - counts
        repeats = counts[self.column]
        ends = np.cumsum(repeats)
        shift = np.repeat(starts[self.column] - (ends - repeats), repeats)
        entry = order[shift + np.arange(len(shift))]
        value = np.repeat(self.value, repeats) * other.value[entry]
        row, column = np.repeat(self.row, repeats), other.column[entry]
        if np.bincount(other.column).max(initial=0) <= 1:  # no two entries share a place
            return Matrix(self.rows, other.columns, row, column, value)
        return _collect(self.rows, other.columns, row, column, value)

    def _factors(self) -> Array:
        """Of a diagonal matrix, by element."""
        factors = np.zeros(self.rows)
        factors[self.row] = self.value
        return factors

    def _multiplied(self, factors: Array, index: Index) -> Matrix:
        """Each entry times the factor of its row or column, without those that vanish."""
        made = replace(self, value=_times(self.value, factors, index))
        if factors.all():
            return made
        kept = factors[index] != 0
        row, column, value = made.row[kept], made.column[kept], made.value[kept]
        return replace(made, row=row, column=column, value=value)


def _times(value: Array, factors: Array, index: Index) -> Array:
    """Each value times its factor."""
    made = np.empty_like(value)

    def work(part: slice) -> None:
        np.multiply(value[part], factors[index[part]], out=made[part])

    in_parts(work, len(value))
    return made


def _collect(rows: int, columns: int, row: Index, column: Index, value: Array) -> Matrix:
    """Sum entries that share a place."""
    place = row * columns + column
    order = np.argsort(place, kind="stable")
    place = place[order]
    first = np.flatnonzero(np.diff(place, prepend=-1))
    total = np.add.reduceat(value[order], first) if len(first) else value[:0]
    row, column = np.divmod(place[first], columns)
    return Matrix(rows, columns, row, column, total)


def linear(layer: Linear) -> Matrix:
    """The weights of a fully connected layer."""
    row, column = np.nonzero(layer.weight)
    rows, columns = layer.weight.shape
    return Matrix(rows, columns, row, column, layer.weight[row, column])


@dataclass(frozen=True, eq=False)
class Windows:
    """Which input position each kernel tap of each output position reads."""

    output: Index
    """Output position, counted row by row."""
    input: Index
    tap: Index


def windows(
    shape: Shape,
    output: Shape,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    top_left: tuple[int, int],
) -> Windows:
    """All taps that fall on the image; `shape` and `output` are (channels, height, width)."""
    y, x, i, j = np.meshgrid(*map(np.arange, (*output[1:], *kernel)), indexing="ij")
    read_y, read_x = y * stride[0] - top_left[0] + i, x * stride[1] - top_left[1] + j
    inside = (read_y >= 0) & (read_y < shape[1]) & (read_x >= 0) & (read_x < shape[2])
    place, read, tap = y * output[2] + x, read_y * shape[2] + read_x, i * kernel[1] + j
    return Windows(place[inside], read[inside], tap[inside])


def convolution(layer: Convolution, shape: Shape, output: Shape) -> Matrix:
    """A convolution, padding and groups included."""
    out_channels, group_in, height, width = layer.weight.shape
    spots = windows(shape, output, (height, width), layer.stride, layer.padding[:2])
    area_in, area_out = shape[1] * shape[2], output[1] * output[2]
    taps = layer.weight.reshape(out_channels, group_in, height * width)
    here = [np.flatnonzero(spots.tap == tap) for tap in range(height * width)]
    count = np.count_nonzero(taps, axis=(0, 1)) @ list(map(len, here))
    row, column = np.empty(count, np.int64), np.empty(count, np.int64)
    value, end = np.empty(count), 0
    for tap, spot in enumerate(here):
        channel_out, channel_in = np.nonzero(taps[:, :, tap])
        group = channel_out // (out_channels // layer.groups)
        source = group * group_in + channel_in
        ends = len(channel_out), len(spot)
        start, end = end, end + len(channel_out) * len(spot)
        rows, columns = channel_out[:, None] * area_out, source[:, None] * area_in
        np.add(rows, spots.output[spot], out=row[start:end].reshape(ends))
        np.add(columns, spots.input[spot], out=column[start:end].reshape(ends))
        value[start:end].reshape(ends)[:] = taps[channel_out, channel_in, tap][:, None]
    return Matrix(out_channels * area_out, shape[0] * area_in, row, column, value)


def average_pool(layer: AveragePool, shape: Shape, output: Shape) -> Matrix:
    """Means over windows, channel by channel."""
    spots = windows(shape, output, layer.kernel, layer.stride, layer.padding[:2])
    area_in, area_out = shape[1] * shape[2], output[1] * output[2]
    count = np.bincount(spots.output, minlength=area_out)
    divisor = np.full(area_out, float(np.prod(layer.kernel))) if layer.count_padding else count
    channels = np.arange(shape[0])[:, None]
    value = np.broadcast_to(1.0 / divisor[spots.output], (shape[0], len(spots.output)))
    return Matrix(
        shape[0] * area_out,
        shape[0] * area_in,
        (channels * area_out + spots.output).reshape(-1),
        (channels * area_in + spots.input).reshape(-1),
        value.reshape(-1),
    )
