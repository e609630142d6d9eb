"""The supported ONNX operators."""

from __future__ import annotations

from collections.abc import Callable

import hushwork.networks.linear_operators as linear
import hushwork.networks.pointwise_operators as pointwise
import hushwork.networks.shape_operators as shape
from hushwork.networks.graph import Constant, Graph, Value
from hushwork.networks.node import Node

OPERATORS: dict[str, Callable[[Graph, Node], Value | Constant]] = {
    "Add": pointwise.add,
    "AveragePool": linear.average_pool,
    "BatchNormalization": pointwise.batch_normalization,
    "Constant": shape.constant,
    "Conv": linear.convolution,
    "Div": pointwise.divide,
    "Dropout": shape.dropout,
    "Flatten": shape.flatten,
    "Gemm": linear.gemm,
    "GlobalAveragePool": linear.global_average_pool,
    "Identity": shape.identity,
    "MatMul": linear.matrix_product,
    "Mul": pointwise.multiply,
    "Neg": pointwise.negate,
    "Pad": shape.pad,
    "Pow": pointwise.power,
    "ReduceMean": linear.reduce_mean,
    "Reshape": shape.reshape,
    "Squeeze": shape.squeeze,
    "Sub": pointwise.subtract,
}


def apply(graph: Graph, node: Node) -> Value | Constant:
    """What a node computes. Raises UnsupportedOperator or InvalidNetwork."""
    if node.operator not in OPERATORS:
        raise node.refuse(", ".join(OPERATORS), node.operator)
    return OPERATORS[node.operator](graph, node)
