"""Weight vectors of diagonals, filled so that they repeat after as few slots as can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

_CHUNK = 1 << 22
_FEW = 64


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
    places: Places, which: Index, slot: Index, value: Array, wanted: Mask, filled: Mask
) -> list[Array]:
    """The shortest weight vector of each diagonal.

    Entry i puts `value[i]` at `slot[i]` of diagonal `which[i]`. `wanted` (outputs, ring) marks
    the output slots that must come out right, `filled` (inputs, ring) the input slots that are
    not zero.
    """
    ring = wanted.shape[1]
    order = np.argsort(which, kind="stable")
    which, slot, value = which[order], slot[order], value[order]
    bounds = np.searchsorted(which, np.arange(len(places) + 1))
    weights: list[Array] = []
    step = max(1, _CHUNK // ring)
    for output in range(len(wanted)):
        of_output = np.flatnonzero(places.output == output)
        slots = np.flatnonzero(wanted[output])
        for first in range(0, len(of_output), step):
            some = of_output[first : first + step]
            inside = slice(bounds[some[0]], bounds[some[-1] + 1])
            entries = (which[inside] - some[0], slot[inside], value[inside])
            weights += _chunk(places, some, entries, slots, filled)
    return weights


def _chunk(
    places: Places,
    some: Index,
    entries: tuple[Index, Index, Array],
    slots: Index,
    filled: Mask,
) -> list[Array]:
    ring = filled.shape[1]
    which, slot, value = entries
    exact = np.zeros((len(some), ring))
    exact[which, slot] = value
    result: dict[int, Array] = {}
    open_ = np.arange(len(some))
    few = np.random.default_rng(0).permutation(slots)[:_FEW]
    for period in (1 << k for k in range(ring.bit_length())):
        tables = np.zeros((len(some), period))
        tables[which, slot % period] = value
        clash = np.bincount(which, tables[which, slot % period] != value, len(some)) > 0
        good = open_[~clash[open_]]
        for checked in (few, slots):
            met = filled[
                places.input[some[good], None], (checked + places.offset[some[good], None]) % ring
            ]
            wrong = tables[good[:, None], checked % period] != exact[good[:, None], checked]
            good = good[~(wrong & met).any(axis=1)]
        result |= {int(index): tables[index].copy() for index in good}
        open_ = np.setdiff1d(open_, good, assume_unique=True)
        if not len(open_):
            break
    return [result[index] for index in range(len(some))]


def reached(places: Places, weights: list[Array], filled: Mask, outputs: int) -> Mask:
    """The output slots in which anything but zero may arrive, (outputs, ring)."""
    ring = filled.shape[1]
    met = np.zeros((outputs, ring), dtype=bool)
    for output, source, offset, vector in zip(
        places.output, places.input, places.offset, weights, strict=True
    ):
        met[output] |= np.tile(vector != 0, ring // len(vector)) & np.roll(filled[source], -offset)
    return met
