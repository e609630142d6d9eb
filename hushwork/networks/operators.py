"""The supported ONNX operators."""

from __future__ import annotations

from collections.abc import Callable

import hushwork.networks.function_operators as function
import hushwork.networks.linear_operators as linear
import hushwork.networks.pointwise_operators as pointwise
import hushwork.networks.pool_operators as pool
import hushwork.networks.shape_operators as shape
from hushwork.networks.graph import Constant, Graph, Value
from hushwork.networks.node import Node

OPERATORS: dict[str, Callable[[Graph, Node], Value | Constant]] = {
    "Add": pointwise.add,
    "AveragePool": pool.average_pool,
    "BatchNormalization": pointwise.batch_normalization,
    "Clip": function.clip,
    "Constant": shape.constant,
    "Conv": linear.convolution,
    "Div": pointwise.divide,
    "Dropout": shape.dropout,
    "Flatten": shape.flatten,
    "Gemm": linear.gemm,
    "GlobalAveragePool": pool.global_average_pool,
    "GlobalMaxPool": pool.global_max_pool,
    "Identity": shape.identity,
    "LeakyRelu": function.leaky_relu,
    "MatMul": linear.matrix_product,
    "MaxPool": pool.max_pool,
    "Mul": pointwise.multiply,
    "Neg": pointwise.negate,
    "Pad": shape.pad,
    "Pow": pointwise.power,
    "ReduceMean": pool.reduce_mean,
    "Relu": function.relu,
    "Reshape": shape.reshape,
    "Sigmoid": function.sigmoid,
    "Squeeze": shape.squeeze,
    "Sub": pointwise.subtract,
    "Tanh": function.tanh,
}


def apply(graph: Graph, node: Node) -> Value | Constant:
    """What a node computes. Raises UnsupportedOperator or InvalidNetwork."""
    if node.operator not in OPERATORS:
        raise node.refuse(", ".join(OPERATORS), node.operator)
    return OPERATORS[node.operator](graph, node)
