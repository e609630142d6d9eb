"""Convolutions, matrix products and means."""

from __future__ import annotations

import numpy as np

from hushwork.networks.graph import Graph, Padding, Value
from hushwork.networks.layers import Array, AveragePool, Convolution, Flatten, Linear, Shape
from hushwork.networks.node import Node

Pair = tuple[int, int]


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
    dilation = _positive(node, "dilations")
    spread = (kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1
    stride = _positive(node, "strides")
    padding = _added(value.padding, _padding(node, _padded(value), spread, stride))
    height, width = _output_size(node, value.shape, spread, stride, padding)
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


def average_pool(graph: Graph, node: Node) -> Value:
    """AveragePool in two dimensions."""
    if node.integer("ceil_mode", 0) or _positive(node, "dilations") != (1, 1):
        raise node.refuse("ceil_mode = 0 and no dilation", "others")
    name, value = graph.operand(node, rank=3, padded=True)
    kernel, stride = _positive(node, "kernel_shape"), _positive(node, "strides")
    own = _padding(node, _padded(value), kernel, stride)
    count_padding = bool(node.integer("count_include_pad", 0)) or any(value.padding)
    if any(own) and any(value.padding) and not node.integer("count_include_pad", 0):
        raise node.refuse("padding by Pad or by the pool, not by both", own)
    padding = _added(value.padding, own)
    height, width = _output_size(node, value.shape, kernel, stride, padding)
    if any(pad >= kernel[axis % 2] for axis, pad in enumerate(padding)):
        raise node.refuse(f"padding below the kernel {kernel}", padding)
    layer = AveragePool(node.name, (name,), node.output, kernel, stride, padding, count_padding)
    return graph.emit(node, layer, (value.shape[0], height, width))


def global_average_pool(graph: Graph, node: Node) -> Value:
    """GlobalAveragePool in two dimensions."""
    return _mean(graph, node, flat=False)


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


def _positive(node: Node, name: str) -> Pair:
    pair = node.integers(name, (1, 1))
    if min(pair) < 1:
        raise node.invalid(f"{name} of at least 1", pair)
    return pair[0], pair[1]


def _padded(value: Value) -> Pair:
    top, left, bottom, right = value.padding
    return value.shape[1] + top + bottom, value.shape[2] + left + right


def _padding(node: Node, size: Pair, kernel: Pair, stride: Pair) -> Padding:
    mode = node.text("auto_pad", "NOTSET")
    if mode in ("NOTSET", ""):
        top, left, bottom, right = node.integers("pads", (0, 0, 0, 0))
        if min(top, left, bottom, right) < 0:
            raise node.refuse("pads of at least 0", (top, left, bottom, right))
        return top, left, bottom, right
    if mode == "VALID":
        return 0, 0, 0, 0
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise node.invalid("auto_pad NOTSET, VALID, SAME_UPPER or SAME_LOWER", mode)
    totals = [_same(*sizes) for sizes in zip(size, kernel, stride, strict=True)]
    before = [total // 2 if mode == "SAME_UPPER" else total - total // 2 for total in totals]
    return before[0], before[1], totals[0] - before[0], totals[1] - before[1]


def _same(size: int, kernel: int, stride: int) -> int:
    """Padding with which the output has ceil(size / stride) elements."""
    return max(0, (-(-size // stride) - 1) * stride + kernel - size)


def _added(first: Padding, second: Padding) -> Padding:
    top, left, bottom, right = (a + b for a, b in zip(first, second, strict=True))
    return top, left, bottom, right


def _output_size(node: Node, shape: Shape, kernel: Pair, stride: Pair, padding: Padding) -> Pair:
    height = (shape[1] + padding[0] + padding[2] - kernel[0]) // stride[0] + 1
    width = (shape[2] + padding[1] + padding[3] - kernel[1]) // stride[1] + 1
    if height < 1 or width < 1:
        raise node.invalid(f"a kernel within the padded input {shape}", kernel)
    return height, width
