"""Images that show what a network meets, some of them set aside to judge by."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import InvalidInput, MalformedBytes, TooLarge
from hushwork.networks.data import LABELS, load
from hushwork.networks.layers import Shape

Labels = NDArray[np.int64]

FILE_LIMIT = 4 << 30
"""Most bytes of the arrays of a file."""
LEAST = 10
HELD_OUT = 5000
"""Most images set aside; a fifth of them if that is less."""
_KEYS = (("images", "labels"), ("x_train", "y_train"), ("x", "y"))


@dataclass(frozen=True, eq=False)
class Examples:
    """Images of a network's shape, perhaps with labels."""

    images: NDArray[Any]
    """(n, *shape), bytes or numbers in [0, 1]"""
    labels: Labels | None = None
    """(n,)"""
    names: tuple[str, ...] | None = None
    """Of the labels."""

    def __len__(self) -> int:
        return len(self.images)

    def inputs(self, index: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.float32]:
        """Pixels in [0, 1] of some of them."""
        images = self.images[index]
        scale = np.float32(255 if images.dtype == np.uint8 else 1)
        return images.astype(np.float32) / scale

    def split(self) -> tuple[Examples, Examples]:
        """Those to fit by, and those to judge by, drawn by a fixed seed."""
        order = np.random.default_rng(0).permutation(len(self))
        held = min(HELD_OUT, len(self) // 5)
        return self._some(order[held:]), self._some(order[:held])

    def _some(self, index: NDArray[np.int64]) -> Examples:
        labels = None if self.labels is None else self.labels[index]
        return Examples(self.images[index], labels, self.names)


def examples(
    images: NDArray[Any],
    labels: NDArray[Any] | None,
    shape: Shape,
    names: tuple[str, ...] | None = None,
) -> Examples:
    """Check images and labels. Raises InvalidInput.

    Images are (n, *shape), without the channel where there is one, or with channels last.
    """
    shaped = _shaped(images, shape)
    if len(shaped) < LEAST:
        raise InvalidInput("calibration", expected=f"at least {LEAST} images", got=len(shaped))
    if shaped.dtype != np.uint8:
        shaped = shaped.astype(np.float32)
        if not (shaped.min() >= 0 and shaped.max() <= 1):
            raise InvalidInput(
                "calibration",
                expected="bytes, or numbers in [0, 1]; --mean and --std say what the network takes",
                got=f"numbers from {shaped.min():g} to {shaped.max():g}",
            )
    if labels is None:
        return Examples(shaped, None, names)
    flat = labels.reshape(-1)
    if flat.dtype.kind not in "ui" or len(flat) != len(shaped):
        expected = f"{len(shaped)} whole numbers"
        raise InvalidInput("labels", expected=expected, got=f"{flat.dtype} of shape {labels.shape}")
    return Examples(shaped, flat.astype(np.int64), names)


def named(name: str, shape: Shape) -> Examples:
    """The training images of a data set that `hushwork.networks.data` knows."""
    data = load(name)
    return examples(data.train_images, data.train_labels, shape, LABELS[name])


def from_file(path: Path, shape: Shape) -> Examples:
    """Those of an .npz: images and labels, or x_train and y_train. Labels may lack."""
    expected = "an .npz with images, and with labels if they are known"
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > FILE_LIMIT:
            raise TooLarge(str(path), expected=f"at most {FILE_LIMIT} bytes", got=size)
        with np.load(path, allow_pickle=False) as arrays:
            keys = next((keys for keys in _KEYS if keys[0] in arrays), None)
            if keys is None:
                raise ValueError(", ".join(arrays) or "nothing")
            images, labels = arrays[keys[0]], arrays.get(keys[1])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise MalformedBytes(str(path), expected=expected, got=error) from None
    return examples(images, labels, shape)


def _shaped(images: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """(n, *shape)."""
    if images.dtype.kind != "f" and images.dtype != np.uint8:
        raise InvalidInput("calibration", expected="bytes or floats", got=images.dtype)
    if images.shape[1:] == shape and images.ndim > 1:
        return images
    if (1, *images.shape[1:]) == shape:
        return images[:, None]
    if len(shape) == 3 and images.shape[1:] == (*shape[1:], shape[0]):
        return np.ascontiguousarray(np.moveaxis(images, -1, 1))
    expected = f"images of shape {shape}"
    raise InvalidInput("calibration", expected=expected, got=f"an array of shape {images.shape}")
