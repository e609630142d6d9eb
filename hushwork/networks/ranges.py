"""What the values inside a network reach, and which inputs keep them within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hushwork.errors import InvalidNetwork
from hushwork.networks.layers import Array, Network
from hushwork.networks.reference import trace

_LARGEST = float(np.finfo(np.float32).max)
"""What the plain run, in float32, can hold."""


def reached(network: Network, x: ArrayLike, names: Iterable[str]) -> dict[str, Array]:
    """The largest magnitude of each of some values, (n,), for a batch (n, *input_shape)."""
    with np.errstate(all="ignore"):
        values = trace(network, x)
    return {name: np.abs(values[name].reshape(len(values[name]), -1)).max(axis=1) for name in names}


class Ranges:
    """Tells inputs apart by what values inside a network reach."""

    def __init__(self, network: Network, bounds: Mapping[str, float]) -> None:
        """`bounds`: magnitudes by the name of a value. Raises InvalidNetwork."""
        missing = [name for name in bounds if name not in network.shapes]
        if missing:
            raise InvalidNetwork("bounds of values", expected=list(network.shapes), got=missing)
        self._network = network
        self._bounds = {network.output: np.inf, **bounds}

    def __call__(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Whether each of (n, *input_shape) stays within all bounds. Raises InvalidInput."""
        found = reached(self._network, x, self._bounds)
        # NaN is not within any bound.
        within = [found[name] <= min(bound, _LARGEST) for name, bound in self._bounds.items()]
        return np.asarray(np.all(within, axis=0))
