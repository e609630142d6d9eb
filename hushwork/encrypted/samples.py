"""Synthetic inputs: what values usually look like, without anybody's data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import InvalidNetwork
from hushwork.networks import Network, trace

Array = NDArray[np.float64]
Shape = tuple[int, ...]

HALVINGS = 8


def samples(network: Network, count: int = 6) -> list[Array]:
    """Inputs in [0, 1] within the network's bounds.

    Smooth shapes on a dark ground, sharper from one to the next; where such an input leaves a bound
    it is mixed with the network's typical input until it does not. Raises InvalidNetwork if no
    mixture stays within.
    """
    rng = np.random.default_rng(0)
    drawn = [_blobs(rng, network.input_shape, 1.0 + index) for index in range(count)]
    return [_within(network, x) for x in drawn] if network.bounds else drawn


def _within(network: Network, x: Array) -> Array:
    typical = np.full_like(x, x.mean()) if network.typical is None else network.typical
    for _ in range(HALVINGS):
        with np.errstate(all="ignore"):
            values = trace(network, x[None])
        if all(np.abs(values[name]).max() <= bound for name, bound in network.bounds.items()):
            return x
        x = (x + typical) / 2
    raise InvalidNetwork(
        f"network {network.name!r} leaves its own bounds on its typical input",
        expected="hushwork.bounds and hushwork.typical that agree",
        got=sorted(network.bounds),
    )


def _blobs(rng: np.random.Generator, shape: Shape, contrast: float) -> Array:
    field: Array = rng.standard_normal(shape)
    for axis in range(1, len(shape)):
        for _ in range(3):
            field = field + np.roll(field, 1, axis) + np.roll(field, -1, axis)
    spread = max(float(field.std()), 1e-12)
    smooth: Array = np.clip(0.25 + 0.25 * contrast * (field - field.mean()) / spread, 0, 1)
    return smooth
