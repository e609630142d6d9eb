"""An input that leaves slots of the ring free, sent in fewer: one level spreads it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted import diagonals
from hushwork.encrypted.diagonals import Diagonals
from hushwork.encrypted.layout import VALUE, Layout, build
from hushwork.encrypted.matrix import Matrix

Index = NDArray[np.int64]


def condensed(layout: Layout, copies: int) -> Layout | None:
    """The elements in a period of N / `copies` slots: what lies in part i of the ring moves by i
    times the least power of two that keeps all elements apart. None where there is none."""
    period = layout.slots // copies
    first = layout.addresses[:, 0]
    ciphertext, slot = np.divmod(first, layout.slots)
    part, place = np.divmod(slot, period)
    for k in range(period.bit_length() - 1):
        moved = ciphertext * layout.slots + (place + (part << k)) % period
        if len(np.unique(moved[first >= 0])) == np.count_nonzero(first >= 0):
            repeated = moved[:, None] + period * np.arange(copies)
            addresses = np.where(first[:, None] < 0, -1, repeated)
            return replace(build(addresses, layout.slots, layout.cell, layout.key), period=period)
    return None


def spread(sent: Layout, layout: Layout) -> Diagonals:
    """From what was sent to all copies of its elements in a layout, with nothing beside them."""
    element, copy = np.nonzero(layout.addresses >= 0)
    slot = layout.addresses[element, copy]
    one = np.arange(len(slot))
    matrix = Matrix(len(slot), len(layout.addresses), one, element, np.ones(len(slot)))
    output = build(slot[:, None], layout.slots, layout.cell, layout.key)
    return diagonals.build(diagonals.place([(sent, matrix)], output), masked=True)
