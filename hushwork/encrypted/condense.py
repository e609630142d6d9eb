"""An input that leaves slots of the ring free, sent in fewer: one level spreads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted import diagonals
from hushwork.encrypted.cost import Cost
from hushwork.encrypted.diagonals import Diagonals
from hushwork.encrypted.layout import Layout, build
from hushwork.encrypted.matrix import Matrix

Index = NDArray[np.int64]

PARTS = (2, 4, 8)
"""Parts of the ring into one of which an input is condensed."""


def ways(
    layout: Layout, limbs: int, model: Cost, *, spare: bool
) -> Iterator[tuple[float, int, Layout]]:
    """Ways to send an input: price, copies in the ring, layout; `spare`: a level is left."""
    repeats = model.period // layout.period
    for k in range(repeats.bit_length()):
        yield model.request(limbs, layout.ciphertexts, 1 << k), 1 << k, layout
    for copies in PARTS if spare and repeats == 1 else ():
        sent = condensed(layout, copies)
        if sent:
            cost = model.request(limbs, layout.ciphertexts, copies)
            yield cost + model.spread(limbs, layout.ciphertexts, copies), copies, sent


def condensed(layout: Layout, copies: int) -> Layout | None:
    """The elements in a period of N / `copies` slots: what lies in part i of the ring moves by i
    times the least power of two that keeps all elements apart. None where there is none."""
    period = layout.slots // copies
    for k in range(period.bit_length() - 1):
        moved = _moved(layout, period, 1 << k)
        kept = moved[:, :1]
        if not _apart(kept):
            continue
        for column in range(1, moved.shape[1]):
            more = np.concatenate([kept, moved[:, column : column + 1]], axis=1)
            kept = more if _apart(more) else kept
        places = kept[:, :, None] + period * np.arange(copies)
        addresses = np.where(kept[:, :, None] < 0, -1, places).reshape(len(kept), -1)
        return replace(build(addresses, layout.slots, layout.cell, layout.key), period=period)
    return None


def _moved(layout: Layout, period: int, step: int) -> Index:
    """The addresses in the first period, those of part i moved by i steps."""
    ciphertext, slot = np.divmod(layout.addresses, layout.slots)
    part, place = np.divmod(slot, period)
    moved: Index = ciphertext * layout.slots + (place + part * step) % period
    return np.where(layout.addresses < 0, -1, moved)


def _apart(addresses: Index) -> bool:
    """Whether no two are the same."""
    held = addresses[addresses >= 0]
    return len(np.unique(held)) == len(held)


def spread(sent: Layout, layout: Layout) -> Diagonals:
    """From what was sent to all copies of its elements in a layout, with nothing beside them."""
    element, copy = np.nonzero(layout.addresses >= 0)
    slot = layout.addresses[element, copy]
    one = np.arange(len(slot))
    matrix = Matrix(len(slot), len(layout.addresses), one, element, np.ones(len(slot)))
    output = build(slot[:, None], layout.slots, layout.cell, layout.key)
    return diagonals.build(diagonals.place([(sent, matrix)], output), masked=True)
