"""Image operations for the draws, in numpy: shape (channels, height, width), values in [0, 1]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Generator = np.random.Generator


def warp(image: Array, rows: Array, columns: Array) -> Array:
    """Bilinear samples at (rows, columns), both (height, width); zero outside the image."""
    padded = np.pad(image, ((0, 0), (1, 2), (1, 2)))
    rows = np.clip(rows, -1, image.shape[1]) + 1
    columns = np.clip(columns, -1, image.shape[2]) + 1
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, right = rows - top, columns - left
    upper = padded[:, top, left] * (1 - right) + padded[:, top, left + 1] * right
    lower = padded[:, top + 1, left] * (1 - right) + padded[:, top + 1, left + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)


def grid(height: int, width: int) -> tuple[Array, Array]:
    """Row and column of every pixel, as floats."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return rows.astype(float), columns.astype(float)


def smooth_field(generator: Generator, shape: tuple[int, ...], cells: int = 5) -> Array:
    """A smooth random field with values in [0, 1], from `cells` x `cells` random points."""
    channels, height, width = shape
    coarse = generator.uniform(size=(channels, cells, cells))
    rows, columns = grid(height, width)
    field = warp(coarse, rows * (cells - 1) / height, columns * (cells - 1) / width)
    low, high = field.min(), field.max()
    return np.asarray((field - low) / max(high - low, 1e-9))


def shift(generator: Generator, image: Array) -> Array:
    """Moved by up to a tenth of its size."""
    _, height, width = image.shape
    rows, columns = grid(height, width)
    down, right = generator.uniform(-0.1, 0.1, size=2)
    return warp(image, rows - down * height, columns - right * width)


def rotate(generator: Generator, image: Array) -> Array:
    """Turned by up to 15 degrees about its middle."""
    _, height, width = image.shape
    angle = np.deg2rad(generator.uniform(-15, 15))
    rows, columns = grid(height, width)
    rows, columns = rows - (height - 1) / 2, columns - (width - 1) / 2
    turned = rows * np.cos(angle) - columns * np.sin(angle) + (height - 1) / 2
    return warp(image, turned, rows * np.sin(angle) + columns * np.cos(angle) + (width - 1) / 2)


def contrast(generator: Generator, image: Array) -> Array:
    """Contrast and brightness changed a little."""
    gain, offset = generator.uniform(0.7, 1.3), generator.uniform(-0.1, 0.1)
    return np.clip(image * gain + offset * (image > 0), 0.0, 1.0)


def flip(_: Generator, image: Array) -> Array:
    """Mirrored left to right."""
    return np.ascontiguousarray(image[:, :, ::-1])


def elastic(generator: Generator, image: Array) -> Array:
    """Deformed by a smooth field of up to a twelfth of its size."""
    _, height, width = image.shape
    rows, columns = grid(height, width)
    down, right = smooth_field(generator, (2, height, width)) * 2 - 1
    return warp(image, rows + down * height / 12, columns + right * width / 12)


def occlude(generator: Generator, image: Array) -> Array:
    """With a rectangle of one brightness over a part of it."""
    _, height, width = image.shape
    tall, wide = generator.integers(height // 6 + 1, height // 2 + 1), width // 4 + 1
    top = generator.integers(0, height - tall + 1)
    left = generator.integers(0, width - wide + 1)
    covered = image.copy()
    covered[:, top : top + tall, left : left + wide] = generator.uniform()
    return covered


def blend(generator: Generator, image: Array, other: Array) -> Array:
    """Between two images, the first weighing more."""
    part = generator.uniform(0.55, 0.85)
    return np.asarray(part * image + (1 - part) * other)
