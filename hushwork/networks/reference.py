"""The typed layers in float64 numpy: slow, short, and what other runs are compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hushwork.errors import InvalidInput
from hushwork.networks import polynomials
from hushwork.networks.layers import (
    Add,
    Array,
    AveragePool,
    Convolution,
    Flatten,
    Layer,
    Linear,
    Network,
    Polynomial,
    Shape,
)


def evaluate(network: Network, x: ArrayLike) -> Array:
    """Run a batch, (n, *input_shape) to (n, *output_shape). Raises InvalidInput."""
    return trace(network, x)[network.output]


def trace(network: Network, x: ArrayLike) -> dict[str, Array]:
    """Every value of a batch, by name, each (n, *shape). Raises InvalidInput."""
    values = {network.input: checked_batch(x, network.input_shape)}
    for layer in network.layers:
        values[layer.output] = _apply(layer, *(values[name] for name in layer.inputs))
    return values


def checked_batch(x: ArrayLike, shape: Shape) -> Array:
    """A batch as float64. Raises InvalidInput unless it is finite and (n, *shape), n >= 1."""
    expected = f"finite numbers of shape (n, {', '.join(map(str, shape))})"
    try:
        batch = np.asarray(x, np.float64)
    except (TypeError, ValueError):
        raise InvalidInput("batch", expected=expected, got=type(x).__name__) from None
    if batch.shape[1:] != shape or len(batch.shape) == 0 or len(batch) == 0:
        raise InvalidInput("batch", expected=expected, got=f"shape {batch.shape}")
    if not np.isfinite(batch).all():
        raise InvalidInput("batch", expected=expected, got="NaN or infinity")
    return batch


def _apply(layer: Layer, x: Array, *others: Array) -> Array:
    match layer:
        case Convolution():
            return _convolve(layer, x)
        case Linear():
            return x @ layer.weight.T + layer.bias
        case AveragePool():
            return _pool(layer, x)
        case Flatten():
            return x.reshape(len(x), -1)
        case Polynomial():
            return _polynomial(layer, x)
        case Add():
            return x + others[0]


def _convolve(layer: Convolution, x: Array) -> Array:
    out, per_group, height, width = layer.weight.shape
    windows = _windows(x, (height, width), layer.stride, layer.padding)
    n, channels, rows, columns = windows.shape[:4]
    groups = channels // per_group
    grouped = windows.reshape(n, groups, per_group, rows, columns, height, width)
    weight = layer.weight.reshape(groups, out // groups, per_group, height, width)
    summed: Array = np.einsum("ngcijhw,gochw->ngoij", grouped, weight, optimize=True)
    biased: Array = summed.reshape(n, out, rows, columns) + layer.bias[:, None, None]
    return biased


def _pool(layer: AveragePool, x: Array) -> Array:
    def total(values: Array) -> Array:
        windows = _windows(values, layer.kernel, layer.stride, layer.padding)
        summed: Array = windows.sum(axis=(-2, -1))
        return summed

    if layer.count_padding:
        return total(x) / (layer.kernel[0] * layer.kernel[1])
    return total(x) / total(np.ones_like(x[:1, :1]))


def _windows(
    x: Array, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int, int, int]
) -> Array:
    """(n, c, h, w) to (n, c, rows, columns, *kernel)."""
    top, left, bottom, right = padding
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    windows: Array = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(2, 3))
    return windows[:, :, :: stride[0], :: stride[1]]


def _polynomial(layer: Polynomial, x: Array) -> Array:
    by_channel = np.moveaxis(x, 1, -1)
    return np.moveaxis(polynomials.evaluate(layer.series, by_channel), -1, 1)
