"""Weight vectors of diagonals, filled so that they repeat after as few slots as can be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

Entries = tuple[Index, Index, Array]
"""Which diagonal, which output slot, which weight."""

_CHUNK = 1 << 20
"""Slots that are looked at together, of some diagonals."""
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

    The diagonals lie in order of output. `wanted` (outputs, ring) marks the output slots that
    must come out right, `filled` (inputs, ring) the input slots that are not zero. Where no
    period will do, zeros stand in.
    """
    which, slot, value = _in_order(entries, len(places))
    bounds = np.searchsorted(which, np.arange(len(places) + 1))
    read, ring = _windows(filled), filled.shape[1]
    too_long = np.broadcast_to(0.0, ring)
    weights: list[Array] = []
    for some in _chunks(places.output, ring):
        inside = slice(bounds[some.start], bounds[some.stop])
        part = (which[inside] - some.start, slot[inside], value[inside])
        blank = read[places.input[some], places.offset[some]] & wanted[places.output[some.start]]
        blank[part[0], part[1]] = False
        found = _shortest(blank, part, periods)
        weights += [found.get(index, too_long) for index in range(len(blank))]
    return weights


def _in_order(entries: Entries, count: int) -> Entries:
    """By diagonals; numbers of 16 bits are sorted by counting."""
    which, slot, value = entries
    order = np.argsort(which.astype(np.min_scalar_type(count)), kind="stable")
    return which[order], slot[order], value[order]


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


def _shortest(blank: Mask, entries: Entries, periods: list[int]) -> dict[int, Array]:
    """Weight vectors by diagonal; `blank` (diagonals, ring) marks where a weight must be zero."""
    which, slot, value = entries
    result: dict[int, Array] = {}
    open_ = np.arange(len(blank))
    folded = _folded(blank)
    for period in periods:
        if _clash(len(open_), period, which[::_THIN], slot[::_THIN], value[::_THIN]).all():
            continue
        clash = _clash(len(open_), period, which, slot, value)
        place = which * period + slot % period
        clash[which[folded[period][open_].reshape(-1)[place]]] = True
        good = ~clash
        number = np.cumsum(good) - 1
        ready = good[which]
        tables = np.zeros((int(good.sum()), period))
        tables[number[which[ready]], slot[ready] % period] = value[ready]
        result |= dict(zip(open_[good].tolist(), tables, strict=True))
        if good.all():
            break
        number = np.cumsum(clash) - 1
        which, slot, value = number[which[~ready]], slot[~ready], value[~ready]
        open_ = open_[clash]
    return result


def _folded(blank: Mask) -> dict[int, Mask]:
    """For each period, where a weight vector of it must be zero."""
    folded = {blank.shape[1]: blank}
    for period in (1 << k for k in reversed(range(blank.shape[1].bit_length() - 1))):
        last = folded[2 * period]
        folded[period] = last[:, :period] | last[:, period:]
    return folded


def _clash(count: int, period: int, which: Index, slot: Index, value: Array) -> Mask:
    """Which weight vectors of one period cannot hold all of their entries."""
    place = which * period + slot % period
    held = np.empty(count * period)
    held[place] = value
    clash = np.zeros(count, dtype=np.bool_)
    clash[which[held[place] != value]] = True
    return clash


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
