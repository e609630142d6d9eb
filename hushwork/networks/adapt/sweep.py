"""One pass over a network: every node runs on the calibration images, and what cannot be encrypted
is replaced as soon as its input is known, so that later polynomials see what earlier ones give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from hushwork.errors import UnsupportedOperator
from hushwork.networks.adapt import pooling
from hushwork.networks.adapt.fit import Fit, Function, fit, spread
from hushwork.networks.adapt.nodes import Writer, write_series
from hushwork.networks.adapt.prepare import ARITHMETIC, FUNCTIONS, MAXIMA, Prepared

Array = NDArray[np.float64]
Values = NDArray[np.float32]
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Method:
    """How to replace."""

    degree: int
    average: bool = False
    """Average pooling for max pooling."""
    margin: float = 1.2
    """Width of the range of a polynomial, over that of the numbers met."""


@dataclass(frozen=True)
class Replacement:
    """What was done to a layer."""

    layer: str
    operators: str
    """What was there, in ONNX's names."""
    degree: int
    """0: replaced by a mean."""
    low: float = 0.0
    high: float = 0.0
    """The widest range of a channel."""
    error: float = 0.0
    """As in `hushwork.networks.adapt.fit.Fit`."""


@dataclass(frozen=True, eq=False)
class _Element:
    """A tensor that is computed element by element from one other."""

    source: str
    nodes: tuple[int, ...]
    """Of the whole network, in order."""
    is_polynomial: bool


@dataclass
class Sweep:
    """The pass; afterwards `writer` holds the new network, and `values` its output."""

    network: Prepared
    method: Method
    writer: Writer = field(default_factory=Writer)
    values: dict[str, Values] = field(default_factory=dict)
    replaced: list[Replacement] = field(default_factory=list)
    bounded: list[str] = field(default_factory=list)
    """Outputs of the polynomials."""
    largest: int = 0
    """Bytes of the largest tensor."""

    def run(self, images: Values, tell: Tell) -> Values:
        """Replace, on these images; returns the new network's outputs for them."""
        self._elements: dict[str, _Element] = {}
        self.writer.tensors.update(self.network.constants)
        self.values[self.network.input] = images
        last = _last_uses(self.network)
        for index, node in enumerate(self.network.nodes):
            tell("replacing", index, len(self.network.nodes))
            self._node(index, node)
            for name in [name for name in self.values if last.get(name, index) < index]:
                del self.values[name]
        self._settle(self.network.output)
        tell("replacing", 1, 1)
        return self.values[self.network.output]

    def _node(self, index: int, node: onnx.NodeProto) -> None:
        element = self._element(index, node)
        if element is not None:
            self._elements[node.output[0]] = element
            return
        if node.op_type in FUNCTIONS:
            raise UnsupportedOperator(
                f"{node.op_type} (node {node.name})",
                expected="a function of each element of one tensor, the same within a channel",
                got=list(node.input),
            )
        for name in node.input:
            self._settle(name)
        if node.op_type in MAXIMA:
            self._pool(node)
        else:
            self.keep(node)

    def _element(self, index: int, node: onnx.NodeProto) -> _Element | None:
        if node.op_type not in FUNCTIONS | ARITHMETIC:
            return None
        computed = [name for name in node.input if name and name not in self.network.constants]
        known = [
            _Element(name, (), True) if name in self.values else self._elements[name]
            for name in computed
        ]
        sources = {element.source for element in known}
        if len(sources) != 1 or len([name for name in node.output if name]) != 1:
            return None
        source = next(iter(sources))
        if not all(self._is_of_channels(name, source) for name in node.input):
            return None
        smooth = self._is_polynomial(node) and all(element.is_polynomial for element in known)
        nodes = {index}.union(*(element.nodes for element in known))
        return _Element(source, tuple(sorted(nodes)), smooth)

    def _is_of_channels(self, name: str, source: str) -> bool:
        """Whether an input is computed, or a constant that is the same within each channel."""
        if name not in self.network.constants:
            return True
        shape, rank = self.network.constants[name].shape, self.values[source].ndim
        axes = (1,) * (rank - len(shape)) + shape
        channels = self.values[source].shape[1]
        return (
            len(axes) == rank and axes[1] in (1, channels) and axes[0] == 1 == max((1, *axes[2:]))
        )

    def _is_polynomial(self, node: onnx.NodeProto) -> bool:
        constants = self.network.constants
        if node.op_type in FUNCTIONS:
            return False
        if node.op_type == "Div":
            return node.input[1] in constants
        if node.op_type == "Pow":
            exponent = constants.get(node.input[1])
            return exponent is not None and exponent.size == 1 and exponent.item() in range(65)
        return True

    def _settle(self, name: str) -> None:
        """Have the value of a tensor, and the nodes that compute it."""
        if name in self.values or name not in self._elements:
            return
        element = self._elements[name]
        if not element.is_polynomial:
            self._replace(name, element)
            return
        for node in [self.network.nodes[index] for index in element.nodes]:
            if node.output[0] not in self.values:
                self.keep(node)

    def keep(self, node: onnx.NodeProto) -> None:
        """Append a node to the new network, and run it."""
        feeds = {name: self.values[name] for name in node.input if name in self.values}
        constants, output = self.network.constants, node.output[0]
        self.hold(output, self.network.runner.run([node], constants, feeds, output))
        self.writer.nodes.append(node)

    def hold(self, name: str, value: NDArray[Any]) -> None:
        """Keep a tensor for its readers."""
        self.values[name] = value.astype(np.float32, copy=False)
        self.largest = max(self.largest, self.values[name].nbytes)

    def _replace(self, name: str, element: _Element) -> None:
        nodes = [self.network.nodes[index] for index in element.nodes]
        kinds = [node.op_type for node in nodes if node.op_type not in ("Dropout", "Identity")]
        read = {name for node in nodes for name in node.input} & self.network.constants.keys()
        separate = any(self.network.constants[name].size > 1 for name in read)
        function = self._function(nodes, element.source, name)
        made = self.polynomial(element.source, name, function, separate=separate)
        self.record(nodes[-1].name or name, ", ".join(kinds), [made])

    def _function(self, nodes: list[onnx.NodeProto], source: str, name: str) -> Function:
        """What some nodes compute, of (points, groups)."""
        rank = self.values[source].ndim

        def function(x: Array) -> Array:
            grid = x.astype(np.float32).reshape(*x.shape, *[1] * (rank - 2))
            run, constants = self.network.runner.run, self.network.constants
            found = run(nodes, constants, {source: grid}, name).reshape(x.shape)
            return np.asarray(found, np.float64)

        return function

    def polynomial(
        self,
        source: str,
        output: str,
        function: Function,
        *,
        separate: bool = False,
        even: bool = False,
    ) -> Fit:
        """Write a polynomial for a function of a tensor: of each channel of an image, else one.

        With `separate` each feature of a vector has its own, too.
        """
        values = self.values[source]
        together = values.ndim == 2 and not separate
        rows = values.reshape(1, -1) if together else np.moveaxis(values, 1, 0)
        rows = rows.reshape(len(rows), -1)
        where = spread(rows, self.method.margin, symmetric=even)
        made = fit(function, where, self.method.degree, even=even)
        write_series(self.writer, source, output, made.series, values.ndim)
        self.bounded.append(output)
        self.hold(output, made.series(values))
        return made

    def record(self, layer: str, operators: str, fits: list[Fit]) -> None:
        """Note for people what was replaced, by these polynomials or, without any, by a mean."""
        low = [float((made.series.centre - made.series.half).min()) for made in fits]
        high = [float((made.series.centre + made.series.half).max()) for made in fits]
        extent = min(low, default=0.0), max(high, default=0.0)
        degree = max((len(made.series.coefficients) - 1 for made in fits), default=0)
        error = max((made.error for made in fits), default=0.0)
        self.replaced.append(Replacement(layer, operators, degree, *extent, error))

    def _pool(self, node: onnx.NodeProto) -> None:
        layer = node.name or node.output[0]
        if self.method.average:
            self.keep(pooling.as_average(node))
            self.record(layer, node.op_type, [])
            return
        source = node.input[0]
        feeds = {source: self.values[source][:1]}
        exact = self.network.runner.run([node], {}, feeds, node.output[0])
        axes = pooling.axes(node, self.values[source].shape, exact.shape)
        self.record(layer, node.op_type, pooling.Maximum(self).write(source, axes, node.output[0]))


def _last_uses(network: Prepared) -> dict[str, int]:
    """The last node that reads each tensor, or anything computed from it element by element."""
    last: dict[str, int] = {network.output: len(network.nodes)}
    for index, node in reversed(list(enumerate(network.nodes))):
        lazy = node.op_type in FUNCTIONS | ARITHMETIC
        until = max([index, *(last.get(name, 0) for name in node.output if lazy)])
        for name in node.input:
            last[name] = max(until, last.get(name, 0))
    return last
