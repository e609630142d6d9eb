"""How much of an answer travels: one period of its slots, with some to check the others by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]

UNCHECKED = -2
"""In a table of outputs: the slot may hold anything."""
SPARE = 16
"""Slots of each ciphertext beyond one of each output: what does not decrypt fills them too."""


def period(scatter: Index) -> int:
    """Least period of a table (ciphertexts, N) of outputs that has enough to check, or N."""
    slots = scatter.shape[1]
    lengths = (1 << k for k in range(slots.bit_length()))
    return next(length for length in lengths if length == slots or _serves(scatter, length))


def _serves(scatter: Index, length: int) -> bool:
    first = scatter[:, :length]
    copies = scatter.reshape(len(scatter), -1, length)
    spare = np.count_nonzero(first != UNCHECKED) - len(np.unique(first[first >= 0]))
    return bool(spare >= SPARE * len(scatter) and (copies == first[:, None]).all())
