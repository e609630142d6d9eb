"""The entries of a linear map between two layouts, by diagonals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.cover import choose
from hushwork.encrypted.fill import Short
from hushwork.encrypted.layout import Layout
from hushwork.encrypted.matrix import Matrix
from hushwork.encrypted.parts import in_parts

Array = NDArray[np.float64]
Index = NDArray[np.int64]


def entries(
    inputs: list[tuple[Layout, Matrix]], output: Layout, shifts: Index, ring: int
) -> tuple[Index, Short, Short, Array]:
    """Diagonals (as keys) of all kinds of entries; kind, output slot and weight of every entry."""
    sources = sum(layout.ciphertexts for layout, _ in inputs)
    parts, first, kinds = [], 0, 0
    for layout, matrix in inputs:
        reading = _Reading(layout, matrix, output, ring, (first, sources))
        keys, which, slots, values = reading.entries(shifts)
        parts.append((keys, which + kinds, slots, values))
        first, kinds = first + layout.ciphertexts, kinds + len(keys)
    keys, which, slots, values = (_joined(column) for column in zip(*parts, strict=True))
    return keys, which, slots, values


def _joined(parts: Sequence[Any]) -> Any:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


class _Reading:
    """How an output reads one of its inputs.

    Entries are of one kind if they go to the same ciphertext by the same offset from copies that
    lie alike, and so may choose between the same diagonals. There are far fewer kinds than entries.
    """

    def __init__(
        self,
        layout: Layout,
        matrix: Matrix,
        output: Layout,
        ring: int,
        sources: tuple[int, int],
    ) -> None:
        self.matrix, self.output, self.ring = matrix, output, ring
        copies = 1 if output.modulus else output.addresses.shape[1]
        out, self.slot = np.divmod(output.addresses[:, :copies], output.slots)
        self.found = _copies(layout, output, ring)
        source, self.place = np.divmod(self.found, output.slots)
        self.span = min(output.modulus, layout.period) if output.modulus else ring
        first, count = sources
        self.pairs = out.max() + 1, count
        self.to, self.source = out * (count * ring), (first + source) * ring

    def entries(self, shifts: Index) -> tuple[Index, Short, Short, Array]:
        """As `entries` gives them."""
        alike, likes = _alike(self.found)
        bound = len(likes) * self.ring * int(np.prod(self.pairs))
        codes, which = _distinct(self._codes(alike, len(likes), bound), bound)
        options = self._options(*np.divmod(codes, len(likes)), likes, shifts)
        pick = choose(options, self.ring, self.output.cell)
        keys = options[np.arange(len(pick)), pick]
        slots = self._slots(keys, which, pick, shifts)
        shape = len(self.matrix.row), self.slot.shape[1]
        values = np.broadcast_to(self.matrix.value[:, None], shape)
        return keys, which, slots, values.reshape(-1)

    def _codes(self, alike: Index, likes: int, bound: int) -> Any:
        """The kind of each entry, below a bound."""
        row, column = self.matrix.row, self.matrix.column
        kind = np.min_scalar_type(-max(bound, self.output.slots))
        alike = alike.astype(kind)
        ends = self.to.astype(kind), self.slot.astype(kind)
        starts = self.place[:, :1].astype(kind), self.source[:, :1].astype(kind)
        codes = np.empty((len(row), self.slot.shape[1]), kind)

        def work(part: slice) -> None:
            some, rows, columns = codes[part], row[part], column[part]
            np.subtract(starts[0][columns], ends[1][rows], out=some)
            some &= self.span - 1
            some += ends[0][rows]
            some += starts[1][columns]
            if likes > 1:
                some *= likes
                some += alike[columns, None]

        in_parts(work, len(row))
        return codes.reshape(-1)

    def _options(self, first: Index, alike: Index, likes: Index, shifts: Index) -> Index:
        """(kinds, shifts and copies): the diagonals that would do, -1: none."""
        high = first // self.ring * self.ring
        moved = self.place[likes] - self.place[likes, :1]
        ends = (first - high)[:, None] - shifts
        offset = (ends[:, :, None] + moved[alike][:, None, :]) & (self.span - 1)
        source = self.source[likes] - self.source[likes, :1]
        keys = offset + high[:, None, None] + source[alike][:, None, :]
        keys = np.where(self.found[likes][alike][:, None, :] < 0, -1, keys)
        return keys.reshape(len(first), len(shifts) * self.found.shape[1])

    def _slots(self, keys: Index, which: Short, pick: Index, shifts: Index) -> Short:
        """Where the product of each entry is added up."""
        row, column = self.matrix.row, self.matrix.column
        shift, copy = np.divmod(pick, self.found.shape[1])
        if self.span >= self.output.modulus > 0:
            slots = (self.place[column, copy[which]] - keys[which]) & (self.ring - 1)
            return slots.astype(np.int32)
        ends = self.slot.astype(np.int32)[row].reshape(-1)
        if shifts.any():
            ends = ends + shifts[shift].astype(np.int32)[which]
        return ends & (self.ring - 1)


def _alike(addresses: Index) -> tuple[Index, Index]:
    """Of each element a number, equal for those whose copies lie alike, and one of each number."""
    apart = np.where(addresses < 0, -1, addresses - addresses[:, :1])
    if (apart == apart[:1]).all():
        return np.zeros(len(apart), dtype=np.int64), np.zeros(1, dtype=np.int64)
    _, likes, alike = np.unique(apart, axis=0, return_index=True, return_inverse=True)
    return alike.reshape(-1), likes


def _distinct(codes: Any, bound: int) -> tuple[Index, Short]:
    """`np.unique` with the inverse, of codes below a bound."""
    if bound > 16 * len(codes):
        values, inverse = np.unique(codes, return_inverse=True)
        return values.astype(np.int64), inverse.astype(np.int32)
    seen = np.zeros(bound, dtype=np.bool_)

    def see(part: slice) -> None:
        seen[codes[part]] = True

    in_parts(see, len(codes))
    number = np.cumsum(seen, dtype=np.int32) - 1
    which: Short = np.empty(len(codes), np.int32)

    def count(part: slice) -> None:
        which[part] = number[codes[part]]

    in_parts(count, len(codes))
    return np.flatnonzero(seen), which


def _copies(layout: Layout, output: Layout, ring: int) -> Index:
    """The copies of each input element worth looking at."""
    if not output.modulus:
        return layout.addresses
    if layout.period < output.modulus:
        return layout.addresses[:, :1]
    per_ring = max(1, layout.addresses.shape[1] * ring // layout.slots)
    inside = np.argsort(layout.addresses % layout.slots >= ring, axis=1, kind="stable")
    return np.take_along_axis(layout.addresses, inside[:, :per_ring], 1)
