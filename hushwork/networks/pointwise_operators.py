"""Arithmetic on each element: recovered as polynomials, or as residual sums."""

from __future__ import annotations

import numpy as np

from hushwork.networks import polynomials
from hushwork.networks.graph import DEGREE_LIMIT, Constant, Graph, Value
from hushwork.networks.layers import Add, Array
from hushwork.networks.node import Node

Term = Value | Array
"""A value, or a constant of each channel: (channels,) or (1,)."""


def add(graph: Graph, node: Node) -> Value:
    """Sum of two values, or of a value and a constant."""
    return _sum(graph, node, *_terms(graph, node))


def subtract(graph: Graph, node: Node) -> Value:
    """Difference of two values, or of a value and a constant."""
    first, second = _terms(graph, node)
    if isinstance(second, Value):
        name = f"{node.output}.negated"
        return _sum(graph, node, first, _scale(graph, node, second, -np.ones(1), name))
    return _sum(graph, node, first, -second)


def multiply(graph: Graph, node: Node) -> Value:
    """Product of polynomials in one value, or with a constant."""
    first, second = _value_first(*_terms(graph, node))
    if not isinstance(second, Value):
        return _scale(graph, node, first, second)
    if first.base != second.base:
        raise node.refuse("factors computed from one value", f"{first.base} and {second.base}")
    product = polynomials.multiply(first.series, second.series)
    return graph.apply(node, first, product)


def divide(graph: Graph, node: Node) -> Value:
    """Quotient of a value and a constant."""
    first, second = _terms(graph, node)
    if isinstance(second, Value) or not isinstance(first, Value):
        raise node.refuse("a value divided by a constant", "a divisor that is not constant")
    return _scale(graph, node, first, 1 / second)


def negate(graph: Graph, node: Node) -> Value:
    """The value times -1."""
    return _scale(graph, node, _unpadded(graph, node, graph.value(node)), -np.ones(1))


def power(graph: Graph, node: Node) -> Value:
    """A value to a constant power that is a small whole number."""
    value = _unpadded(graph, node, graph.value(node))
    exponent = graph.constant(node, 1)
    expected = f"a whole exponent from 0 to {DEGREE_LIMIT}"
    if exponent.size != 1 or not 0 <= exponent.item() <= DEGREE_LIMIT or exponent.item() % 1:
        raise node.refuse(expected, exponent.tolist() if exponent.size == 1 else exponent.shape)
    series = polynomials.raise_to(value.series, int(exponent.item()))
    return graph.apply(node, value, series)


def batch_normalization(graph: Graph, node: Node) -> Value:
    """Scale and shift of each channel, at inference (ONNX BatchNormalization)."""
    value = _unpadded(graph, node, graph.value(node))
    if node.integer("training_mode", 0) or not node.integer("spatial", 1):
        raise node.refuse("inference, with one mean for each channel", "training or spatial = 0")
    vectors = [graph.weight(node, index, rank=1) for index in range(1, 5)]
    if any(vector.shape != value.shape[:1] for vector in vectors):
        shapes = [vector.shape for vector in vectors]
        raise node.invalid(f"four vectors of shape {value.shape[:1]}", shapes)
    scale, bias, mean, variance = vectors
    scale = scale / np.sqrt(variance + node.number("epsilon", 1e-5))
    scaled = polynomials.multiply(value.series, polynomials.constant(scale))
    shift = polynomials.constant(bias - scale * mean)
    return graph.apply(node, value, polynomials.add(scaled, shift))


def _terms(graph: Graph, node: Node) -> tuple[Term, Term]:
    """Both inputs, at least one of them a value; a constant in the other's channels."""
    first, second = graph.read(node, 0), graph.read(node, 1)
    for value in (first, second):
        if isinstance(value, Value):
            _unpadded(graph, node, value)
    if isinstance(first, Value):
        other = second if isinstance(second, Value) else _of_channels(node, second, first)
        return first, other
    if isinstance(second, Value):
        return _of_channels(node, first, second), second
    raise node.refuse("a computed value", "two constants")


def _unpadded(graph: Graph, node: Node, value: Value) -> Value:
    graph.require_no_padding(node, value)
    return value


def _of_channels(node: Node, constant: Constant, value: Value) -> Array:
    """A constant that broadcasts to a value by channel, as (channels,) or (1,)."""
    rank = len(value.shape) + 1
    shape = (1,) * (rank - constant.ndim) + constant.shape
    others = (shape[0], *shape[2:])
    if len(shape) > rank or shape[1] not in (1, value.shape[0]) or any(n != 1 for n in others):
        expected = f"a constant of each channel, for a value of shape {value.shape}"
        raise node.refuse(expected, f"shape {constant.shape}")
    return constant.astype(np.float64).reshape(-1)


def _sum(graph: Graph, node: Node, first: Term, second: Term) -> Value:
    first, second = _value_first(first, second)
    if not isinstance(second, Value):
        total = polynomials.add(first.series, polynomials.constant(second))
        return graph.apply(node, first, total)
    if first.base == second.base:
        total = polynomials.add(first.series, second.series)
        return graph.apply(node, first, total)
    if first.shape != second.shape:
        raise node.refuse("terms of one shape", f"{first.shape} and {second.shape}")
    inputs = graph.materialise(first), graph.materialise(second)
    return graph.emit(node, Add(node.name, inputs, node.output), first.shape)


def _value_first(first: Term, second: Term) -> tuple[Value, Term]:
    if isinstance(first, Value):
        return first, second
    if isinstance(second, Value):
        return second, first
    raise TypeError("two constants")


def _scale(graph: Graph, node: Node, value: Value, factor: Array, name: str = "") -> Value:
    scaled = polynomials.multiply(value.series, polynomials.constant(factor))
    return graph.apply(node, value, scaled, name)
