"""Where the images for `hush adapt` come from: a data set's name, an .npz, or a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hushwork.errors import InvalidInput, NotFound
from hushwork.networks.adapt.examples import Examples, examples, from_file, named
from hushwork.networks.data import LABELS
from hushwork.networks.layers import Shape
from hushwork.subnet.images import prepare

PICTURES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif"))
MOST = 20_000
"""Most pictures of a folder that are read."""


def calibration(data: str, shape: Shape) -> Examples:
    """Images for a network of this input shape. Raises what the readers raise."""
    if data in LABELS:
        return named(data, shape)
    path = Path(data)
    if path.is_dir():
        return _folder(path, shape)
    if path.is_file():
        return from_file(path, shape)
    expected = f"an .npz, a folder of pictures, or one of {', '.join(LABELS)}"
    raise NotFound("no calibration images", expected=expected, got=data)


def _folder(path: Path, shape: Shape) -> Examples:
    """Pictures; where they lie in folders of their own, these are the labels, by name."""
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in PICTURES)
    if not found:
        raise InvalidInput("calibration", expected="a folder of pictures", got=f"none in {path}")
    chosen = np.random.default_rng(0).permutation(len(found))[:MOST]
    files = [found[index] for index in chosen]
    images = np.stack([_bytes(file, shape) for file in files])
    classes = sorted({file.parent.name for file in found})
    if any(file.parent == path for file in found):
        return examples(images, None, shape)
    labels = np.array([classes.index(file.parent.name) for file in files])
    return examples(images, labels, shape, tuple(classes))


def _bytes(file: Path, shape: Shape) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.round(prepare(file, shape) * 255).astype(np.uint8)
