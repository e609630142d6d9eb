"""The run of a quantised network in Python's own integers, loop by loop, as its words say."""

from __future__ import annotations

import itertools

from hushwork.networks.integers import Fixed, IntegerNetwork, Maximum, Requantise, Weighted

Tensor = dict[tuple[int, int, int], int]
"""(row, column, channel)"""


def run(network: IntegerNetwork, image) -> list[Tensor]:
    """Every value of one image, (height, width, channels), and last the output."""
    architecture = network.architecture
    shapes = [value.shape for value in architecture.values]
    values = [{place: int(image[place]) for place in places(shapes[0])}]
    layers = (*architecture.layers, architecture.output)
    for layer, parameters in zip(layers, network.parameters, strict=True):
        shape = shapes[len(values)]
        values.append(
            {place: element(layer, parameters, place, values, shapes) for place in places(shape)}
        )
    return values


def places(shape):
    return list(itertools.product(*map(range, shape)))


def element(layer, parameters, place, values, shapes) -> int:
    row, column, channel = place
    if isinstance(layer, Maximum):
        x, shape = values[layer.input], shapes[layer.input]
        return max(x[i, j, channel] for _, _, i, j in taps(layer.window, shape, row, column))
    total = 0 if parameters.bias is None else int(parameters.bias[channel])
    weights = list(parameters.weights)
    for term in layer.terms:
        x, shape = values[term.input], shapes[term.input]
        weight = weights.pop(0) if isinstance(term, Weighted) else None
        for y, z, i, j in taps(term.window, shape, row, column):
            if isinstance(term, Fixed):
                total += term.factor * x[i, j, channel]
                continue
            for k in range(shape[2]):
                total += int(weight[y, z, k, channel]) * x[i, j, k]
    return requantised(layer, total) if isinstance(layer, Requantise) else total


def taps(window, shape, row, column):
    """Places of a kernel, and of the input beneath it, that are not padding."""
    (height, width), (down, across) = window.kernel, window.stride
    for y, z in itertools.product(range(height), range(width)):
        i, j = row * down + y - window.padding[0], column * across + z - window.padding[1]
        if 0 <= i < shape[0] and 0 <= j < shape[1]:
            yield y, z, i, j


def requantised(layer: Requantise, acc: int) -> int:
    half = 2 ** (layer.shift - 1) if layer.shift >= 1 else 0
    v = (acc + half) // 2**layer.shift
    low, high = (-128, 127) if layer.signed else (0, 255)
    q = min(max(v, low), high)
    return q if layer.table is None else layer.table[q - low]
