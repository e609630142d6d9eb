"""Which copy of an input to read, so that few diagonals serve all entries."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]


def choose(keys: Index, ring: int, cell: int) -> Index:
    """Column to take in each row of `keys` (-1: no choice), by greedy set cover.

    A key is an offset modulo `ring`, above it the ciphertexts; positions are `cell` slots apart.
    """
    if not len(keys) or keys.shape[1] == 1:
        return np.zeros(len(keys), dtype=np.int64)
    mixers = np.random.default_rng(0).integers(1, 1 << 62, 2) | 1
    mixed = np.sort(keys, axis=1)
    hashed = np.zeros(len(keys), dtype=np.int64)
    for column in mixed.T:
        hashed = (hashed ^ (column * mixers[0])) * mixers[1]
    _, first, kind = np.unique(hashed, return_index=True, return_inverse=True)
    chosen = _cover(keys[first], ring, cell)[kind]
    return np.asarray((keys == chosen[:, None]).argmax(axis=1))


def _cover(options: Index, ring: int, cell: int) -> Index:
    """The key taken for each row of distinct sets of options."""
    keys, ids = np.unique(options, return_inverse=True)
    ids = ids.reshape(options.shape)
    offset = keys % ring
    # Ties go to the lowest offset within a position, alike for every kernel tap: argmax takes
    # the first.
    rank = np.lexsort((offset, offset % cell))
    place = np.empty_like(rank)
    place[rank] = np.arange(len(rank))
    ids, keys = place[ids], keys[rank]
    chosen = np.full(len(ids), -1, dtype=np.int64)
    usable = (keys >= 0).astype(np.int64)
    counts = np.bincount(ids.reshape(-1), minlength=len(keys)) * usable
    readers, ends = _readers(ids, len(keys))
    while (best := int(counts.argmax()), counts[best])[1] > 0:
        some = readers[ends[best - 1] if best else 0 : ends[best]]
        taken = some[chosen[some] < 0]
        chosen[taken] = keys[best]
        gone = ids[taken].reshape(-1)
        np.subtract.at(counts, gone, usable[gone])
    return chosen


def _readers(ids: Index, keys: int) -> tuple[Index, Index]:
    """The rows in which each key occurs, one key after the other, and where those of each end."""
    order = np.argsort(ids.reshape(-1), kind="stable")
    rows, key = order // ids.shape[1], ids.reshape(-1)[order]
    fresh = np.append(True, (rows[1:] != rows[:-1]) | (key[1:] != key[:-1]))
    return rows[fresh], np.cumsum(np.bincount(key[fresh], minlength=keys))
