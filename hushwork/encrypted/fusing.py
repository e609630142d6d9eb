"""A convolution and the averages of its output as one: its matrix is smaller than theirs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hushwork.networks import Arithmetic, AveragePool, Convolution, Network, arithmetic

Array = NDArray[np.float64]


def fused(network: Network) -> Network:
    """The same network; averages with padding, and of what others read, stay by themselves.

    Raises UnsupportedOperator unless all layers are sums and products.
    """
    readers = Counter(name for layer in network.layers for name in layer.inputs)
    made: dict[str, Arithmetic] = {}
    for layer in arithmetic(network):
        before = made.get(layer.inputs[0])
        match before, layer:
            case Convolution(), AveragePool() if _joins(layer) and readers[before.output] == 1:
                del made[before.output]
                made[layer.output] = _joined(before, layer)
            case _:
                made[layer.output] = layer
    return replace(network, layers=tuple(made.values()))


def _joins(pool: AveragePool) -> bool:
    """Whether every window is whole."""
    return not any(pool.padding)


def _joined(layer: Convolution, pool: AveragePool) -> Convolution:
    """Tap t at place d of a window reads d * stride + t."""
    (down, across), (height, width) = layer.stride, layer.weight.shape[2:]
    rows, columns = pool.kernel
    extent = down * (rows - 1) + height, across * (columns - 1) + width
    weight = np.zeros((*layer.weight.shape[:2], *extent))
    for y in range(0, down * rows, down):
        for x in range(0, across * columns, across):
            weight[:, :, y : y + height, x : x + width] += layer.weight
    stride = down * pool.stride[0], across * pool.stride[1]
    return replace(layer, output=pool.output, weight=weight / (rows * columns), stride=stride)
