"""The typed layers in float64 numpy: slow, short, and what other runs are compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hushwork.errors import InvalidInput
from hushwork.networks import functions, polynomials
from hushwork.networks.layers import (
    Add,
    Array,
    AveragePool,
    Convolution,
    Flatten,
    Layer,
    Linear,
    MaxPool,
    Network,
    Pointwise,
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
    made: Array
    match layer:
        case Convolution():
            made = _convolve(layer, x)
        case Linear():
            made = x @ layer.weight.T + layer.bias
        case AveragePool():
            made = _mean(layer, x)
        case MaxPool():
            made = _windows(x, layer, -np.inf).max(axis=(-2, -1))
        case Flatten():
            made = x.reshape(len(x), -1)
        case Polynomial():
            made = _polynomial(layer, x)
        case Pointwise():
            made = functions.apply(layer.function, x)
        case Add():
            made = x + others[0]
    return made


def _convolve(layer: Convolution, x: Array) -> Array:
    out, per_group, height, width = layer.weight.shape
    windows = _windows(x, layer)
    n, channels, rows, columns = windows.shape[:4]
    groups = channels // per_group
    grouped = windows.reshape(n, groups, per_group, rows, columns, height, width)
    weight = layer.weight.reshape(groups, out // groups, per_group, height, width)
    summed: Array = np.einsum("ngcijhw,gochw->ngoij", grouped, weight, optimize=True)
    biased: Array = summed.reshape(n, out, rows, columns) + layer.bias[:, None, None]
    return biased


def _mean(layer: AveragePool, x: Array) -> Array:
    def total(values: Array) -> Array:
        summed: Array = _windows(values, layer).sum(axis=(-2, -1))
        return summed

    if layer.count_padding:
        return total(x) / (layer.kernel[0] * layer.kernel[1])
    return total(x) / total(np.ones_like(x[:1, :1]))


def _windows(x: Array, layer: Convolution | AveragePool | MaxPool, around: float = 0.0) -> Array:
    """(n, c, h, w) to (n, c, rows, columns, *kernel)."""
    kernel = layer.weight.shape[2:] if isinstance(layer, Convolution) else layer.kernel
    top, left, bottom, right = layer.padding
    pads = ((0, 0), (0, 0), (top, bottom), (left, right))
    padded = np.pad(x, pads, constant_values=around)
    windows: Array = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(2, 3))
    return windows[:, :, :: layer.stride[0], :: layer.stride[1]]


def _polynomial(layer: Polynomial, x: Array) -> Array:
    by_channel = np.moveaxis(x, 1, -1)
    return np.moveaxis(polynomials.evaluate(layer.series, by_channel), -1, 1)
