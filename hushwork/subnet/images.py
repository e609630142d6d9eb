"""A user's picture, made into the input of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from hushwork.errors import InvalidInput

Array = NDArray[np.float64]
Picture = str | Path | Image.Image | NDArray[Any]

PIXEL_LIMIT = 50_000_000
_MODES = {1: "L", 3: "RGB"}


def prepare(picture: Picture, shape: tuple[int, ...]) -> Array:
    """An input of exactly `shape`, values in [0, 1]. Raises InvalidInput.

    Pictures are turned as their EXIF data says, made grey or RGB, and resized; nothing is
    inverted. Arrays are taken as they are: see `from_array`.
    """
    if isinstance(picture, np.ndarray):
        return from_array(picture, shape)
    if isinstance(picture, Image.Image):
        return _from_image(picture, shape)
    if not isinstance(picture, str | Path):
        expected = "a path, a Pillow image or an array"
        raise InvalidInput("image", expected=expected, got=type(picture).__name__)
    try:
        with Image.open(picture) as image:
            return _from_image(image, shape)
    except InvalidInput:
        raise
    except Exception as error:  # Pillow raises whatever its readers trip over.
        raise InvalidInput(
            "image file", expected="a picture that Pillow reads", got=error
        ) from None


def from_array(values: NDArray[Any], shape: tuple[int, ...]) -> Array:
    """Check an array: uint8 in [0, 255] or floats in [0, 1]; a channel axis of one may lack."""
    scaled = values / 255.0 if values.dtype == np.uint8 else values
    if scaled.shape != shape and (1, *scaled.shape) == shape:
        scaled = scaled[None]
    if scaled.shape != shape:
        raise InvalidInput("image", expected=f"shape {shape}", got=f"shape {values.shape}")
    if scaled.dtype.kind not in "fiub":
        raise InvalidInput("image", expected="numbers in [0, 1]", got=values.dtype)
    numbers = np.ascontiguousarray(scaled, dtype=np.float64)
    if not (np.isfinite(numbers).all() and numbers.min() >= 0 and numbers.max() <= 1):
        got = f"{numbers.min():g} to {numbers.max():g}"
        raise InvalidInput("image", expected="values in [0, 1]", got=got)
    return numbers


def _from_image(image: Image.Image, shape: tuple[int, ...]) -> Array:
    if len(shape) != 3 or shape[0] not in _MODES:
        raise InvalidInput("network input", expected="(1 or 3, height, width)", got=shape)
    if image.width * image.height > PIXEL_LIMIT:
        size = f"{image.width} x {image.height}"
        raise InvalidInput("image", expected=f"at most {PIXEL_LIMIT} pixels", got=size)
    channels, height, width = shape
    plain = _eight_bits(ImageOps.exif_transpose(image)).convert(_MODES[channels])
    if plain.size != (width, height):
        plain = plain.resize((width, height), Image.Resampling.LANCZOS)
    pixels = np.asarray(plain, dtype=np.float64).reshape(height, width, channels) / 255.0
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit pixels, which Pillow would cut off at 255."""
    if image.mode == "F":
        raise InvalidInput("image", expected="8 or 16 bits a pixel", got="floats")
    if not image.mode.startswith("I"):
        return image
    wide = np.asarray(image)
    if wide.min() < 0 or wide.max() > 0xFFFF:
        raise InvalidInput("image", expected="8 or 16 bits a pixel", got="32 bits")
    return Image.fromarray((wide >> 8).astype(np.uint8))
