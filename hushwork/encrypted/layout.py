"""Where the elements of a value lie: which slots of which ciphertexts, and what the others hold.

A slot's address is ciphertext * N + slot. A grid layout puts the coarse position (R, C) high and
the S sub-slots of a position low; a sub-slot is (phase of the position, channel). A stride that
divides the coarse one then only renames phases to channels, and a kernel tap is the same rotation
at every position, with weights of period S. A dense layout repeats a vector of m slots.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]
States = NDArray[np.int8]
Shape = tuple[int, ...]

ZERO, VALUE, GARBAGE = 0, 1, 2
SHORTEST = 8
"""Least length of a repeated vector. An overflow reaches all of its slots, and of fewer, all might
look like outputs."""


def power_of_two(n: int) -> int:
    """The least power of two that is at least n."""
    return 1 << max(0, n - 1).bit_length()


@dataclass(frozen=True, eq=False)
class Layout:
    """A value in slots."""

    addresses: Index
    """(elements, copies); -1 where an element has fewer copies"""
    states: States
    """(ciphertexts, N): what each slot holds"""
    period: int
    """Slots after which everything repeats."""
    modulus: int
    """Dense layouts: element e lies at the slots e mod `modulus` (0: a grid)."""
    cell: int
    """Slots of one position of a grid."""
    key: str
    """Names the layout, for people."""

    @cached_property
    def signature(self) -> tuple[str, bytes]:
        """Equal for layouts that serve alike."""
        return self.key, hashlib.sha256(self.states.tobytes()).digest()

    @property
    def ciphertexts(self) -> int:
        """How many ciphertexts it takes."""
        return len(self.states)

    @property
    def slots(self) -> int:
        """N."""
        return int(self.states.shape[1])

    @property
    def short(self) -> str:
        """For people: ciphertexts, form, and the slots of a cell or of a repeated vector."""
        form = "patches" if self.key.startswith("patches") else "grid"
        named = f"dense {self.modulus}" if self.modulus else f"{form} {self.cell}"
        return f"{self.ciphertexts} x {named}" if self.ciphertexts > 1 else named

    def with_states(self, states: States) -> Layout:
        """The same places beside other contents."""
        return replace(self, states=states)


def build(addresses: Index, slots: int, cell: int, key: str) -> Layout:
    """A layout whose other slots are zero."""
    return Layout(addresses, _states(addresses, slots), slots, 0, cell, key)


def _states(addresses: Index, slots: int) -> States:
    states = np.zeros((int(addresses.max()) // slots + 1, slots), dtype=np.int8)
    states.reshape(-1)[addresses[addresses >= 0]] = VALUE
    return states


def dense(elements: int, slots: int) -> Layout:
    """Element e at every slot that is e modulo the next power of two from SHORTEST."""
    modulus = min(power_of_two(max(elements, SHORTEST)), slots)
    copies = max(1, slots // modulus) if elements <= slots else 1
    places = np.arange(elements)[:, None] + modulus * np.arange(copies)
    return Layout(places, _states(places, slots), modulus, modulus, 1, f"dense {modulus}")


@dataclass(frozen=True)
class Geometry:
    """The coarse grid that the images of a plan share."""

    slots: int
    stride: tuple[int, int]
    """Input pixels from one coarse position to the next."""
    columns: int
    """Coarse positions in a row, gaps included: a power of two."""
    sub_slots: int
    """Slots of a coarse position: a power of two."""

    @property
    def row(self) -> int:
        """Slots from one coarse row to the next."""
        return self.columns * self.sub_slots


def phases(coarse: int, stride: int) -> tuple[int, int]:
    """(positions of a value in one coarse step, coarse steps from one position to the next)."""
    if coarse % stride == 0:
        return coarse // stride, 1
    return (1, stride // coarse) if stride % coarse == 0 else (1, 1)


@dataclass(frozen=True)
class Grid:
    """How one image lies on the coarse grid."""

    geometry: Geometry
    stride: tuple[int, int]
    """Input pixels from one position of this image to the next."""
    channels: int
    """Sub-slots of one phase: a power of two."""

    @property
    def phases(self) -> tuple[int, int]:
        """Fine positions within a coarse one, down and across."""
        down, across = zip(self.geometry.stride, self.stride, strict=True)
        return phases(*down)[0], phases(*across)[0]

    @property
    def steps(self) -> tuple[int, int]:
        """Coarse positions from one of these to the next, down and across."""
        down, across = zip(self.geometry.stride, self.stride, strict=True)
        return phases(*down)[1], phases(*across)[1]

    @property
    def cell(self) -> int:
        """Slots of one position: those of the coarse columns that are left out join it."""
        return self.geometry.sub_slots * self.steps[1]

    @property
    def used(self) -> int:
        """Sub-slots of a position that can hold something, a power of two."""
        return power_of_two(self.phases[0] * self.phases[1]) * self.channels

    def addresses(self, y: Index, x: Index, channel: Index, slots: int) -> Index:
        """Address of every element; arguments broadcast."""
        geometry = self.geometry
        place, sub = np.zeros_like(channel), channel
        for axis, position, step in ((0, y, geometry.row), (1, x, geometry.sub_slots)):
            count, factor = phases(geometry.stride[axis], self.stride[axis])
            coarse, phase = np.divmod(position, count)
            place = place + coarse * factor * step
            weight = self.channels * (self.phases[1] if axis == 0 else 1)
            sub = sub + phase * weight
        # What a cell cannot hold goes to the coarse rows that are left out, then elsewhere.
        ciphertext, sub = np.divmod(sub, self.cell * self.steps[0])
        down, sub = np.divmod(sub, self.cell)
        layer, slot = np.divmod(place + down * geometry.row + sub, slots)
        layers = int(layer.max()) + 1
        result: Index = (ciphertext * layers + layer) * slots + slot
        return result

    def copies(self) -> Index:
        """Shifts of the copies that fill a position."""
        return np.arange(0, self.cell, self.used)


def grid(shape: Shape, form: Grid, tiled: bool) -> Layout:
    """An image on the grid; `tiled` repeats it over the free sub-slots of each position."""
    slots = form.geometry.slots
    channel, y, x = np.meshgrid(*map(np.arange, shape), indexing="ij")
    addresses = form.addresses(y, x, channel, slots).reshape(-1, 1)
    if tiled:
        addresses = addresses + form.copies()
    return build(addresses, slots, form.cell, f"{form} {shape} {tiled}")
