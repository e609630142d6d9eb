"""Terms of sums and maxima over windows, of batches (n, height, width, channels) in float64.

Whole numbers whose sums stay below 2^53 come out exact.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from hushwork.networks.integers.layers import Window

Array = NDArray[np.float64]

COLUMNS = 1 << 22
"""Most elements of windows written out at a time."""


def weighted(x: Array, window: Window, weight: NDArray[np.floating | np.int8]) -> Array:
    """Cross-correlation with (kernel height, kernel width, channels in, channels out)."""
    windows = _windows(x, window, 0.0).transpose(0, 1, 2, 4, 5, 3)
    size, channels = windows.shape[:3], weight.shape[3]
    matrix = weight.reshape(-1, channels).astype(np.float64)
    step = max(1, COLUMNS // prod(windows.shape[1:]))
    parts = [
        windows[start : start + step].reshape(-1, len(matrix)) @ matrix
        for start in range(0, len(x), step)
    ]
    return np.concatenate(parts).reshape(*size, channels)


def summed(x: Array, window: Window) -> Array:
    """Sum over each window, for each channel by itself."""
    total: Array = _windows(x, window, 0.0).sum(axis=(-2, -1))
    return total


def maximum(x: Array, window: Window) -> Array:
    """Maximum over each window; padding does not take part."""
    largest: Array = _windows(x, window, -np.inf).max(axis=(-2, -1))
    return largest


def _windows(x: Array, window: Window, around: float) -> Array:
    """A view (n, rows, columns, channels, kernel height, kernel width)."""
    top, left, bottom, right = window.padding
    pads = ((0, 0), (top, bottom), (left, right), (0, 0))
    padded = np.pad(x, pads, constant_values=around) if any(window.padding) else x
    windows: Array = np.lib.stride_tricks.sliding_window_view(padded, window.kernel, axis=(1, 2))
    return windows[:, :: window.stride[0], :: window.stride[1]]
