"""A stranger's ONNX file, checked and brought to the form in which it is adapted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from hushwork.errors import InvalidInput, InvalidNetwork, UnsupportedOperator
from hushwork.networks.adapt.nodes import Writer
from hushwork.networks.adapt.runner import Runner
from hushwork.networks.disk import read_file
from hushwork.networks.layers import Shape
from hushwork.networks.operators import OPERATORS
from hushwork.networks.reader import FILE_LIMIT, parse
from hushwork.networks.tensors import decode

Tensors = dict[str, NDArray[Any]]

FUNCTIONS = frozenset(
    (
        "Abs", "Celu", "Clip", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu",
        "Log", "Max", "Min", "Mish", "PRelu", "Reciprocal", "Relu", "Selu", "Sigmoid", "Softplus",
        "Softsign", "Sqrt", "Tanh", "ThresholdedRelu",
    )
)  # fmt: skip
"""Operators on each element that are no polynomials."""
ARITHMETIC = frozenset(("Add", "Div", "Dropout", "Identity", "Mul", "Neg", "Pow", "Sub"))
"""Operators on each element that may be."""
MAXIMA = frozenset(("MaxPool", "GlobalMaxPool"))
ENDINGS = frozenset(("Softmax", "LogSoftmax"))
"""Operators that, at the end, do not change which output is largest."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A classifier that takes pixels in [0, 1], for any number of images at a time."""

    name: str
    nodes: list[onnx.NodeProto]
    constants: Tensors
    input: str
    shape: Shape
    """Of an input, without the batch."""
    output: str
    runner: Runner
    labels: str | None
    """`hushwork.labels`, if the file has them."""

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Outputs (n, classes) as the file gives them, without its last softmax."""
        batches = [images[start : start + 256] for start in range(0, len(images), 256)]
        feeds = ({self.input: batch} for batch in batches)
        parts = [self.runner.run(self.nodes, self.constants, feed, self.output) for feed in feeds]
        return np.concatenate(parts)


def prepare(
    source: bytes | Path, mean: Sequence[float] = (), std: Sequence[float] = ()
) -> Prepared:
    """Read a classifier of images; `mean` and `std` are of each channel, of pixels in [0, 1].

    Raises NotFound, TooLarge, MalformedBytes, InvalidNetwork, UnsupportedOperator or InvalidInput.
    """
    data = source if isinstance(source, bytes) else read_file(source, FILE_LIMIT)
    model = parse(data)
    constants = {tensor.name: decode(tensor) for tensor in model.graph.initializer}
    name, shape, is_single = _entry(model.graph, constants)
    runner = Runner(model)
    nodes = _folded(list(model.graph.node), constants, runner)
    output = _only([value.name for value in model.graph.output], "output")
    while nodes and nodes[-1].op_type in ENDINGS and nodes[-1].output[0] == output:
        output = nodes.pop().input[0]
    _require_order(nodes, {name, *constants})
    blank = {name: np.zeros((1, *shape), np.float32)}
    nodes = [_reshaping(node, nodes, constants, blank, runner) for node in nodes]
    nodes = Writer(nodes).needed(output).nodes
    _require_known(nodes)
    if is_single:
        _free_batch(nodes, constants)
    before = _preprocessing(name, shape, mean, std, constants)
    renamed = [_reading(node, name, before[-1].output[0]) for node in nodes] if before else nodes
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    title = metadata.get("hushwork.name") or (
        "network" if isinstance(source, bytes) else source.stem
    )
    labels = metadata.get("hushwork.labels")
    return Prepared(title, before + renamed, constants, name, shape, output, runner, labels)


def _only(names: list[str], what: str) -> str:
    if len(names) != 1:
        raise InvalidNetwork("network", expected=f"one {what}", got=names)
    return names[0]


def _entry(graph: onnx.GraphProto, constants: Tensors) -> tuple[str, Shape, bool]:
    """Name and shape of the input, and whether the file is for one image at a time."""
    entries = {entry.name: entry for entry in graph.input if entry.name not in constants}
    name = _only(list(entries), "input")
    tensor = entries[name].type.tensor_type
    sizes = [size.dim_value for size in tensor.shape.dim]
    if tensor.elem_type != TensorProto.FLOAT or len(sizes) not in (2, 4) or 0 in sizes[1:]:
        kind = TensorProto.DataType.Name(tensor.elem_type)
        expected = "FLOAT (batch, channels, height, width) or (batch, features)"
        raise InvalidNetwork("the input", expected=expected, got=f"{kind} {sizes}")
    return name, tuple(sizes[1:]), sizes[0] == 1


def _folded(
    nodes: list[onnx.NodeProto], constants: Tensors, runner: Runner
) -> list[onnx.NodeProto]:
    """Without the nodes that compute constants."""
    kept = []
    for node in nodes:
        if all(name in constants or not name for name in node.input) and len(node.output) == 1:
            inputs = {name: constants[name] for name in node.input if name}
            constants[node.output[0]] = runner.run([node], inputs, {}, node.output[0])
        else:
            kept.append(node)
    return kept


def _require_order(nodes: list[onnx.NodeProto], known: set[str]) -> None:
    for node in nodes:
        missing = [name for name in node.input if name and name not in known]
        if missing:
            what = f"{node.op_type} (node {node.name})"
            raise InvalidNetwork(what, expected="values defined before their use", got=missing)
        known.update(node.output)


def _reshaping(
    node: onnx.NodeProto,
    nodes: list[onnx.NodeProto],
    constants: Tensors,
    blank: Tensors,
    runner: Runner,
) -> onnx.NodeProto:
    """A Reshape to a computed shape, as exports of x.view(x.size(0), -1) have, to a constant one.

    The shape is that of one blank image, with 0, whatever comes, for the batch.
    """
    if node.op_type != "Reshape" or node.input[1] in constants:
        return node
    before = Writer(nodes).needed(node.input[1]).nodes
    wanted = runner.run(before, constants, blank, node.input[1])
    constants[f"{node.output[0]}.shape"] = np.concatenate([np.zeros(1, np.int64), wanted[1:]])
    return _reading(node, node.input[1], f"{node.output[0]}.shape")


def _require_known(nodes: list[onnx.NodeProto]) -> None:
    known = OPERATORS.keys() | FUNCTIONS | MAXIMA
    unknown = [
        node for node in nodes if node.op_type not in known or node.domain not in ("", "ai.onnx")
    ]
    if unknown:
        named = sorted({f"{node.op_type} ({node.name or node.output[0]})" for node in unknown})
        raise UnsupportedOperator(
            "operators that can neither run encrypted nor be replaced",
            expected=", ".join(sorted(known)),
            got=", ".join(named),
        )


def _free_batch(nodes: list[onnx.NodeProto], constants: Tensors) -> None:
    """Let a file for one image take any number: shapes that begin with 1 begin with 0, the same."""
    for node in nodes:
        if node.op_type == "Reshape" and node.input[1] in constants:
            wanted = constants[node.input[1]]
            if wanted.size and wanted[0] == 1:
                constants[node.input[1]] = np.concatenate([wanted[:1] * 0, wanted[1:]])


def _preprocessing(
    name: str, shape: Shape, mean: Sequence[float], std: Sequence[float], constants: Tensors
) -> list[onnx.NodeProto]:
    """(x - mean) / std, where they are given."""
    if not mean and not std:
        return []
    middle = np.broadcast_to(np.array(mean or 0.0), _channels(mean, shape, "--mean"))
    scale = np.broadcast_to(np.array(std or 1.0), _channels(std, shape, "--std"))
    if not (np.isfinite(middle).all() and (scale > 0).all() and np.isfinite(scale).all()):
        raise InvalidInput(
            "--mean and --std", expected="finite numbers, std above 0", got=(mean, std)
        )
    axes = (1, -1, *[1] * (len(shape) - 1))
    constants["pixels.scale"] = (1 / scale).astype(np.float32).reshape(axes)
    constants["pixels.shift"] = (-middle / scale).astype(np.float32).reshape(axes)
    scaled = helper.make_node(
        "Mul", [name, "pixels.scale"], ["pixels.scaled"], name="pixels.scaled"
    )
    moved = ["pixels.scaled", "pixels.shift"]
    return [scaled, helper.make_node("Add", moved, ["pixels"], name="pixels")]


def _channels(given: Sequence[float], shape: Shape, option: str) -> int:
    if len(given) not in (0, 1, shape[0]):
        raise InvalidInput(option, expected=f"1 or {shape[0]} numbers", got=len(given))
    return shape[0]


def _reading(node: onnx.NodeProto, old: str, new: str) -> onnx.NodeProto:
    """The node, reading another tensor."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    for index, name in enumerate(copy.input):
        if name == old:
            copy.input[index] = new
    return copy
