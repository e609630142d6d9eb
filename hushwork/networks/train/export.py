"""Writes a trained LeNet as ONNX: Conv, Gemm, Flatten, Mul and Add, in float32."""

from __future__ import annotations

import json

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from hushwork.networks.train.model import COEFFICIENTS, LeNet

Array = NDArray[np.float64]
_LINEAR = (
    ("convolution1", "norm1"),
    ("convolution2", "norm2"),
    ("linear1", "norm3"),
    ("linear2", None),
)


def to_onnx(model: LeNet, name: str, labels: tuple[str, ...]) -> bytes:
    """Fold the batch norms into the layers before them, and encode the result."""
    nodes: list[onnx.NodeProto] = []
    tensors: dict[str, Array] = {}
    value = "image"
    for index, (linear, norm) in enumerate(_LINEAR, 1):
        weight, bias = _folded(model.get_submodule(linear), norm and model.get_submodule(norm))
        if linear == "linear1":
            nodes.append(helper.make_node("Flatten", [value], ["flat"], name="flatten"))
            value = "flat"
        tensors |= {f"{linear}.weight": weight, f"{linear}.bias": bias}
        output = "logits" if norm is None else f"sum{index}"
        nodes.append(_linear(linear, value, output))
        value = output
        if norm is not None:
            nodes += _activation(index, value)
            value = f"active{index}"
    for power, coefficient in enumerate(COEFFICIENTS):
        tensors[f"coefficient{power}"] = np.array(coefficient)
    return _model(nodes, tensors, name, labels)


def _folded(linear: nn.Module, norm: nn.Module | None) -> tuple[Array, Array]:
    weight = _array(linear.weight)
    if norm is None:
        return weight, _array(linear.bias)
    scale = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
    bias = _array(norm.bias) - scale * _array(norm.running_mean)
    return weight * scale.reshape(-1, *[1] * (weight.ndim - 1)), bias


def _array(parameter: object) -> Array:
    array: Array = parameter.detach().double().numpy()  # type: ignore[attr-defined]
    return array


def _linear(name: str, value: str, output: str) -> onnx.NodeProto:
    inputs = [value, f"{name}.weight", f"{name}.bias"]
    if name.startswith("linear"):
        return helper.make_node("Gemm", inputs, [output], name=name, transB=1)
    return helper.make_node(
        "Conv", inputs, [output], name=name, kernel_shape=[5, 5], strides=[2, 2], pads=[2] * 4
    )


def _activation(index: int, value: str) -> list[onnx.NodeProto]:
    """Horner: (c2 x + c1) x + c0."""
    steps = [
        ("Mul", [value, "coefficient2"]),
        ("Add", [f"step{index}.0", "coefficient1"]),
        ("Mul", [f"step{index}.1", value]),
        ("Add", [f"step{index}.2", "coefficient0"]),
    ]
    outputs = [*(f"step{index}.{step}" for step in range(3)), f"active{index}"]
    return [
        helper.make_node(operator, inputs, [output], name=f"activation{index}.{step}")
        for step, ((operator, inputs), output) in enumerate(zip(steps, outputs, strict=True))
    ]


def _model(
    nodes: list[onnx.NodeProto], tensors: dict[str, Array], name: str, labels: tuple[str, ...]
) -> bytes:
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])],
        [numpy_helper.from_array(a.astype(np.float32), key) for key, a in tensors.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="hushwork", ir_version=8
    )
    helper.set_model_props(model, {"hushwork.name": name, "hushwork.labels": json.dumps(labels)})
    onnx.checker.check_model(model, full_check=True)
    encoded: bytes = model.SerializeToString(deterministic=True)
    return encoded
