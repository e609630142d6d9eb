"""A linear map between two layouts as diagonals: rotations times weight vectors.

out[s] = sum over diagonals of weights[s] * in[s + offset]. An entry of a weight vector is fixed
where a wanted output slot would meet something; every other entry is free, and is filled so that
the vector repeats after as few slots as can be. What free entries let through is garbage.

A dense output takes one diagonal for each residue of its modulus m: slot s adds up what lies
fewer than m slots further on, and cyclic sums over m, 2m, 4m ... finish the job.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.cost import TRANSFORMED
from hushwork.encrypted.cover import choose
from hushwork.encrypted.fill import Entries, Places, fill, reached
from hushwork.encrypted.layout import GARBAGE, VALUE, ZERO, Layout
from hushwork.encrypted.matrix import Matrix

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_LEAST = 32
"""Shorter weight vectors than this save nothing."""
_LOOK = 256
"""Slots looked at for an estimate."""


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
        if self.sums:
            vectors[:, layout.modulus :] = 0
        return list(vectors[:, : self.ring].copy())


@dataclass(frozen=True, eq=False)
class Placed:
    """The entries of a linear map by diagonals, before the free ones are filled."""

    output: Layout
    places: Places
    entries: Entries
    filled: NDArray[np.bool_]
    """(inputs, ring): the input slots that are not zero"""

    @property
    def ring(self) -> int:
        """Slots after which everything repeats."""
        return int(self.filled.shape[1])

    def diagonals(self, weights: list[Array], output: Layout) -> Diagonals:
        """With these weights; an output that nothing reaches gets zero times an input."""
        missing = np.setdiff1d(np.arange(output.ciphertexts), self.places.output)
        zero = np.zeros(len(missing), dtype=np.int64)
        places = self.places.joined(Places(missing, zero, zero))
        doublings = (self.ring // output.modulus).bit_length() - 1 if output.modulus else 0
        sums = tuple(output.modulus << k for k in range(doublings))
        return Diagonals(
            places, [*weights, *map(np.zeros, [1] * len(missing))], output, sums, self.ring
        )

    def estimate(self) -> Diagonals:
        """With weights as short as can be."""
        return self.diagonals([np.zeros(1)] * len(self.places), self.output)


def place(inputs: list[tuple[Layout, Matrix]], output: Layout) -> Placed:
    """Find the diagonals from the inputs to one output layout."""
    ring = output.slots
    if output.modulus:
        ring = max(output.modulus, *(layout.period for layout, _ in inputs))
    filled = np.concatenate([layout.states for layout, _ in inputs])[:, :ring] != ZERO
    keys, slot, value = _entries(inputs, output, ring)
    keys, which = np.unique(keys, return_inverse=True)
    places = Places.from_keys(keys, len(filled), ring)
    return Placed(output, places, (which, slot, value), filled)


def build(placed: Placed, masked: bool, rows: Index | None = None) -> Diagonals:
    """Fill the weight vectors; `masked` leaves no garbage.

    With `rows` it is an estimate, for which the matrices need to hold these rows only.
    """
    output, ring = placed.output, placed.ring
    if output.modulus and rows is not None:
        return placed.diagonals([np.broadcast_to(0.0, ring)] * len(placed.places), output)
    least = min(max(output.cell, _LEAST), ring)
    periods = [least << k for k in range((ring // least).bit_length())]
    if rows is not None:
        periods = [least, *(period for period in (TRANSFORMED,) if least < period <= ring)]
    wanted = _wanted(output, masked, rows)[:, :ring]
    weights = fill(placed.places, placed.entries, wanted, placed.filled, periods)
    if not (masked or output.modulus):
        met = reached(placed.places, weights, placed.filled, output.ciphertexts)
        states = np.where(output.states == VALUE, VALUE, np.where(met, GARBAGE, ZERO))
        output = output.with_states(states.astype(np.int8))
    return placed.diagonals(weights, output)


def _wanted(output: Layout, masked: bool, rows: Index | None) -> NDArray[np.bool_]:
    """The slots that must come out right; with `rows`, a few of them."""
    if rows is None:
        everything = masked or output.modulus > 0
        return np.ones_like(output.states, dtype=bool) if everything else output.states == VALUE
    random = np.random.default_rng(0)
    wanted = np.zeros_like(output.states, dtype=bool)
    held = output.addresses[rows].reshape(-1)
    wanted.reshape(-1)[random.permutation(held)[:_LOOK]] = True
    if masked:
        free = np.flatnonzero(output.states != VALUE)
        wanted.reshape(-1)[random.permutation(free)[:_LOOK]] = True
    return wanted


def _entries(
    inputs: list[tuple[Layout, Matrix]], output: Layout, ring: int
) -> tuple[Index, Index, Array]:
    """Diagonal (as a key), output slot and weight of every entry."""
    sources = sum(layout.ciphertexts for layout, _ in inputs)
    parts, first = [], 0
    for layout, matrix in inputs:
        copies = 1 if output.modulus else output.addresses.shape[1]
        target = output.addresses[:, :copies][matrix.row].reshape(-1)
        found = np.repeat(_copies(layout, output, ring)[matrix.column], copies, axis=0)
        out, slot = (part[:, None] for part in np.divmod(target, output.slots))
        source, place = np.divmod(found, output.slots)
        span = min(output.modulus, layout.period) if output.modulus else ring
        offset = (place - slot) % span
        keys = ((out * sources + first + source) * ring) + offset
        keys = np.where(found < 0, -1, keys)
        pick = choose(keys, ring, output.cell)
        rows = np.arange(len(pick))
        at = (place[rows, pick] - offset[rows, pick]) % ring
        if output.modulus and span < output.modulus:
            at = slot[:, 0]
        parts.append((keys[rows, pick], at, np.repeat(matrix.value, copies)))
        first += layout.ciphertexts
    keys, slots, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    return keys, slots, values


def _copies(layout: Layout, output: Layout, ring: int) -> Index:
    """The copies of each input element worth looking at."""
    if not output.modulus:
        return layout.addresses
    if layout.period < output.modulus:
        return layout.addresses[:, :1]
    per_ring = max(1, layout.addresses.shape[1] * ring // layout.slots)
    inside = np.argsort(layout.addresses % layout.slots >= ring, axis=1, kind="stable")
    return np.take_along_axis(layout.addresses, inside[:, :per_ring], 1)
