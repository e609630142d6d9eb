"""Weight vectors of diagonals, filled so that they repeat after as few slots as can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

Entries = tuple[Index, Index, Array]
"""Which diagonal, which output slot, which weight."""

_CHUNK = 1 << 23
_FEW = 64
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
    which, slot, value = entries
    order = np.argsort(which, kind="stable")
    which, slot, value = which[order], slot[order], value[order]
    bounds = np.searchsorted(which, np.arange(len(places) + 1))
    weights: list[Array] = []
    too_long = np.broadcast_to(0.0, filled.shape[1])
    for output in range(len(wanted)):
        of_output = np.flatnonzero(places.output == output)
        slots = np.flatnonzero(wanted[output])
        step = max(1, _CHUNK // filled.shape[1])
        for first in range(0, len(of_output), step):
            some = of_output[first : first + step]
            inside = slice(bounds[some[0]], bounds[some[-1] + 1])
            part = (which[inside] - some[0], slot[inside], value[inside])
            blank = _blank(places, some, part, slots, filled)
            found = _shortest(len(some), part, slots, blank, periods)
            weights += [found.get(index, too_long) for index in range(len(some))]
    return weights


def _blank(places: Places, some: Index, entries: Entries, slots: Index, filled: Mask) -> Mask:
    """(diagonals, slots): where the weight must be zero."""
    ring = filled.shape[1]
    doubled = np.concatenate([filled, filled], axis=1)
    blank: Mask = doubled[places.input[some, None], slots + places.offset[some, None]]
    where = np.full(ring, -1, dtype=np.int64)
    where[slots] = np.arange(len(slots))
    diagonal, slot, _ = entries
    looked_at = where[slot] >= 0
    blank[diagonal[looked_at], where[slot[looked_at]]] = False
    return blank


def _shortest(
    count: int, entries: Entries, slots: Index, blank: Mask, periods: list[int]
) -> dict[int, Array]:
    which, slot, value = entries
    result: dict[int, Array] = {}
    open_ = np.ones(count, dtype=bool)
    few = np.random.default_rng(0).permutation(len(slots))[:_FEW]
    everything = np.arange(len(slots))
    for period in periods:
        if _tabulated(count, period, which[::_THIN], slot[::_THIN], value[::_THIN])[1][open_].all():
            continue
        tables, clash = _tabulated(count, period, which, slot, value)
        good = np.flatnonzero(open_ & ~clash)
        for checked in (few, everything):
            through = tables[good[:, None], slots[checked] % period] != 0
            good = good[~(through & blank[good[:, None], checked]).any(axis=1)]
        result |= dict(zip(good.tolist(), tables[good], strict=True))
        open_[good] = False
        if not open_.any():
            break
        kept = open_[which]
        which, slot, value = which[kept], slot[kept], value[kept]
    return result


def _tabulated(
    count: int, period: int, which: Index, slot: Index, value: Array
) -> tuple[Array, Mask]:
    """The weight vectors of one period, and which of them cannot hold all of their entries."""
    tables = np.zeros((count, period))
    place = which * period + slot % period
    flat = tables.reshape(-1)
    flat[place] = value
    return tables, np.bincount(which, flat[place] != value, count) > 0


def reached(places: Places, weights: list[Array], filled: Mask, outputs: int) -> Mask:
    """The output slots in which anything but zero may arrive, (outputs, ring)."""
    ring = filled.shape[1]
    doubled = np.concatenate([filled, filled], axis=1)
    met = np.zeros((outputs, ring), dtype=bool)
    columns = (places.output.tolist(), places.input.tolist(), places.offset.tolist())
    for output, source, offset, vector in zip(*columns, weights, strict=True):
        read = doubled[source, offset : offset + ring].reshape(-1, len(vector))
        met[output].reshape(read.shape)[...] |= read & (vector != 0)
    return met
