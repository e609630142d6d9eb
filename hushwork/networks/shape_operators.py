"""Operators that compute nothing: shapes, constants, padding, what only training needs."""

from __future__ import annotations

import numpy as np

from hushwork.networks.graph import Constant, Graph, Value
from hushwork.networks.layers import Flatten
from hushwork.networks.node import Node
from hushwork.networks.tensors import decode

PADDING_LIMIT = 1024


def identity(graph: Graph, node: Node) -> Value | Constant:
    """The input under another name."""
    source = graph.read(node, 0)
    if isinstance(source, Value):
        graph.uses[source.name] += graph.uses[node.output] - 1
    return source


def dropout(graph: Graph, node: Node) -> Value | Constant:
    """Dropout at inference."""
    if node.has_input(2) and graph.constant(node, 2).any():
        raise node.refuse("training_mode = false", "true")
    return identity(graph, node)


def constant(graph: Graph, node: Node) -> Constant:  # noqa: ARG001
    """A tensor, or numbers, in an attribute."""
    if node.has("value"):
        return decode(node.tensor("value"))
    if node.has("value_float"):
        return np.array(node.number("value_float", 0.0))
    if node.has("value_int"):
        return np.array(node.integer("value_int", 0))
    if node.has("value_floats"):
        return np.array(node.list_of_numbers("value_floats"))
    return np.array(node.list_of_integers("value_ints"), np.int64)


def flatten(graph: Graph, node: Node) -> Value | Constant:
    """Flatten from axis 1."""
    axis, rank = node.integer("axis", 1), len(graph.value(node).shape) + 1
    if axis not in (1, 1 - rank):
        raise node.refuse("axis = 1", axis)
    return _flattened(graph, node)


def reshape(graph: Graph, node: Node) -> Value | Constant:
    """Reshape that flattens, or changes nothing."""
    value = graph.value(node)
    wanted = [int(size) for size in graph.constant(node, 1).reshape(-1)[:8]]
    if node.integer("allowzero", 0) and 0 in wanted:
        raise node.refuse("allowzero = 0", 1)
    features = int(np.prod(value.shape))
    batch = (0, -1, 1) if graph.fixed_batch else (0, -1)
    flat = (-1, features, 0) if value.shape == (features,) else (-1, features)
    if len(wanted) == 2 and wanted != [-1, -1] and wanted[0] in batch and wanted[1] in flat:
        return _flattened(graph, node)
    if len(wanted) == len(value.shape) + 1 and wanted[0] in batch:
        pairs = zip(wanted[1:], value.shape, strict=True)
        if all(want in (0, have) for want, have in pairs):
            return identity(graph, node)
    raise node.refuse(f"a shape of (batch, {features})", wanted)


def squeeze(graph: Graph, node: Node) -> Value | Constant:
    """Squeeze of (channels, 1, 1) to (channels,)."""
    value = graph.value(node)
    axes = graph.axes(node)
    if value.shape[1:] != (1, 1) or axes != [2, 3]:
        raise node.refuse("the axes 2 and 3 of an image of one pixel", f"{axes} of {value.shape}")
    return _flattened(graph, node)


def pad(graph: Graph, node: Node) -> Value:
    """Pad with zeros around height and width, left to the convolution or pool that follows."""
    value = graph.value(node)
    if node.text("mode", "constant") != "constant" or _fill(graph, node) != 0:
        raise node.refuse("zeros", node.text("mode", "constant"))
    pads = _pads(graph, node)
    if len(value.shape) != 3 or len(pads) != 8 or any(pads[:2] + pads[4:6]):
        raise node.refuse("padding of height and width", pads)
    if min(pads) < 0 or max(pads) > PADDING_LIMIT:
        raise node.refuse(f"pads from 0 to {PADDING_LIMIT}", pads)
    top, left, bottom, right = value.padding
    padding = top + pads[2], left + pads[3], bottom + pads[6], right + pads[7]
    name = graph.materialise(value)
    return Value(node.output, name, value.shape, padding=padding)


def _fill(graph: Graph, node: Node) -> float:
    if node.has_input(2):
        return float(graph.constant(node, 2).reshape(-1)[0])
    return node.number("value", 0.0)


def _pads(graph: Graph, node: Node) -> list[int]:
    if node.has_input(3):
        raise node.refuse("pads for all axes", "an input of axes")
    if node.has_input(1):
        return [int(size) for size in graph.constant(node, 1).reshape(-1)[:16]]
    return list(node.list_of_integers("pads"))


def _flattened(graph: Graph, node: Node) -> Value | Constant:
    value = graph.value(node)
    graph.require_no_padding(node, value)
    if len(value.shape) == 1:
        return identity(graph, node)
    layer = Flatten(node.name, (graph.materialise(value),), node.output)
    return graph.emit(node, layer, (int(np.prod(value.shape)),))
