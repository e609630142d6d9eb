"""A network as a short list of typed layers: what every guarantee compiles from.

Values are named; each layer reads named values and writes one. Shapes are without a batch axis:
(channels, height, width) for images, (features,) for vectors. Weights are float64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hushwork.networks.functions import Function

Array = NDArray[np.float64]
Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Convolution:
    """2-D cross-correlation; batch norm is folded in."""

    name: str
    inputs: tuple[str]
    output: str
    weight: Array
    """(out, in / groups, kernel height, kernel width)"""
    bias: Array
    """(out,)"""
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    """top, left, bottom, right; zeros"""
    groups: int = 1


@dataclass(frozen=True, eq=False)
class Linear:
    """y = weight @ x + bias."""

    name: str
    inputs: tuple[str]
    output: str
    weight: Array
    """(out, in)"""
    bias: Array
    """(out,)"""


@dataclass(frozen=True, eq=False)
class AveragePool:
    """Mean over windows; padding counts as zeros only if `count_padding`."""

    name: str
    inputs: tuple[str]
    output: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    count_padding: bool = False


@dataclass(frozen=True, eq=False)
class MaxPool:
    """Maximum over windows; padding never wins, and is below the kernel."""

    name: str
    inputs: tuple[str]
    output: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class Flatten:
    """(c, h, w) to (c * h * w,), channel-major as in ONNX."""

    name: str
    inputs: tuple[str]
    output: str


@dataclass(frozen=True, eq=False)
class Polynomial:
    """A polynomial of each element, as a Chebyshev series with coefficients of its channel."""

    name: str
    inputs: tuple[str]
    output: str
    series: Array
    """(degree + 1, channels or 1), of T_0, T_1, ... of the element itself; channels are the value's
    leading axis. From degree 3 on elements should lie in [-1, 1], where these are small."""

    @property
    def degree(self) -> int:
        """Highest power."""
        return len(self.series) - 1


@dataclass(frozen=True, eq=False)
class Add:
    """Sum of two values of one shape (a residual connection)."""

    name: str
    inputs: tuple[str, str]
    output: str


@dataclass(frozen=True, eq=False)
class Pointwise:
    """A function of each element that is no polynomial."""

    name: str
    inputs: tuple[str]
    output: str
    function: Function


Arithmetic = Convolution | Linear | AveragePool | Flatten | Polynomial | Add
"""Sums and products alone."""
Layer = Arithmetic | MaxPool | Pointwise


@dataclass(frozen=True, eq=False)
class Network:
    """Layers in the order in which they run."""

    name: str
    input: str
    output: str
    layers: tuple[Layer, ...]
    shapes: Mapping[str, Shape]
    """Shape of every value."""
    labels: tuple[str, ...]
    """Names of the outputs; their indices as text where the file names none."""
    onnx: bytes
    """The file it was read from; the plain run uses it."""
    digest: str
    """SHA-256 of `onnx`, hex."""
    bounds: Mapping[str, float] = field(default_factory=dict)
    """Largest magnitude that the network is made for, of the values of which the file says it."""
    typical: Array | None = None
    """An input within the bounds, if the file has one."""

    @property
    def input_shape(self) -> Shape:
        """Shape of the one input."""
        return self.shapes[self.input]

    @property
    def output_shape(self) -> Shape:
        """Shape of the one output."""
        return self.shapes[self.output]
