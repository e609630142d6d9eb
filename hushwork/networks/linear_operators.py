"""Convolutions and matrix products."""

from __future__ import annotations

import numpy as np

from hushwork.networks import windows
from hushwork.networks.graph import Graph, Value
from hushwork.networks.layers import Array, Convolution, Linear
from hushwork.networks.node import Node
from hushwork.networks.windows import Pair


def convolution(graph: Graph, node: Node) -> Value:
    """Conv in two dimensions; a dilated kernel is written out with zeros."""
    name, value = graph.operand(node, rank=3, padded=True)
    weight = graph.weight(node, 1, rank=4)
    groups = node.integer("group", 1)
    out, per_group = weight.shape[:2]
    if groups < 1 or per_group * groups != value.shape[0] or out % groups:
        expected = f"a weight for {value.shape[0]} channels in {groups} groups"
        raise node.invalid(expected, f"shape {weight.shape}")
    kernel: Pair = (weight.shape[2], weight.shape[3])
    if node.integers("kernel_shape", kernel) != kernel:
        raise node.invalid(f"kernel_shape {kernel}", node.integers("kernel_shape", kernel))
    dilation = windows.positive(node, "dilations")
    spread = (kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1
    stride = windows.positive(node, "strides")
    own = windows.padding(node, windows.padded(value), spread, stride)
    padding = windows.added(value.padding, own)
    height, width = windows.output_size(node, value.shape, spread, stride, padding)
    layer = Convolution(
        node.name,
        (name,),
        node.output,
        _dilated(weight, spread, dilation),
        _bias(graph, node, out),
        stride,
        padding,
        groups,
    )
    return graph.emit(node, layer, (out, height, width))


def gemm(graph: Graph, node: Node) -> Value:
    """Gemm of a value with a constant matrix and bias."""
    if node.integer("transA", 0):
        raise node.refuse("transA = 0", node.integer("transA", 0))
    weight = node.number("alpha", 1.0) * graph.weight(node, 1, rank=2)
    weight = weight if node.integer("transB", 0) else weight.T
    bias = np.zeros(len(weight))
    if node.has_input(2):
        constant = graph.constant(node, 2)
        if constant.shape not in ((), (1,), (1, 1), bias.shape, (1, *bias.shape)):
            raise node.refuse(f"a bias of shape {bias.shape}", f"shape {constant.shape}")
        bias += node.number("beta", 1.0) * constant.astype(np.float64).reshape(-1)
    return _linear(graph, node, weight, bias)


def matrix_product(graph: Graph, node: Node) -> Value:
    """MatMul of a value with a constant matrix."""
    weight = graph.weight(node, 1, rank=2).T
    return _linear(graph, node, weight, np.zeros(len(weight)))


def _linear(graph: Graph, node: Node, weight: Array, bias: Array) -> Value:
    name, value = graph.operand(node, rank=1)
    if weight.shape[1:] != value.shape:
        raise node.invalid(f"a matrix for {value.shape[0]} features", weight.shape[::-1])
    return graph.emit(node, Linear(node.name, (name,), node.output, weight, bias), weight.shape[:1])


def _bias(graph: Graph, node: Node, count: int) -> Array:
    if not node.has_input(2):
        return np.zeros(count)
    bias = graph.weight(node, 2, rank=1)
    if bias.shape != (count,):
        raise node.invalid(f"a bias of shape ({count},)", bias.shape)
    return bias


def _dilated(weight: Array, spread: Pair, dilation: Pair) -> Array:
    written = np.zeros((*weight.shape[:2], *spread))
    written[:, :, :: dilation[0], :: dilation[1]] = weight
    return written
