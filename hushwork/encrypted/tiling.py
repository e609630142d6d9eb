"""Values that are too large to be there at once, in tiles: parts of the rows of an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.stages import Affine, Atom, Stages

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Tile = tuple[int, int]
"""An atom, and which of its tiles."""


LARGEST = 128
"""Elements of a tile, unless one position of an image has more."""


def tiles(atom: Atom) -> Index:
    """The tile of each element: some positions of a row with all their channels, or a vector."""
    if len(atom.shape) != 3:
        return np.zeros(int(np.prod(atom.shape)), dtype=np.int64)
    channels, height, width = atom.shape
    length = max(1, LARGEST // channels)
    in_row = np.arange(width) // length
    position = np.add.outer(np.arange(height) * (in_row[-1] + 1), in_row)
    return np.tile(position.reshape(-1), channels)


def _order(atom: Atom) -> Index:
    """The rank of each element: channels of a position are neighbours, and read the same."""
    area = int(np.prod(atom.shape[1:]))
    channel, position = np.divmod(np.arange(atom.shape[0] * area), area)
    return position * atom.shape[0] + channel


@dataclass(frozen=True, eq=False)
class Block:
    """The part of an affine stage that goes from some tiles of its inputs to one of its output."""

    needs: tuple[Tile, ...]
    rows: Index
    """Elements of the output."""
    starts: Index
    """(rows + 1,): where the entries of each row begin."""
    atoms: Index
    columns: Index
    """Element of its atom that each entry reads."""
    weights: Array


def blocks(stages: Stages, stage: Affine) -> dict[int, list[Block]]:
    """The blocks of a stage by tile of its output: several where it reads tiles one by one."""
    output = stages.atoms[stage.output]
    apart = len(output.shape) != 3 or output.shape[1] == 1
    entries = _entries(stages, stage)
    tile, part = tiles(output)[entries.row], entries.tile if apart else 0 * entries.tile
    order = np.lexsort((entries.column, entries.atom, _order(output)[entries.row], part, tile))
    entries, keys = entries.taken(order), np.stack([tile, part])[:, order]
    ends = np.flatnonzero((np.diff(keys) != 0).any(axis=0)) + 1
    found: dict[int, list[Block]] = {int(one): [] for one in np.unique(tiles(output))}
    for place in np.split(np.arange(len(order)), ends):
        if len(place):
            found[int(keys[0, place[0]])].append(_block(entries.taken(place)))
    return found


@dataclass(frozen=True, eq=False)
class _Entries:
    """Of the matrices of a stage."""

    row: Index
    atom: Index
    column: Index
    tile: Index
    """Of the column."""
    weight: Array

    def taken(self, places: Index) -> _Entries:
        return _Entries(*(getattr(self, name)[places] for name in self.__dataclass_fields__))


def _entries(stages: Stages, stage: Affine) -> _Entries:
    parts = [
        (m.row, np.full_like(m.row, atom), m.column, tiles(stages.atoms[atom])[m.column], m.value)
        for atom, m in stage.terms
    ]
    return _Entries(*map(np.concatenate, zip(*parts, strict=True)))


def _block(entries: _Entries) -> Block:
    first = np.flatnonzero(np.diff(entries.row, prepend=-1))
    span = int(entries.tile.max()) + 1
    needs = [divmod(code, span) for code in np.unique(entries.atom * span + entries.tile).tolist()]
    return Block(
        needs=tuple(needs),
        rows=entries.row[first],
        starts=np.append(first, len(entries.row)),
        atoms=entries.atom,
        columns=entries.column,
        weights=entries.weight,
    )
