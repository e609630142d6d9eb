"""A convolution and the averages beside it as one: its matrix is smaller than theirs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hushwork.networks import AveragePool, Convolution, Layer, Network

Array = NDArray[np.float64]
Pair = tuple[int, int]


def fused(network: Network) -> Network:
    """The same network, where averages side by side follow or precede a convolution."""
    readers = Counter(name for layer in network.layers for name in layer.inputs)
    made: dict[str, Layer] = {}
    for layer in network.layers:
        before = made.get(layer.inputs[0])
        joined = _joined(network, before, layer) if before and readers[before.output] == 1 else None
        if joined and before:
            del made[before.output]
        made[layer.output] = joined or layer
    return replace(network, layers=tuple(made.values()))


def _joined(network: Network, first: Layer, second: Layer) -> Convolution | None:
    match first, second:
        case Convolution(), AveragePool() if _plain(second):
            return _then_average(first, second)
        case AveragePool(), Convolution() if _plain(first) and _covers(network, first, second):
            return _of_average(first, second)
    return None


def _plain(pool: AveragePool) -> bool:
    """Whether every window is whole."""
    return not any(pool.padding)


def _covers(network: Network, pool: AveragePool, layer: Convolution) -> bool:
    """Whether padding of the means is padding of what they are taken of, side by side."""
    extents = zip(network.shapes[pool.inputs[0]][1:], network.shapes[pool.output][1:], strict=True)
    whole = all(
        size == count * step for (size, count), step in zip(extents, pool.stride, strict=True)
    )
    return (whole and pool.kernel == pool.stride) or not any(layer.padding)


def _then_average(layer: Convolution, pool: AveragePool) -> Convolution:
    """Tap t of offset d in a window reads d * stride + t."""
    weight = _spread(layer.weight, layer.stride, (1, 1), pool.kernel)
    stride = _times(layer.stride, pool.stride)
    return replace(layer, output=pool.output, weight=weight, stride=stride)


def _of_average(pool: AveragePool, layer: Convolution) -> Convolution:
    """Tap t of the means reads t * stride + d."""
    weight = _spread(layer.weight, (1, 1), pool.stride, pool.kernel)
    down, across = pool.stride
    top, left, bottom, right = layer.padding
    return replace(
        layer,
        inputs=pool.inputs,
        weight=weight,
        stride=_times(layer.stride, pool.stride),
        padding=(top * down, left * across, bottom * down, right * across),
    )


def _spread(weight: Array, offsets: Pair, taps: Pair, kernel: Pair) -> Array:
    """Kernels (out, in, height, width) whose tap t goes to offsets * d + taps * t for every d in a
    window, shared evenly."""
    height, width = (
        offset * (size - 1) + tap * (count - 1) + 1
        for offset, size, tap, count in zip(offsets, kernel, taps, weight.shape[2:], strict=True)
    )
    wide = np.zeros((*weight.shape[:2], height, width))
    rows, columns = (tap * np.arange(n) for tap, n in zip(taps, weight.shape[2:], strict=True))
    for down in range(kernel[0]):
        for across in range(kernel[1]):
            wide[:, :, offsets[0] * down + rows[:, None], offsets[1] * across + columns] += weight
    return wide / np.prod(kernel)


def _times(a: Pair, b: Pair) -> Pair:
    return a[0] * b[0], a[1] * b[1]
