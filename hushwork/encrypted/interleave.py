"""Several images in one ring: slot s of image i, of b images, lies in slot s * b + i.

The slots of a ring are a cycle of N under its rotations, and every b-th of them a cycle of N / b.
So whatever holds of the slots of a ring of N / b holds of each image's, and steps for such a ring
serve all images at once: a rotation by r becomes one by r * b, and a weight stands b times in a
row. Only the periods of weights gain nothing by it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.plan import Step

Array = NDArray[np.float64]


def woven(slots: Array) -> Array:
    """The slots (..., images, p) of all images as those of a ciphertext, (..., p * images)."""
    images, period = slots.shape[-2:]
    return slots.swapaxes(-1, -2).reshape(*slots.shape[:-2], period * images)


def unwoven(slots: Array, images: int) -> Array:
    """The slots of each image, (..., images, p), from those of a ciphertext, (..., p * images)."""
    period = slots.shape[-1] // images
    return slots.reshape(*slots.shape[:-1], period, images).swapaxes(-1, -2)


def lifted(step: Step, images: int) -> Step:
    """A step for the slots of one image as one for the slots of all."""
    if images == 1:
        return step
    match step["op"]:
        case "linear":
            return _linear(step, images)
        case "rotate_add":
            return {**step, "steps": [images * rotation for rotation in step["steps"]]}
        case "add_plain":
            return {**step, "values": repeated(step["values"], images)}
        case _:
            return step


def repeated(values: Array, images: int) -> Array:
    """A slot vector of one image as one of all; what is the same in all slots stays one value."""
    return values if len(values) == 1 else np.repeat(values, images)


def _linear(step: Step, images: int) -> Step:
    terms = [
        (output, source, images * anchor, giant, images * baby, repeated(weights, images))
        for output, source, anchor, giant, baby, weights in step["terms"]
    ]
    bias = [None if one is None else repeated(one, images) for one in step["bias"]]
    giant_step = images * step["giant_step"]
    return {**step, "terms": terms, "bias": bias, "giant_step": giant_step}
