"""A linear map between two layouts as diagonals: rotations times weight vectors.

out[s] = sum over diagonals of weights[s] * in[s + offset]. An entry of a weight vector is fixed
where a wanted output slot would meet something; every other entry is free, and is filled so that
the vector repeats after as few slots as can be. What free entries let through is garbage.

A dense output takes one diagonal for each residue of its modulus m: slot s adds up what lies
fewer than m slots further on, and cyclic sums over m, 2m, 4m ... finish the job.

An element of a grid may have partial slots D, 2D ... further on, each of which adds up some of its
inputs. More inputs are then within reach of one offset, and sums over D, 2D ... finish the job.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.cost import TRANSFORMED
from hushwork.encrypted.entries import entries
from hushwork.encrypted.fill import Entries, Places, fill, reached
from hushwork.encrypted.layout import GARBAGE, VALUE, ZERO, Layout
from hushwork.encrypted.matrix import Matrix

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

_LEAST = 32
"""Shorter weight vectors than this save nothing."""
SAMPLED = 256
"""Diagonals of a stage by which it is judged, about."""


@dataclass(frozen=True, eq=False)
class Diagonals:
    """One linear step before its rotations are split."""

    places: Places
    weights: list[Array]
    """As the output sees them; any length dividing N."""
    layout: Layout
    """Of the output, after the sums."""
    sums: tuple[int, ...]
    """Rotations by which the outputs are then summed."""
    ring: int
    """Slots after which everything repeats before the sums."""

    def bias(self, bias: Array) -> list[Array | None]:
        """A slot vector for each output ciphertext; before sums, each element stands once."""
        layout = self.layout
        if not bias.any():
            return [None] * layout.ciphertexts
        vectors = np.zeros((layout.ciphertexts, layout.slots))
        vectors.reshape(-1)[layout.addresses] = bias[:, None]
        if layout.modulus:
            vectors[:, layout.modulus :] = 0
        return list(vectors[:, : self.ring].copy())


@dataclass(frozen=True, eq=False)
class Placed:
    """The entries of a linear map by diagonals, before the free ones are filled."""

    output: Layout
    partial: tuple[int, ...]
    """Rotations that sum the partial slots of a grid."""
    places: Places
    entries: Entries
    filled: NDArray[np.bool_]
    """(inputs, ring): the input slots that are not zero"""

    @property
    def ring(self) -> int:
        """Slots after which everything repeats."""
        return int(self.filled.shape[1])

    @cached_property
    def held(self) -> Mask:
        """(outputs, N): the slots that elements take before the sums."""
        held: Mask = self.output.states == VALUE
        for step in self.partial:
            held = held | np.roll(held, step, axis=1)
        return held

    def summed(self, met: Mask) -> Layout:
        """The output where these slots, and those of the elements, are not zero before the sums."""
        met = met | self.held
        for step in self.partial:
            met = met | np.roll(met, -step, axis=1)
        states = np.where(self.output.states == VALUE, VALUE, np.where(met, GARBAGE, ZERO))
        return self.output.with_states(states.astype(np.int8))

    @property
    def cleanest(self) -> Layout:
        """The output with no more garbage than its sums make."""
        return self.summed(self.held)

    def diagonals(self, weights: list[Array], output: Layout) -> Diagonals:
        """With these weights; an output that nothing reaches gets zero times an input."""
        missing = np.setdiff1d(np.arange(output.ciphertexts), self.places.output)
        zero = np.zeros(len(missing), dtype=np.int64)
        places = self.places.joined(Places(missing, zero, zero))
        doublings = (self.ring // output.modulus).bit_length() - 1 if output.modulus else 0
        sums = self.partial or tuple(output.modulus << k for k in range(doublings))
        return Diagonals(
            places, [*weights, *map(np.zeros, [1] * len(missing))], output, sums, self.ring
        )

    def least(self) -> Diagonals:
        """With weights as short as can be."""
        return self.diagonals([np.zeros(1)] * len(self.places), self.output)


def place(
    inputs: list[tuple[Layout, Matrix]], output: Layout, partial: tuple[int, ...] = ()
) -> Placed:
    """Find the diagonals from the inputs to one output layout, or to its partial slots."""
    ring = output.slots
    if output.modulus:
        ring = max(output.modulus, *(layout.period for layout, _ in inputs))
    filled = np.concatenate([layout.states for layout, _ in inputs])[:, :ring] != ZERO
    kinds, which, slot, value = entries(inputs, output, _shifts(partial), ring)
    keys, place = np.unique(kinds, return_inverse=True)
    places = Places.from_keys(keys, len(filled), ring)
    return Placed(output, partial, places, (place.astype(np.int32)[which], slot, value), filled)


def place_alike(inputs: list[tuple[Layout, Matrix]]) -> Placed:
    """The diagonals of diagonal matrices from one layout to itself."""
    output = inputs[0][0]
    ring = output.modulus or output.slots
    count = output.ciphertexts
    columns = []
    for index, (_, matrix) in enumerate(inputs):
        row, copy = np.nonzero(output.addresses[matrix.row] >= 0)
        ciphertext, slot = np.divmod(output.addresses[matrix.row[row], copy], output.slots)
        inside = slot < ring
        which = ciphertext + index * count
        columns.append((which[inside], slot[inside], matrix.value[row][inside]))
    which, slot, value = (np.concatenate(column) for column in zip(*columns, strict=True))
    every = np.arange(len(inputs) * count)
    places = Places(every % count, every, np.zeros_like(every))
    filled = np.concatenate([layout.states for layout, _ in inputs])[:, :ring] != ZERO
    found = which.astype(np.int32), slot.astype(np.int32), value
    return Placed(output, (), places, found, filled)


def build(placed: Placed, masked: bool) -> Diagonals:
    """Fill the weight vectors; `masked` leaves no garbage but that of sums."""
    output, ring = placed.output, placed.ring
    everything = masked or output.modulus > 0
    wanted = np.ones_like(placed.held) if everything else placed.held
    periods = [_least(placed) << k for k in range((ring // _least(placed)).bit_length())]
    weights = fill(placed.places, placed.entries, wanted[:, :ring], placed.filled, periods)
    return placed.diagonals(weights, _made(placed, placed.places, weights, masked))


def estimate(placed: Placed, masked: bool, rows: Index) -> Diagonals:
    """About what `build` gives, from some diagonals; the matrices need to hold these rows only."""
    output, ring = placed.output, placed.ring
    if output.modulus:
        return placed.diagonals([np.broadcast_to(0.0, ring)] * len(placed.places), output)
    least = _least(placed)
    periods = [least, *(period for period in (TRANSFORMED,) if least < period <= ring)]
    every = ceil(len(placed.places) / SAMPLED)
    places, few = _thinned(placed, every)
    weights = fill(places, few, _wanted(placed, masked, rows), placed.filled, periods)
    all_of_them = [weights[index // every] for index in range(len(placed.places))]
    return placed.diagonals(all_of_them, _made(placed, places, weights, masked))


def _thinned(placed: Placed, every: int) -> tuple[Places, Entries]:
    """One diagonal of so many, and its entries."""
    if every == 1:
        return placed.places, placed.entries
    which, slot, value = placed.entries
    kept = which % every == 0
    some = np.arange(0, len(placed.places), every)
    return placed.places.only(some), (which[kept] // every, slot[kept], value[kept])


def _least(placed: Placed) -> int:
    """The shortest period tried."""
    # Positions may be three cells of a power of two apart, say: weights repeat with the latter.
    cell = placed.output.cell
    return min(max(cell & -cell, _LEAST), placed.ring)


def _made(placed: Placed, places: Places, weights: list[Array], masked: bool) -> Layout:
    """The output with what these diagonals leave in it."""
    output = placed.output
    if output.modulus:
        return output
    met = placed.held
    if not masked:
        met = reached(places, weights, placed.filled, output.ciphertexts)
    return placed.summed(met)


def _wanted(placed: Placed, masked: bool, rows: Index) -> Mask:
    """The slots of these rows, and what is to be zero."""
    wanted = ~placed.held if masked else np.zeros_like(placed.held)
    held = np.add.outer(placed.output.addresses[rows].reshape(-1), _shifts(placed.partial))
    wanted.reshape(-1)[held] = True
    return wanted


def _shifts(partial: tuple[int, ...]) -> Index:
    """From the slot of an element to its partial slots."""
    shifts = np.zeros(1, dtype=np.int64)
    for step in partial:
        shifts = np.concatenate([shifts, shifts + step])
    return shifts
