"""From anybody's classifier to one that runs encrypted."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import InvalidInput
from hushwork.networks.adapt.nodes import encode, normalised
from hushwork.networks.adapt.prepare import Prepared
from hushwork.networks.adapt.sweep import Method, Replacement, Sweep, Tell
from hushwork.networks.graph import DEGREE_LIMIT
from hushwork.networks.layers import Network
from hushwork.networks.reader import read_onnx

DEGREES = range(2, DEGREE_LIMIT + 1)
MARGINS = (1.0, 4.0)
MEMORY = 1 << 28
"""Most bytes of one tensor on all calibration images."""


@dataclass(frozen=True, eq=False)
class Adapted:
    """A network of supported operators only."""

    network: Network
    replaced: tuple[Replacement, ...]
    images: int
    """How many the polynomials were fitted on."""


def adapt(original: Prepared, images: NDArray[np.float32], method: Method, tell: Tell) -> Adapted:
    """Replace what cannot run encrypted, by what the calibration images show.

    `images` are (n, *shape), pixels in [0, 1]. Layer by layer, every function of single elements
    becomes a polynomial that is fitted (`hushwork.networks.adapt.fit.fit`) on the numbers that
    arrive there through the layers already replaced; max pooling becomes nested polynomial maxima,
    or a mean. The mean image is one of those that are shown: it is in the file, as one within the
    ranges. Raises InvalidInput, InvalidNetwork or UnsupportedOperator.
    """
    if method.degree not in DEGREES:
        expected = f"{DEGREES.start} to {DEGREES.stop - 1}"
        raise InvalidInput("--degree", expected=expected, got=method.degree)
    if not MARGINS[0] <= method.margin <= MARGINS[1]:
        expected = f"{MARGINS[0]:g} to {MARGINS[1]:g}"
        raise InvalidInput("--margin", expected=expected, got=method.margin)
    probe = Sweep(original, method)
    probe.run(images[:1], lambda *_: None)
    read_onnx(_encoded(original, probe, images))
    used = images[: max(1, MEMORY // probe.largest)]
    sweep = Sweep(original, method)
    sweep.run(np.concatenate([used, typical(images)]), tell)
    network = read_onnx(_encoded(original, sweep, images))
    return Adapted(network, tuple(sweep.replaced), len(used))


def _encoded(original: Prepared, sweep: Sweep, images: NDArray[np.float32]) -> bytes:
    bounds = {normalised(output): 1.0 for output in sweep.bounded}
    classes = sweep.values[original.output].shape[1:]
    entry = (original.input, original.shape)
    metadata = {"hushwork.name": original.name, "hushwork.bounds": json.dumps(bounds)}
    pixels = np.round(typical(images) * 255).astype(np.uint8)
    metadata["hushwork.typical"] = base64.b64encode(pixels.tobytes()).decode()
    if original.labels is not None:
        metadata["hushwork.labels"] = original.labels
    runner = original.runner
    return encode(
        sweep.writer, entry, (original.output, classes), metadata, runner.opsets, runner.version
    )


def typical(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean image, (1, *shape), in whole bytes over 255."""
    mean = images.mean(axis=0, dtype=np.float64, keepdims=True)
    rounded: NDArray[np.float32] = np.round(np.clip(mean, 0, 1) * 255).astype(np.float32) / 255
    return rounded
