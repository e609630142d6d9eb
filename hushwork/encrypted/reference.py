"""The network in plain float64 arithmetic, layer by layer: what a plan is checked against."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from hushwork.networks import (
    Add,
    AveragePool,
    Convolution,
    Flatten,
    Layer,
    Linear,
    Network,
    Polynomial,
)

Array = NDArray[np.float64]
Shape = tuple[int, ...]


def evaluate(network: Network, x: Array) -> dict[str, Array]:
    """Every named value for one input of the network's input shape."""
    values = {network.input: np.asarray(x, dtype=np.float64)}
    for layer in network.layers:
        inputs = [values[name] for name in layer.inputs]
        values[layer.output] = _layer(layer, inputs, network.shapes[layer.output])
    return values


def _layer(layer: Layer, inputs: list[Array], shape: Shape) -> Array:
    x = inputs[0]
    match layer:
        case Convolution():
            return _convolution(layer, x, shape)
        case AveragePool():
            return _average_pool(layer, x, shape)
        case Linear():
            return layer.weight @ x + layer.bias
        case Flatten():
            return x.reshape(-1)
        case Polynomial():
            return _polynomial(layer, x)
        case Add():
            return x + inputs[1]


def _polynomial(layer: Polynomial, x: Array) -> Array:
    columns = layer.coefficients.reshape(*layer.coefficients.shape, *[1] * (x.ndim - 1))
    y = np.zeros_like(x)
    for coefficients in columns[::-1]:
        y = y * x + coefficients
    return y


def _padded(x: Array, padding: tuple[int, int, int, int]) -> Array:
    top, left, bottom, right = padding
    return np.pad(x, ((0, 0), (top, bottom), (left, right)))


def _window(x: Array, tap: tuple[int, int], stride: tuple[int, int], shape: Shape) -> Array:
    """What one kernel tap sees, (channels, output height, output width)."""
    (i, j), (down, across) = tap, stride
    return x[:, i : i + down * (shape[1] - 1) + 1 : down, j : j + across * (shape[2] - 1) + 1 : across]


def _convolution(layer: Convolution, x: Array, shape: Shape) -> Array:
    x = _padded(x, layer.padding)
    y = np.zeros(shape)
    out_group, in_group = shape[0] // layer.groups, layer.weight.shape[1]
    for i, j in product(*map(range, layer.weight.shape[2:])):
        seen = _window(x, (i, j), layer.stride, shape)
        for g in range(layer.groups):
            rows = slice(g * out_group, (g + 1) * out_group)
            y[rows] += np.tensordot(
                layer.weight[rows, :, i, j], seen[g * in_group : (g + 1) * in_group], 1
            )
    return y + layer.bias[:, None, None]


def _average_pool(layer: AveragePool, x: Array, shape: Shape) -> Array:
    taps = list(product(*map(range, layer.kernel)))

    def total(z: Array) -> Array:
        z = _padded(z, layer.padding)
        return np.sum([_window(z, tap, layer.stride, shape) for tap in taps], axis=0)

    return total(x) / (len(taps) if layer.count_padding else total(np.ones_like(x)))
