"""Synthetic inputs: what values usually look like, without anybody's data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Shape = tuple[int, ...]


def samples(shape: Shape, count: int = 6) -> list[Array]:
    """Inputs in [0, 1]: smooth shapes on a dark ground, sharper from one to the next."""
    rng = np.random.default_rng(0)
    return [_blobs(rng, shape, 1.0 + index) for index in range(count)]


def _blobs(rng: np.random.Generator, shape: Shape, contrast: float) -> Array:
    field: Array = rng.standard_normal(shape)
    for axis in range(1, len(shape)):
        for _ in range(3):
            field = field + np.roll(field, 1, axis) + np.roll(field, -1, axis)
    spread = max(float(field.std()), 1e-12)
    smooth: Array = np.clip(0.25 + 0.25 * contrast * (field - field.mean()) / spread, 0, 1)
    return smooth
