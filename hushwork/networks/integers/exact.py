"""The exact run of a quantised network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hushwork.errors import InvalidInput
from hushwork.networks.integers import windows
from hushwork.networks.integers.architecture import Architecture
from hushwork.networks.integers.layers import Layer, Maximum, Requantise, Sum, Weighted
from hushwork.networks.integers.network import IntegerNetwork, Parameters
from hushwork.networks.integers.windows import Array
from hushwork.networks.reference import checked_batch

Integers = NDArray[np.int64]

ELEMENTS = 1 << 22
"""Most elements of a value at a time."""


def quantise_input(architecture: Architecture, x: ArrayLike) -> Integers:
    """Inputs as ONNX has them, (n, channels, height, width) or (n, features), in whole numbers.

    Returns (n, height, width, channels), or (n, 1, 1, features): the nearest multiples of the input
    scale, halves upwards, within the range of the input. Raises InvalidInput.
    """
    height, width, channels = architecture.shape
    is_vector = np.ndim(x) == 2 and height == width == 1
    shape = (channels,) if is_vector else (channels, height, width)
    batch = channels_last(checked_batch(x, shape))
    rounded = np.floor(batch / architecture.input_scale + 0.5)
    return np.clip(rounded, architecture.low, architecture.high).astype(np.int64)


def channels_last(x: Array) -> Array:
    """(n, channels, height, width) as (n, height, width, channels); (n, f) as (n, 1, 1, f)."""
    return x.transpose(0, 2, 3, 1) if x.ndim == 4 else x[:, None, None, :]


def run(network: IntegerNetwork, x: ArrayLike) -> Integers:
    """Outputs (n, labels) of whole inputs (n, height, width, channels). Raises InvalidInput."""
    return np.concatenate([values[-1] for values in _in_parts(network, x)])[:, 0, 0]


def trace(network: IntegerNetwork, x: ArrayLike) -> tuple[Integers, ...]:
    """Every value by number, each (n, height, width, channels), and last the output.

    Raises InvalidInput.
    """
    parts = list(_in_parts(network, x))
    return tuple(np.concatenate(values) for values in zip(*parts, strict=True))


def _in_parts(network: IntegerNetwork, x: ArrayLike) -> Iterator[list[Integers]]:
    """Every value of some images at a time."""
    architecture = network.architecture
    batch = _checked(architecture, x)
    step = max(1, ELEMENTS // max(prod(value.shape) for value in architecture.values))
    for start in range(0, len(batch), step):
        values = {0: batch[start : start + step]}
        layers = (*architecture.layers, architecture.output)
        for layer, parameters in zip(layers, network.parameters, strict=True):
            values[len(values)] = _apply(layer, parameters, values)
        yield [value.astype(np.int64) for value in values.values()]


def _checked(architecture: Architecture, x: ArrayLike) -> Array:
    low, high = architecture.low, architecture.high
    batch = checked_batch(x, architecture.shape)
    if not ((batch == np.floor(batch)) & (batch >= low) & (batch <= high)).all():
        raise InvalidInput("batch", expected=f"whole numbers from {low} to {high}", got="others")
    return batch


def _apply(layer: Layer | Sum, parameters: Parameters, values: Mapping[int, Array]) -> Array:
    match layer:
        case Maximum():
            return windows.maximum(values[layer.input], layer.window)
        case Requantise():
            return requantise(layer, accumulate(layer, parameters, values))
        case Sum():
            return accumulate(layer, parameters, values)


def accumulate(
    layer: Requantise | Sum, parameters: Parameters, values: Mapping[int, Array]
) -> Array:
    """The accumulators of a sum, by the values that it reads."""
    weights = iter(parameters.weights)
    total: Array | float = 0.0 if parameters.bias is None else parameters.bias.astype(np.float64)
    for term in layer.terms:
        x = values[term.input]
        if isinstance(term, Weighted):
            total = total + windows.weighted(x, term.window, next(weights))
        else:
            total = total + windows.summed(x, term.window) * term.factor
    return np.asarray(total)


def requantise(layer: Requantise, acc: Array) -> Array:
    """Bytes of accumulators."""
    low, high = (-128, 127) if layer.signed else (0, 255)
    half = 1 << layer.shift >> 1
    q = np.clip(np.floor((acc + half) / (1 << layer.shift)), low, high)
    if layer.table is None:
        return q
    return np.array(layer.table, np.float64)[q.astype(np.int64) - low]
