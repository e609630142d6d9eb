"""Writes trained networks as ONNX, in float32: Conv, Gemm, pools, Relu, Flatten, Mul and Add."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from hushwork.networks.train.model import COEFFICIENTS, LeNet
from hushwork.networks.train.norm import Norm
from hushwork.networks.train.relu_models import Standard
from hushwork.networks.train.vgg_model import (
    DEVIATION,
    MEAN,
    POOLED_AFTER,
    POOLED_BEFORE,
    VGG9,
    Parabola,
)

Array = NDArray[np.float64]
Labels = tuple[str, ...]


def lenet_onnx(model: LeNet, name: str, labels: Labels) -> bytes:
    """Fold the batch norms into the layers before them, and encode the result."""
    chain = _Chain((1, 28, 28))
    coefficients = np.array(COEFFICIENTS)[:, None]
    for layer, norm in ((model.convolution1, model.norm1), (model.convolution2, model.norm2)):
        chain.convolution(*_folded(layer, norm), stride=2, padding=2)
        chain.polynomial(coefficients)
    chain.flatten()
    chain.linear(*_folded(model.linear1, model.norm3))
    chain.polynomial(coefficients)
    chain.linear(_array(model.linear2.weight), _array(model.linear2.bias))
    return chain.encode(name, labels)


def vgg9_onnx(model: VGG9, name: str, labels: Labels) -> bytes:
    """Fold the norms into the parabolas and those of the pixels into the first layer.

    The file bounds what every parabola reads by what training kept it to.
    """
    chain = _Chain((3, 32, 32))
    for index, layer in enumerate(model.convolutions):
        weight = _array(layer.weight)
        bias = np.zeros(len(weight))
        if index == 0:
            weight, bias = _of_pixels(weight, bias, np.array(MEAN), np.array(DEVIATION))
        chain.convolution(weight, bias)
        if index in POOLED_BEFORE:
            chain.average(2)
        chain.parabola(model.activations[index])
        if index in POOLED_AFTER:
            chain.average(2)
    chain.flatten()
    for index, layer in enumerate(model.hidden, len(model.convolutions)):
        chain.linear(_array(layer.weight), np.zeros(layer.out_features))
        chain.parabola(model.activations[index])
    chain.linear(_array(model.last.weight), _array(model.last.bias))
    return chain.encode(name, labels)


def sequential_onnx(
    model: nn.Sequential, input_shape: tuple[int, ...], name: str, labels: Labels
) -> bytes:
    """Fold the norms, and the means of the pixels, into the layers beside them."""
    chain = _Chain(input_shape)
    for before, layer, after in zip((None, *model), model, (*model[1:], None), strict=False):
        match layer:
            case nn.Conv2d():
                weight, bias = _weights(before, layer, after)
                chain.convolution(weight, bias, layer.stride[0], layer.padding[0])
            case nn.Linear():
                chain.linear(*_weights(before, layer, after))
            case nn.MaxPool2d():
                chain.largest(layer.kernel_size)
            case nn.ReLU():
                chain.relu()
            case nn.Flatten():
                chain.flatten()
            case Norm() | Standard():
                pass
            case _:
                raise ValueError(f"no way to export {layer}")
    return chain.encode(name, labels)


def _weights(before: nn.Module, layer: nn.Module, after: nn.Module) -> tuple[Array, Array]:
    if isinstance(after, Norm):
        weight, bias = _folded(layer, after)
    else:
        weight, bias = _array(layer.weight), _array(layer.bias)
    if isinstance(before, Standard):
        return _of_pixels(weight, bias, _array(before.mean), _array(before.deviation))
    return weight, bias


def _of_pixels(weight: Array, bias: Array, mean: Array, deviation: Array) -> tuple[Array, Array]:
    """A convolution without padding of pixels themselves, from one of standardised pixels."""
    weight = weight / deviation.reshape(1, -1, 1, 1)
    return weight, bias - (weight * mean.reshape(1, -1, 1, 1)).sum(axis=(1, 2, 3))


def _folded(linear: nn.Module, norm: nn.Module) -> tuple[Array, Array]:
    weight = _array(linear.weight)
    scale = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
    bias = _array(norm.bias) - scale * _array(norm.running_mean)
    return weight * scale.reshape(-1, *[1] * (weight.ndim - 1)), bias


def _array(tensor: Tensor) -> Array:
    array: Array = tensor.detach().to(torch.float64).numpy()
    return array


class _Chain:
    """Layers one after another."""

    def __init__(self, input_shape: tuple[int, ...]) -> None:
        self.input_shape = input_shape
        self.nodes: list[onnx.NodeProto] = []
        self.counts: Counter[str] = Counter()
        self.tensors: dict[str, Array] = {}
        self.bounds: dict[str, float] = {}
        self.value, self.rank = "image", len(input_shape) + 1

    def convolution(self, weight: Array, bias: Array, stride: int = 1, padding: int = 0) -> None:
        """Square kernels."""
        kernel = list(weight.shape[2:])
        shape = {"kernel_shape": kernel, "strides": [stride] * 2, "pads": [padding] * 4}
        self._weighted("Conv", "convolution", weight, bias, **shape)

    def linear(self, weight: Array, bias: Array) -> None:
        """weight @ x + bias."""
        self._weighted("Gemm", "linear", weight, bias, transB=1)

    def relu(self) -> None:
        """Of each element."""
        self._add("Relu", self._name("activation"))

    def largest(self, size: int) -> None:
        """The largest of windows side by side."""
        sides = {"kernel_shape": [size] * 2, "strides": [size] * 2}
        self._add("MaxPool", self._name("largest"), **sides)

    def average(self, size: int) -> None:
        """Means over windows side by side."""
        sides = {"kernel_shape": [size] * 2, "strides": [size] * 2}
        self._add("AveragePool", self._name("average"), **sides)

    def flatten(self) -> None:
        """To one vector an image."""
        self._add("Flatten", self._name("flatten"))
        self.rank = 2

    def polynomial(self, coefficients: Array) -> None:
        """Of each element, by Horner; (degree + 1, channels or 1), lowest power first."""
        name, x = self._name("activation"), self.value
        shape = (-1, *[1] * (self.rank - 2))
        for power, row in enumerate(coefficients):
            self.tensors[f"{name}.{power}"] = row.reshape(shape)
        self._add("Mul", f"{name}.x{len(coefficients) - 1}", f"{name}.{len(coefficients) - 1}")
        for power in reversed(range(len(coefficients) - 1)):
            self._add("Add", f"{name}.plus{power}", f"{name}.{power}")
            if power:
                self._add("Mul", f"{name}.x{power}", x)

    def parabola(self, activation: Parabola) -> None:
        """Of each element, which is bounded."""
        self.bounds[self.value] = activation.bound()
        self.polynomial(_array(activation.coefficients()))

    def encode(self, name: str, labels: Labels) -> bytes:
        """The file."""
        graph = helper.make_graph(
            self.nodes,
            name,
            [_info("image", list(self.input_shape))],
            [_info(self.value, [len(labels)])],
            [numpy_helper.from_array(a.astype(np.float32), key) for key, a in self.tensors.items()],
        )
        opset = helper.make_opsetid("", 17)
        model = helper.make_model(
            graph, opset_imports=[opset], producer_name="hushwork", ir_version=8
        )
        properties = {"hushwork.name": name, "hushwork.labels": json.dumps(labels)}
        if self.bounds:
            properties["hushwork.bounds"] = json.dumps(self.bounds)
        helper.set_model_props(model, properties)
        onnx.checker.check_model(model, full_check=True)
        encoded: bytes = model.SerializeToString(deterministic=True)
        return encoded

    def _name(self, kind: str) -> str:
        self.counts[kind] += 1
        return f"{kind}{self.counts[kind]}"

    def _weighted(
        self, operator: str, kind: str, weight: Array, bias: Array, **options: object
    ) -> None:
        name = self._name(kind)
        self.tensors |= {f"{name}.weight": weight, f"{name}.bias": bias}
        self._add(operator, name, f"{name}.weight", f"{name}.bias", **options)

    def _add(self, operator: str, name: str, *others: str, **options: object) -> None:
        inputs, self.value = [self.value, *others], f"{name}:out"
        self.nodes.append(helper.make_node(operator, inputs, [self.value], name=name, **options))


def _info(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
