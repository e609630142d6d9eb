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
from hushwork.encrypted.fill import Places, fill, reached
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


def build(
    inputs: list[tuple[Layout, Matrix]],
    output: Layout,
    masked: bool,
    rows: Index | None = None,
) -> Diagonals:
    """Diagonals from the inputs to one output layout; `masked` leaves no garbage.

    With `rows` it is an estimate, for which the matrices need to hold these rows only.
    """
    ring = output.slots
    if output.modulus:
        ring = max(output.modulus, *(layout.period for layout, _ in inputs))
    filled = np.concatenate([layout.states for layout, _ in inputs])[:, :ring] != ZERO
    keys, slot, value = _entries(inputs, output, ring)
    keys, which = np.unique(keys, return_inverse=True)
    places = Places.from_keys(keys, len(filled), ring)
    if output.modulus:
        doublings = (ring // output.modulus).bit_length() - 1
        sums = tuple(output.modulus << k for k in range(doublings))
        if rows is not None:
            weights = [np.broadcast_to(0.0, ring)] * len(places)
            return Diagonals(places, weights, output, sums, ring)
        wanted = np.ones((output.ciphertexts, ring), dtype=bool)
    else:
        wanted, sums = _wanted(output, masked, rows), ()
    entries = (which, slot, value)
    least = min(max(output.cell, _LEAST), ring)
    periods = [least << k for k in range((ring // least).bit_length())]
    if rows is not None:
        periods = [least, *(period for period in (TRANSFORMED,) if least < period <= ring)]
    weights = fill(places, entries, wanted, filled, periods)
    places, weights = _every_output(places, weights, output.ciphertexts)
    if masked or output.modulus:
        return Diagonals(places, weights, output, sums, ring)
    met = reached(places, weights, filled, output.ciphertexts)
    states = np.where(output.states == VALUE, VALUE, np.where(met, GARBAGE, ZERO))
    return Diagonals(places, weights, output.with_states(states.astype(np.int8)), (), ring)


def _wanted(output: Layout, masked: bool, rows: Index | None) -> NDArray[np.bool_]:
    """The slots that must come out right; with `rows`, a few of them."""
    if rows is None:
        return np.ones_like(output.states, dtype=bool) if masked else output.states == VALUE
    random = np.random.default_rng(0)
    wanted = np.zeros_like(output.states, dtype=bool)
    held = output.addresses[rows].reshape(-1)
    wanted.reshape(-1)[random.permutation(held)[:_LOOK]] = True
    if masked:
        free = np.flatnonzero(output.states != VALUE)
        wanted.reshape(-1)[random.permutation(free)[:_LOOK]] = True
    return wanted


def _every_output(
    places: Places, weights: list[Array], ciphertexts: int
) -> tuple[Places, list[Array]]:
    """An output that nothing reaches still needs a term: zero times an input."""
    missing = np.setdiff1d(np.arange(ciphertexts), places.output)
    zero = np.zeros(len(missing), dtype=np.int64)
    more = Places(missing, zero, zero)
    return places.joined(more), [*weights, *(np.zeros(1) for _ in missing)]


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
