"""Weight vectors of diagonals, filled so that they repeat after as few slots as can be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hushwork.encrypted.parts import on_all_cores

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

Short = NDArray[np.int32]
Counts = NDArray[np.unsignedinteger[Any]]
Entries = tuple[Short, Short, Array]
"""Which diagonal, which output slot, which weight."""

_CHUNK = 1 << 20
"""Slots that are looked at together, of some diagonals."""
_TABLE = 1 << 21
"""Weights that are tabulated together."""
_THIN = 32
"""One entry of so many tells of most clashes."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where diagonals run: output ciphertext, input ciphertext, offset of the input in slots."""

    output: Index
    input: Index
    offset: Index

    @classmethod
    def from_keys(cls, keys: Index, inputs: int, ring: int) -> Places:
        """Undo (output * inputs + input) * ring + offset."""
        pair, offset = np.divmod(keys, ring)
        return cls(*np.divmod(pair, inputs), offset)

    def __len__(self) -> int:
        return len(self.offset)

    def only(self, some: Index) -> Places:
        """Some of them."""
        return Places(self.output[some], self.input[some], self.offset[some])

    def read_at(self, shifts: Index, ring: int) -> Places:
        """The same where input i has moved by shifts[i] slots."""
        return Places(self.output, self.input, (self.offset + shifts[self.input]) % ring)

    def joined(self, other: Places) -> Places:
        """Both, one after the other."""
        return Places(
            np.concatenate([self.output, other.output]),
            np.concatenate([self.input, other.input]),
            np.concatenate([self.offset, other.offset]),
        )


def fill(
    places: Places,
    entries: Entries,
    wanted: Mask,
    filled: Mask,
    periods: list[int],
) -> list[Array]:
    """The weight vector of each diagonal, of the first of the `periods` that will do.

    `wanted` (outputs, ring) marks the output slots that must come out right, those of all entries
    among them, `filled` (inputs, ring) the input slots that are not zero. Where no period will do,
    zeros stand in.
    """
    weights: list[Array] = [np.broadcast_to(0.0, filled.shape[1])] * len(places)
    open_ = np.arange(len(places))
    for period in periods:
        good = np.zeros(len(open_), dtype=np.bool_)
        parts = list(_parts(entries, len(open_), period))
        tried = [(places.only(open_[some]), part, wanted, filled, period) for some, part in parts]
        found = on_all_cores(lambda some: _held(*some), tried)
        for (some, _), vectors in zip(parts, found, strict=True):
            for index, vector in vectors.items():
                good[some.start + index] = True
                weights[open_[some.start + index]] = vector
        if good.all():
            break
        which, slot, value = entries
        left = ~good[which]
        number = np.cumsum(~good, dtype=np.int32) - 1
        entries = number[which[left]], slot[left], value[left]
        open_ = open_[~good]
    return weights


def _held(
    places: Places, entries: Entries, wanted: Mask, filled: Mask, period: int
) -> dict[int, Array]:
    """The weight vectors of those diagonals for which the period will do."""
    if not _holds(_thinned(entries), len(places), period).any():
        return {}
    tables, right = _tables(entries, _met(places, wanted, filled, period))
    return {index: tables[index].copy() for index in np.flatnonzero(right).tolist()}


def _parts(entries: Entries, count: int, period: int) -> Iterator[tuple[slice, Entries]]:
    """Some diagonals at a time, counted from the first of them, as many as fit one table."""
    most = max(1, _TABLE // period)
    if count <= most:
        yield slice(0, count), entries
        return
    which, slot, value = entries
    # Numbers of 16 bits are sorted by counting.
    order = np.argsort(which.astype(np.min_scalar_type(count)), kind="stable")
    which, slot, value = which[order], slot[order], value[order]
    starts = range(0, count, most)
    bounds = np.searchsorted(which, [*starts, count])
    for start, (first, end) in zip(starts, pairwise(bounds), strict=True):
        part = (which[first:end] - start, slot[first:end], value[first:end])
        yield slice(start, min(start + most, count)), part


def _met(places: Places, wanted: Mask, filled: Mask, period: int) -> Counts:
    """(diagonals, period): how many wanted slots, a period apart, meet something."""
    windows, step = _windows(filled), max(1, _CHUNK // filled.shape[1])
    counts = np.empty((len(places), period), np.min_scalar_type(filled.shape[1] // period))
    for start in range(0, len(places), step):
        few = slice(start, start + step)
        met = windows[places.input[few], places.offset[few]] & wanted[places.output[few]]
        count = met.astype(counts.dtype)
        while (half := count.shape[1] // 2) >= period:
            count = count[:, :half] + count[:, half:]
        counts[start : start + step] = count
    return counts


def _tables(entries: Entries, met: Counts) -> tuple[Array, Mask]:
    """Weight vectors of one period, and which are right: they hold all of their entries, and are
    zero where they would meet anything else."""
    which, slot, value = entries
    count, period = met.shape
    place = which * period + slot % period
    tables = np.zeros(met.shape)
    flat = tables.reshape(-1)
    flat[place] = value
    through = np.where(tables != 0, met, 0).sum(axis=1, dtype=np.int64)
    right = through == np.bincount(which, value != 0, count)
    right[which[flat[place] != value]] = False
    return tables, right


def _holds(entries: Entries, count: int, period: int) -> Mask:
    """Which weight vectors of one period can hold all of their entries."""
    which, slot, value = entries
    place = which * period + slot % period
    held = np.empty(count * period)
    held[place] = value
    holds = np.ones(count, dtype=np.bool_)
    holds[which[held[place] != value]] = False
    return holds


def _thinned(entries: Entries) -> Entries:
    which, slot, value = entries
    return which[::_THIN], slot[::_THIN], value[::_THIN]


def _windows(filled: Mask) -> Mask:
    """(inputs, offsets, ring): which slots are not zero, as an output sees them."""
    doubled = np.concatenate([filled, filled[:, :-1]], axis=1)
    return sliding_window_view(doubled, filled.shape[1], axis=1)


def _chunks(output: Index, ring: int) -> Iterator[slice]:
    """Some diagonals of one output at a time, so that all their slots stay in cache."""
    most = max(1, _CHUNK // ring)
    ends = [*(np.flatnonzero(np.diff(output)) + 1), len(output)]
    for first, end in pairwise([0, *ends]):
        for start in range(first, end, most):
            yield slice(start, min(start + most, end))


def reached(places: Places, weights: list[Array], filled: Mask, outputs: int) -> Mask:
    """The output slots in which anything but zero may arrive, (outputs, ring)."""
    read, ring = _windows(filled), filled.shape[1]
    met = np.zeros((outputs, ring), dtype=np.bool_)
    for some in _chunks(places.output, ring):
        through = read[places.input[some], places.offset[some]]
        for row, vector in zip(through, weights[some], strict=True):
            folded = row.reshape(-1, len(vector))
            folded &= vector != 0
        met[places.output[some.start]] |= through.any(axis=0)
    return met
