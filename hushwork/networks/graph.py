"""The state of reading an ONNX graph: values and layers so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import InvalidNetwork, TooLarge
from hushwork.networks.layers import Array, Convolution, Layer, Linear, Polynomial, Shape
from hushwork.networks.node import Node
from hushwork.networks.polynomials import IDENTITY

Constant = NDArray[Any]
Padding = tuple[int, int, int, int]

DEGREE_LIMIT = 127
"""Of a polynomial: what tests hold to be exact in float32, and under encryption."""
WEIGHT_LIMIT = 1 << 26
"""Most weights of a network, counted once for each layer that uses them."""
VALUE_LIMIT = 1 << 24
"""Most elements of one value."""


@dataclass(frozen=True, eq=False)
class Value:
    """An ONNX tensor, as a polynomial in the output of a layer, with zeros still to be padded."""

    name: str
    base: str
    shape: Shape
    """Without a batch axis and without the padding."""
    series: Array = field(default_factory=lambda: IDENTITY)
    padding: Padding = (0, 0, 0, 0)

    @property
    def is_base(self) -> bool:
        """Whether it is the layer's output itself."""
        return self.series.shape == (2, 1) and bool((self.series == IDENTITY).all())


class Graph:
    """Layers and values read so far."""

    def __init__(self, uses: Counter[str]) -> None:
        self.uses = uses
        """How often each ONNX tensor is read."""
        self.values: dict[str, Value | Constant] = {}
        self.layers: dict[str, Layer] = {}
        """By output, in the order in which they run."""
        self.shapes: dict[str, Shape] = {}
        self.fixed_batch = False
        """Whether the file is for one image at a time."""
        self._owners: dict[str, str] = {}
        """The ONNX tensor that stands for a layer's output."""
        self._materialised: dict[Value, str] = {}
        self._weights = 0

    def enter(self, name: str, shape: Shape, *, fixed_batch: bool) -> None:
        """Declare the network's input."""
        self.shapes[name] = shape
        self.fixed_batch = fixed_batch
        self.define(name, Value(name, name, shape))

    def define(self, name: str, value: Value | Constant) -> None:
        """Name what a node, an initialiser or the input gives."""
        if name in self.values or not name:
            raise InvalidNetwork("network", expected="one definition of each name", got=repr(name))
        self.values[name] = value

    def read(self, node: Node, index: int) -> Value | Constant:
        """Whatever a node reads as its input `index`."""
        if not node.has_input(index):
            raise node.invalid(f"an input {index}", "none")
        name = node.inputs[index]
        if name not in self.values:
            raise node.invalid("values defined before their use", name)
        return self.values[name]

    def value(self, node: Node, index: int = 0) -> Value:
        """An input that must depend on the network's input."""
        value = self.read(node, index)
        if not isinstance(value, Value):
            raise node.refuse(f"a computed value as input {index}", "a constant")
        return value

    def constant(self, node: Node, index: int) -> Constant:
        """An input that must be a constant."""
        constant = self.read(node, index)
        if isinstance(constant, Value):
            raise node.refuse(f"a constant as input {index}", "a computed value")
        return constant

    def weight(self, node: Node, index: int, rank: int) -> Array:
        """A constant input of this many axes, as float64, counted against the limit."""
        constant = self.constant(node, index)
        if constant.ndim != rank or constant.size == 0:
            raise node.refuse(f"{rank} axes in input {index}", f"shape {constant.shape}")
        self._weights += constant.size
        if self._weights > WEIGHT_LIMIT:
            raise TooLarge("weights", expected=f"at most {WEIGHT_LIMIT}", got=self._weights)
        return constant.astype(np.float64)

    def axes(self, node: Node) -> list[int]:
        """Axes of a tensor of rank 4, from the second input or the attribute of older opsets."""
        if node.has_input(1):
            axes = [int(axis) for axis in self.constant(node, 1).reshape(-1)[:8]]
        else:
            axes = list(node.list_of_integers("axes"))
        return sorted(axis + 4 if axis < 0 else axis for axis in axes)

    def operand(self, node: Node, rank: int, *, padded: bool = False) -> tuple[str, Value]:
        """The first input as a layer's output, of this many axes; padded only where allowed."""
        value = self.value(node)
        if len(value.shape) != rank:
            raise node.refuse(f"an input of {rank} axes beside the batch", f"shape {value.shape}")
        if not padded:
            self.require_no_padding(node, value)
        return self.materialise(value), value

    def require_no_padding(self, node: Node, value: Value) -> None:
        """Refuse a value that was padded for a convolution or a mean."""
        if any(value.padding):
            raise node.refuse("a convolution or a mean after Pad", node.operator)

    def emit(self, node: Node, layer: Layer, shape: Shape) -> Value:
        """Append a layer."""
        self._append(layer, shape)
        self._owners[layer.output] = node.output
        return Value(node.output, layer.output, shape)

    def apply(self, node: Node, value: Value, series: Array, name: str = "") -> Value:
        """Another polynomial in the base of `value`, from which alone it is computed.

        Of degree 1, it is folded into the layer if nobody else reads that layer's output.
        """
        name = name or node.output
        if len(series) - 1 > DEGREE_LIMIT:
            raise node.refuse(f"a degree up to {DEGREE_LIMIT}", len(series) - 1)
        if series.shape[1] not in (1, value.shape[0]):
            raise node.refuse(f"{value.shape[0]} or 1 coefficients", series.shape[1])
        layer = self.layers.get(value.base)
        owned = self._owners.get(value.base) == value.name and self.uses[value.name] == 1
        if isinstance(layer, Convolution | Linear) and owned and len(series) == 2:
            self.layers[value.base] = _scaled(layer, *series)
            self._owners[value.base] = name
            series = IDENTITY
        return Value(name, value.base, value.shape, series)

    def materialise(self, value: Value) -> str:
        """The name of the layer output that equals a value, padding apart."""
        if value.is_base:
            return value.base
        if value not in self._materialised:
            missing = max(0, 2 - len(value.series))
            series = np.pad(value.series, ((0, missing), (0, 0)))
            layer = Polynomial(value.name, (value.base,), value.name, series)
            self._append(layer, value.shape)
            self._materialised[value] = value.name
        return self._materialised[value]

    def _append(self, layer: Layer, shape: Shape) -> None:
        size = int(np.prod(shape, dtype=object))
        if size > VALUE_LIMIT:
            limit = f"at most {VALUE_LIMIT} elements"
            raise TooLarge(f"the output of {layer.name}", expected=limit, got=size)
        if layer.output in self.shapes:
            raise InvalidNetwork(layer.name, expected="one output of each name", got=layer.output)
        self.layers[layer.output] = layer
        self.shapes[layer.output] = shape


def _scaled(layer: Convolution | Linear, shift: Array, scale: Array) -> Layer:
    rows = scale.reshape(-1, *[1] * (layer.weight.ndim - 1))
    return replace(layer, weight=layer.weight * rows, bias=layer.bias * scale + shift)
