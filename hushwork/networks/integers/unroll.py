"""A convolution whose output is flattened, as a matrix: for an output, which is a vector."""

from __future__ import annotations

from math import prod

import numpy as np

from hushwork.errors import TooLarge, UnsupportedOperator
from hushwork.networks.integers.layers import Window
from hushwork.networks.integers.sums import Product, Shape, Total
from hushwork.networks.integers.windows import Array

MATRIX = 1 << 22
"""Most elements of a matrix."""


def unrolled(total: Total, shape: Shape, inputs: dict[str, Shape]) -> Total:
    """A sum of convolutions of shape (height, width, channels) as one of (1, 1, all of them),
    channels first. Raises UnsupportedOperator or TooLarge."""
    if len(total.products) != len(total.terms):
        expected, got = "dense layers or convolutions", "others, flattened"
        raise UnsupportedOperator("the output", expected=expected, got=got)
    terms = tuple(_matrix(term, inputs[term.input], shape) for term in total.products)
    bias = np.repeat(total.bias, shape[0] * shape[1])
    return Total(total.name, total.output, terms, bias)


def _matrix(term: Product, entry: Shape, shape: Shape) -> Product:
    (height, width, channels), (rows, columns, outputs) = entry, shape
    if prod(entry) * prod(shape) > MATRIX:
        got = prod(entry) * prod(shape)
        raise TooLarge("the output as a matrix", expected=f"at most {MATRIX} weights", got=got)
    dense: Array = np.zeros((height, width, channels, outputs, rows, columns))
    (down, across), (top, left, _, _) = term.window.stride, term.window.padding
    for row, column, y, x in np.ndindex(rows, columns, *term.window.kernel):
        at = row * down + y - top, column * across + x - left
        if 0 <= at[0] < height and 0 <= at[1] < width:
            dense[at][:, :, row, column] += term.weight[y, x]
    return Product(term.input, Window((height, width)), dense.reshape(height, width, channels, -1))
