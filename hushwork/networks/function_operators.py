"""Functions of each element that are no polynomials."""

from __future__ import annotations

from math import inf, isfinite

from hushwork.networks.functions import Clip, Function, LeakyRelu, Relu, Sigmoid, Tanh
from hushwork.networks.graph import Graph, Value
from hushwork.networks.layers import Pointwise
from hushwork.networks.node import Node


def relu(graph: Graph, node: Node) -> Value:
    """Relu."""
    return _applied(graph, node, Relu())


def leaky_relu(graph: Graph, node: Node) -> Value:
    """LeakyRelu."""
    slope = node.number("alpha", 0.01)
    if not isfinite(slope):
        raise node.invalid("a finite alpha", slope)
    return _applied(graph, node, LeakyRelu(slope))


def clip(graph: Graph, node: Node) -> Value:
    """Clip to constants, in attributes up to operator set 10 and in inputs from 11 on."""
    low, high = _end(graph, node, 1, "min", -inf), _end(graph, node, 2, "max", inf)
    if not low <= high:
        raise node.invalid("min of at most max", (low, high))
    return _applied(graph, node, Clip(low, high))


def sigmoid(graph: Graph, node: Node) -> Value:
    """Sigmoid."""
    return _applied(graph, node, Sigmoid())


def tanh(graph: Graph, node: Node) -> Value:
    """Tanh."""
    return _applied(graph, node, Tanh())


def _end(graph: Graph, node: Node, index: int, attribute: str, default: float) -> float:
    if not node.has_input(index):
        return node.number(attribute, default)
    constant = graph.constant(node, index)
    if constant.size != 1:
        raise node.refuse(f"one number as {attribute}", f"shape {constant.shape}")
    return float(constant.item())


def _applied(graph: Graph, node: Node, function: Function) -> Value:
    value = graph.value(node)
    graph.require_no_padding(node, value)
    layer = Pointwise(node.name, (graph.materialise(value),), node.output, function)
    return graph.emit(node, layer, value.shape)
