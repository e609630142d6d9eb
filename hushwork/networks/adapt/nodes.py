"""ONNX nodes and tensors as they are written: polynomials, sums, depthwise convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[np.float64]
End = tuple[str, tuple[int, ...]]
"""Name, and shape without the batch, of a network's input or output."""


@dataclass
class Writer:
    """Nodes and tensors of a graph in the making."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    tensors: dict[str, NDArray[Any]] = field(default_factory=dict)

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Append a node, named after its output."""
        made = helper.make_node(operator, inputs, [output], name=output, **attributes)
        self.nodes.append(made)
        return output

    def tensor(self, name: str, value: ArrayLike) -> str:
        """Add a tensor of float32."""
        self.tensors[name] = np.asarray(value, np.float32)
        return name

    def needed(self, output: str) -> Writer:
        """Without the nodes on which an output does not depend."""
        nodes, names = [], {output}
        for node in reversed(self.nodes):
            if not names.isdisjoint(node.output):
                names.update(node.input)
                nodes.append(node)
        return Writer(nodes[::-1], self.tensors)

    def initialisers(self) -> list[onnx.TensorProto]:
        """The tensors that nodes read."""
        read = {name for node in self.nodes for name in node.input}
        kept = {name: value for name, value in self.tensors.items() if name in read}
        return [numpy_helper.from_array(value, name) for name, value in kept.items()]


@dataclass(frozen=True, eq=False)
class Series:
    """A polynomial of each channel, as a Chebyshev series in (x - centre) / half."""

    centre: Array
    """(channels,) or (1,)"""
    half: Array
    """(channels,) or (1,)"""
    coefficients: Array
    """(degree + 1, channels or 1), of T_0, T_1, ..."""

    def __call__(self, x: NDArray[Any]) -> NDArray[Any]:
        """Value at x, (n, channels, ...)."""
        shape = (-1, *[1] * (x.ndim - 2))
        t = (x - self.centre.reshape(shape)) / self.half.reshape(shape)
        columns = self.coefficients.reshape(len(self.coefficients), *shape)
        one, two = np.zeros_like(t), np.zeros_like(t)
        for column in columns[:0:-1]:
            one, two = column + 2 * t * one - two, one
        value: NDArray[Any] = columns[0] + t * one - two
        return value


def normalised(output: str) -> str:
    """The tensor in [-1, 1] from which a polynomial is computed."""
    return f"{output}.normalised"


def write_series(writer: Writer, source: str, output: str, series: Series, rank: int) -> None:
    """Write a polynomial: its argument brought to [-1, 1], then Clenshaw's recurrence.

    Stable in float32 at any degree (Clenshaw 1955); of degree 2 it is Horner's scheme.
    """

    def vector(name: str, values: Array) -> str:
        return writer.tensor(f"{output}.{name}", values.reshape(-1, *[1] * (rank - 2)))

    scaled = [source, vector("scale", 1 / series.half)]
    writer.node("Mul", scaled, f"{output}.scaled")
    t = normalised(output)
    moved = [f"{output}.scaled", vector("shift", -series.centre / series.half)]
    writer.node("Add", moved, t)
    write_chebyshev(writer, t, output, series.coefficients, rank)


def write_chebyshev(writer: Writer, t: str, output: str, c: Array, rank: int) -> None:
    """Write a Chebyshev series (degree + 1, channels or 1), degree >= 2, of a tensor."""

    def vector(k: int, values: Array) -> str:
        return writer.tensor(f"{output}.c{k}", values.reshape(-1, *[1] * (rank - 2)))

    def node(operator: str, first: str, second: str, name: str = "") -> str:
        made = name or f"{output}.{len(writer.nodes)}"
        return writer.node(operator, [first, second], made)

    if len(c) == 3:
        square = node("Mul", t, vector(2, 2 * c[2]))
        slope = node("Mul", node("Add", square, vector(1, c[1])), t)
        node("Add", slope, vector(0, c[0] - c[2]), output)
        return
    twice = node("Mul", t, writer.tensor(f"{output}.two", 2.0))
    two = vector(len(c) - 1, c[-1])
    one = node("Add", node("Mul", twice, two), vector(len(c) - 2, c[-2]))
    for k in range(len(c) - 3, 0, -1):
        product = node("Sub", node("Mul", twice, one), two)
        one, two = node("Add", product, vector(k, c[k])), one
    last = node("Sub", node("Mul", t, one), two)
    node("Add", last, vector(0, c[0]), output)


def encode(  # noqa: PLR0917
    writer: Writer,
    entry: End,
    result: End,
    metadata: Mapping[str, str],
    opsets: list[onnx.OperatorSetIdProto],
    version: int,
) -> bytes:
    """A network as a file; input and output by name and shape without the batch."""

    def value(name: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])

    writer = writer.needed(result[0])
    ends = [value(*entry)], [value(*result)]
    graph = helper.make_graph(writer.nodes, "adapted", *ends, writer.initialisers())
    model = helper.make_model(
        graph, opset_imports=opsets, ir_version=version, producer_name="hushwork"
    )
    helper.set_model_props(model, dict(metadata))
    data: bytes = model.SerializeToString(deterministic=True)
    return data
