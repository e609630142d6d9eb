"""Layouts worth trying for each value of a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.layout import (
    VALUE,
    ZERO,
    Geometry,
    Grid,
    Layout,
    build,
    dense,
    grid,
    phases,
    power_of_two,
)
from hushwork.encrypted.matrix import Matrix
from hushwork.encrypted.stages import Affine, Atom, Stages

Index = NDArray[np.int64]

GEOMETRIES = 4
DENSE = 1024
"""Most elements of an image that is tried as a plain vector."""
CIPHERTEXTS = 64
"""Most ciphertexts of one value."""
PARTIALS = (1, 2)
"""How many rotations may sum the partial slots of an image: each doubles their number."""


def geometries(atoms: list[Atom], slots: int) -> list[Geometry]:
    """Coarse grids for all images of a network; one that is never used if there are none.

    The slots of a grid are those of one copy, in a ring that holds one or more.
    """
    images = [atom for atom in atoms if len(atom.shape) == 3]
    strides = _strides(images)
    found: list[Geometry] = []
    for stride in strides:
        rows, columns = (max(_extent(atom, stride, axis) for atom in images) for axis in (0, 1))
        for margin in (0, 1):
            wide = power_of_two(columns + margin)
            free = max(1, slots // (wide * power_of_two(rows)))
            most = max(
                Grid(Geometry(slots, stride, wide, 1), a.stride, _channels(a)).used for a in images
            )
            for sub_slots in (min(free, most), min(free, 2 * most)):
                # What does not fill the ring repeats in it.
                ring = min(slots, wide * power_of_two(rows) * sub_slots)
                geometry = Geometry(ring, stride, wide, sub_slots)
                found += [geometry] if geometry not in found else []
    return found or [Geometry(slots, (1, 1), 1, 1)]


def _strides(images: list[Atom]) -> list[tuple[int, int]]:
    """Those of the images, after one between the two finest, which is wider down than across: it
    often wins, and what costs more need not be looked at to the end."""
    found = sorted({atom.stride for atom in images}, reverse=True)[:GEOMETRIES]
    between = [(down, across) for (down, _), (_, across) in pairwise(found)]
    return between[-1:] + found


def _channels(atom: Atom) -> int:
    return power_of_two(atom.shape[0])


def _extent(atom: Atom, stride: tuple[int, int], axis: int) -> int:
    count, factor = phases(stride[axis], atom.stride[axis])
    return (atom.shape[1 + axis] - 1) // count * factor + 1


def candidates(atom: Atom, geometry: Geometry) -> list[Layout]:
    """Layouts of one value."""
    found = [layout for layout in _grids(atom, geometry) if layout.ciphertexts <= CIPHERTEXTS]
    elements = int(np.prod(atom.shape))
    if elements <= (CIPHERTEXTS * geometry.slots if not found else DENSE):
        found.append(dense(elements, geometry.slots))
    return found


def partials(atom: Atom, geometry: Geometry, layout: Layout) -> list[tuple[int, ...]]:
    """Rotations that could sum partial slots of a layout, which take free sub-slots."""
    form = _form(atom, geometry)
    used = form.used if layout.cell > 1 else form.cell
    free = len(layout.addresses[0]) == 1
    counts = [count for count in PARTIALS if free and used << count <= form.cell]
    return [(), *(tuple(used << k for k in range(count)) for count in counts)]


def _form(atom: Atom, geometry: Geometry) -> Grid:
    return Grid(geometry, atom.stride, _channels(atom))


def _grids(atom: Atom, geometry: Geometry) -> Iterator[Layout]:
    if len(atom.shape) != 3:
        return
    form = _form(atom, geometry)
    for tiled in (False, True):
        if tiled and form.used >= form.cell:
            continue
        layout = grid(atom.shape, form, tiled)
        if len(np.unique(layout.addresses)) == layout.addresses.size:
            yield layout


@dataclass(frozen=True, eq=False)
class Patches:
    """The windows that the first layer of a network reads, in any layout."""

    taps: int
    """Inputs of one window."""
    gather: Index
    """Input element of each patch element; -1: padding."""
    matrix: Matrix
    """The first layer, from patch elements."""
    target: Atom

    @classmethod
    def of(cls, stages: Stages) -> Patches | None:
        """None where the first layer is not alone on an image."""
        first = stages.stages[0]
        readers = [s for s in stages.stages if isinstance(s, Affine) and 0 in dict(s.terms)]
        if not isinstance(first, Affine) or readers != [first] or _multiplied(stages):
            return None
        source, target = stages.atoms[0], stages.atoms[first.output]
        if len(first.terms) > 1 or len(source.shape) < 3 or len(target.shape) < 3:
            return None
        taps, gather, matrix = _windows(first.terms[0][1], source, target)
        return cls(taps, gather, matrix, target)

    def layouts(self, geometry: Geometry) -> Iterator[Layout]:
        """Ways to send patches."""
        form = Grid(geometry, self.target.stride, _channels(self.target))
        for tiled in (False, True):
            if (tiled and form.used >= form.cell) or self.taps > 4 * form.channels:
                continue
            layout = _patch_layout(form, self.target, self.taps, self.gather, tiled)
            if layout is not None:
                yield layout


def _multiplied(stages: Stages) -> bool:
    """Whether the input itself is multiplied."""
    return any(0 in (stage.a, stage.b) for stage in stages.stages if not isinstance(stage, Affine))


def _windows(matrix: Matrix, source: Atom, target: Atom) -> tuple[int, Index, Matrix]:
    """Number of taps, input element of each patch element, the new matrix."""
    area = target.shape[1] * target.shape[2]
    position = matrix.row % area
    channel, y, x = np.unravel_index(matrix.column, source.shape)
    down = y - position // target.shape[2] * target.stride[0]
    across = x - position % target.shape[2] * target.stride[1]
    spread = source.shape[1] + target.stride[0] * target.shape[1] + 1
    wide = 2 * (source.shape[2] + target.stride[1] * target.shape[2] + 1)
    code = (channel * 2 * spread + down + spread) * wide + across + wide // 2
    used, tap = np.unique(code, return_inverse=True)
    gather = np.full(area * len(used), -1, dtype=np.int64)
    column = position * len(used) + tap
    gather[column] = matrix.column
    return len(used), gather, replace(matrix, columns=len(gather), column=column)


def _patch_layout(form: Grid, target: Atom, taps: int, gather: Index, tiled: bool) -> Layout | None:
    slots = form.geometry.slots
    y, x, tap = np.meshgrid(*map(np.arange, (*target.shape[1:], taps)), indexing="ij")
    one = form.addresses(y, x, np.minimum(np.arange(form.channels), taps)[0] + 0 * tap, slots)
    stack = int(one.max()) // slots + 1
    group, inside = np.divmod(tap, form.channels)
    base = form.addresses(y, x, inside, slots).reshape(-1, 1)
    addresses = base + (group * stack * slots).reshape(-1, 1)
    if taps < form.channels:
        again = np.where(inside.reshape(-1, 1) + taps < form.channels, addresses + taps, -1)
        addresses = np.concatenate([addresses, again], axis=1)
    if tiled:
        shifts = form.copies()
        copies = addresses[:, :, None] + shifts
        addresses = np.where(addresses[:, :, None] < 0, -1, copies).reshape(len(addresses), -1)
    addresses[gather < 0] = -1
    held = addresses[addresses >= 0]
    if len(np.unique(held)) != held.size:
        return None
    return build(addresses, slots, form.cell, f"patches {form} {tiled}")


def replicated(layout: Layout) -> tuple[Layout, tuple[int, ...]]:
    """Copies of the values in slots that are zero, and the rotations that make them.

    Garbage may meet garbage.
    """
    addresses, states, steps = layout.addresses, layout.states, []
    for k in range(layout.slots.bit_length() - 1):
        moved = np.roll(states, 1 << k, axis=1)
        clash = (states != ZERO) & (moved != ZERO) & ((states == VALUE) | (moved == VALUE))
        if clash.any() or addresses.shape[1] >= 16:
            continue
        ciphertext, slot = np.divmod(addresses, layout.slots)
        more = ciphertext * layout.slots + (slot + (1 << k)) % layout.slots
        addresses = np.concatenate([addresses, np.where(addresses < 0, -1, more)], axis=1)
        states = np.maximum(states, moved)
        steps.append(-(1 << k))
    made = replace(layout, addresses=addresses, states=states, key=f"{layout.key} copies")
    return made, tuple(steps)
