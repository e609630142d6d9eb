"""Means and maxima over windows."""

from __future__ import annotations

from hushwork.networks import windows
from hushwork.networks.graph import Graph, Value
from hushwork.networks.layers import AveragePool, Flatten, MaxPool
from hushwork.networks.node import Node
from hushwork.networks.windows import Pair


def average_pool(graph: Graph, node: Node) -> Value:
    """AveragePool in two dimensions."""
    if node.integer("ceil_mode", 0) or windows.positive(node, "dilations") != (1, 1):
        raise node.refuse("ceil_mode = 0 and no dilation", "others")
    name, value = graph.operand(node, rank=3, padded=True)
    kernel, stride = windows.positive(node, "kernel_shape"), windows.positive(node, "strides")
    own = windows.padding(node, windows.padded(value), kernel, stride)
    count_padding = bool(node.integer("count_include_pad", 0)) or any(value.padding)
    if any(own) and any(value.padding) and not node.integer("count_include_pad", 0):
        raise node.refuse("padding by Pad or by the pool, not by both", own)
    padding = windows.added(value.padding, own)
    height, width = windows.output_size(node, value.shape, kernel, stride, padding)
    windows.require_whole(node, kernel, padding)
    layer = AveragePool(node.name, (name,), node.output, kernel, stride, padding, count_padding)
    return graph.emit(node, layer, (value.shape[0], height, width))


def max_pool(graph: Graph, node: Node) -> Value:
    """MaxPool in two dimensions."""
    if windows.positive(node, "dilations") != (1, 1) or node.outputs > 1:
        raise node.refuse("no dilation and no indices", "others")
    name, value = graph.operand(node, rank=3)
    size = value.shape[1], value.shape[2]
    kernel, stride = windows.positive(node, "kernel_shape"), windows.positive(node, "strides")
    padding = windows.padding(node, size, kernel, stride)
    if node.integer("ceil_mode", 0):
        padding = windows.rounded_up(size, kernel, stride, padding)
    height, width = windows.output_size(node, value.shape, kernel, stride, padding)
    windows.require_whole(node, kernel, padding)
    layer = MaxPool(node.name, (name,), node.output, kernel, stride, padding)
    return graph.emit(node, layer, (value.shape[0], height, width))


def global_average_pool(graph: Graph, node: Node) -> Value:
    """GlobalAveragePool in two dimensions."""
    return _mean(graph, node, flat=False)


def global_max_pool(graph: Graph, node: Node) -> Value:
    """GlobalMaxPool in two dimensions."""
    name, value = graph.operand(node, rank=3)
    channels, *size = value.shape
    kernel: Pair = (size[0], size[1])
    layer = MaxPool(node.name, (name,), node.output, kernel, kernel)
    return graph.emit(node, layer, (channels, 1, 1))


def reduce_mean(graph: Graph, node: Node) -> Value:
    """ReduceMean over height and width."""
    if (axes := graph.axes(node)) != [2, 3]:
        raise node.refuse("a mean over the axes 2 and 3", axes)
    return _mean(graph, node, flat=not node.integer("keepdims", 1))


def _mean(graph: Graph, node: Node, *, flat: bool) -> Value:
    name, value = graph.operand(node, rank=3)
    channels, *size = value.shape
    kernel: Pair = (size[0], size[1])
    pooled = f"{node.output}.pooled" if flat else node.output
    layer = AveragePool(node.name, (name,), pooled, kernel, kernel)
    mean = graph.emit(node, layer, (channels, 1, 1))
    if not flat:
        return mean
    return graph.emit(node, Flatten(node.name, (pooled,), node.output), (channels,))
