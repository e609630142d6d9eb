"""Sums and products as an ONNX file: the way back from `hushwork.networks.reader`."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import numpy as np
from onnx import helper

from hushwork.networks.adapt.nodes import Writer, encode, write_chebyshev
from hushwork.networks.arithmetic import arithmetic
from hushwork.networks.layers import (
    Add,
    Arithmetic,
    Array,
    AveragePool,
    Convolution,
    Flatten,
    Linear,
    Network,
    Polynomial,
)
from hushwork.networks.polynomials import composed

OPSET = 17
IR_VERSION = 8


def to_onnx(network: Network) -> bytes:
    """A file that reads as these layers. Raises UnsupportedOperator for others than are adapted."""
    writer = Writer()
    for layer in arithmetic(network):
        _write(writer, layer, network)
    ends = (network.input, network.input_shape), (network.output, network.output_shape)
    opsets = [helper.make_opsetid("", OPSET)]
    return encode(writer, *ends, metadata(network), opsets, IR_VERSION)


def metadata(network: Network) -> Mapping[str, str]:
    """What the file says of the network."""
    said = {
        "hushwork.name": network.name,
        "hushwork.labels": json.dumps(network.labels),
        "hushwork.bounds": json.dumps(dict(network.bounds)),
    }
    if network.typical is not None:
        pixels = np.round(network.typical * 255).astype(np.uint8)
        said["hushwork.typical"] = base64.b64encode(pixels.tobytes()).decode()
    return said


def _write(writer: Writer, layer: Arithmetic, network: Network) -> None:
    inputs, output = list(layer.inputs), layer.output
    rank = len(network.shapes[layer.inputs[0]]) + 1
    match layer:
        case Convolution():
            inputs += _weights(writer, output, layer.weight, layer.bias)
            writer.node(
                "Conv",
                inputs,
                output,
                kernel_shape=layer.weight.shape[2:],
                strides=layer.stride,
                pads=layer.padding,
                group=layer.groups,
            )
        case Linear():
            inputs += _weights(writer, output, layer.weight, layer.bias)
            writer.node("Gemm", inputs, output, transB=1)
        case AveragePool():
            writer.node(
                "AveragePool",
                inputs,
                output,
                kernel_shape=layer.kernel,
                strides=layer.stride,
                pads=layer.padding,
                count_include_pad=int(layer.count_padding),
            )
        case Flatten():
            writer.node("Flatten", inputs, output)
        case Add():
            writer.node("Add", inputs, output)
        case Polynomial():
            _write_polynomial(writer, layer, rank, network.bounds.get(layer.inputs[0], 1.0))


def _weights(writer: Writer, output: str, weight: Array, bias: Array) -> list[str]:
    return [writer.tensor(f"{output}.weight", weight), writer.tensor(f"{output}.bias", bias)]


def _write_polynomial(writer: Writer, layer: Polynomial, rank: int, bound: float) -> None:
    source, output = layer.inputs[0], layer.output
    axes = (-1, *[1] * (rank - 2))
    if layer.degree == 1:
        shift, slope = (column.reshape(axes) for column in layer.series)
        scaled = [source, writer.tensor(f"{output}.slope", slope)]
        moved = writer.tensor(f"{output}.shift", shift)
        writer.node("Add", [writer.node("Mul", scaled, f"{output}.scaled"), moved], output)
        return
    series = layer.series
    if bound != 1.0:
        series = composed(series, bound)
        scale = writer.tensor(f"{output}.scale", 1 / bound)
        source = writer.node("Mul", [source, scale], f"{output}.argument")
    write_chebyshev(writer, source, output, series, rank)
