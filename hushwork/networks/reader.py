"""ONNX in, typed layers out.

A file may say in its metadata what it is called (`hushwork.name`), what its outputs are called
(`hushwork.labels`, a JSON list), how large some of its tensors get on the inputs that it is made
for (`hushwork.bounds`, a JSON object), and an input within these bounds (`hushwork.typical`, bytes
in base64, 255 for 1).
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from hushwork.errors import InvalidNetwork, MalformedBytes, TooLarge
from hushwork.networks import metadata, operators
from hushwork.networks.disk import read_file
from hushwork.networks.graph import VALUE_LIMIT, Graph, Value
from hushwork.networks.layers import Array, Layer, Network, Shape
from hushwork.networks.node import Node
from hushwork.networks.tensors import decode

FILE_LIMIT = 512 << 20
NODE_LIMIT = 4096
OPSETS = range(7, 24)
Bounds = Mapping[str, float]


def read_onnx(source: bytes | str | Path, name: str | None = None) -> Network:
    """Read a network from bytes or from a file.

    The name is the given one, else the file's metadata `hushwork.name`, else the file's stem.
    Raises NotFound, TooLarge, MalformedBytes, InvalidNetwork or UnsupportedOperator.
    """
    stem = "network" if isinstance(source, bytes) else Path(source).stem
    data = source if isinstance(source, bytes) else read_file(Path(source), FILE_LIMIT)
    model = parse(data)
    said = metadata.said(model)
    bounds = _bounds(said.get("hushwork.bounds", "{}"))
    graph, entry, result = _walk(model.graph, bounds)
    layers = _needed(tuple(graph.layers.values()), result)
    _require_finite(layers)
    values = {entry, *(layer.output for layer in layers)}
    return Network(
        name=metadata.text(name or said.get("hushwork.name") or stem, "name"),
        input=entry,
        output=result,
        layers=layers,
        shapes={key: graph.shapes[key] for key in (entry, *(layer.output for layer in layers))},
        labels=_labels(said.get("hushwork.labels"), graph.shapes[result]),
        onnx=data,
        digest=hashlib.sha256(data).hexdigest(),
        bounds={key: bound for key, bound in _of_layers(graph, bounds) if key in values},
        typical=_typical(said.get("hushwork.typical"), graph.shapes[entry]),
    )


def parse(data: bytes) -> onnx.ModelProto:
    """The file, of a supported version. Raises TooLarge, MalformedBytes or InvalidNetwork."""
    if len(data) > FILE_LIMIT:
        raise TooLarge("network", expected=f"at most {FILE_LIMIT} bytes", got=len(data))
    try:
        model = onnx.load_model_from_string(data)
    except DecodeError as error:
        raise MalformedBytes("network", expected="an ONNX file", got=error) from None
    versions = {entry.domain: entry.version for entry in model.opset_import}
    version = versions.get("", versions.get("ai.onnx"))
    if version not in OPSETS:
        expected = f"ONNX operator set {OPSETS.start} to {OPSETS.stop - 1}"
        raise InvalidNetwork("network", expected=expected, got=version)
    if len(model.graph.node) > NODE_LIMIT:
        expected = f"at most {NODE_LIMIT} nodes"
        raise TooLarge("network", expected=expected, got=len(model.graph.node))
    if model.functions or model.graph.sparse_initializer:
        raise InvalidNetwork("network", expected="no functions, no sparse tensors", got="some")
    return model


def _walk(proto: onnx.GraphProto, bounds: Bounds) -> tuple[Graph, str, str]:
    """Read every node; the graph, its input and its output. What is bounded becomes a value."""
    if len(proto.output) != 1:
        raise InvalidNetwork("network", expected="one output", got=len(proto.output))
    output = proto.output[0].name
    reads = Counter(name for node in proto.node for name in node.input)
    graph = Graph(reads + Counter([output]))
    for tensor in proto.initializer:
        graph.define(tensor.name, decode(tensor))
    entry = _enter(graph, proto)
    with np.errstate(all="ignore"):  # what overflows is refused at the end
        for index, node in enumerate(proto.node):
            _read_node(graph, node, index, bounds)
    return graph, entry, _result(graph, output)


def _enter(graph: Graph, proto: onnx.GraphProto) -> str:
    entries = [entry for entry in proto.input if entry.name not in graph.values]
    if len(entries) != 1:
        names = [entry.name for entry in entries]
        raise InvalidNetwork("network", expected="one input", got=names)
    tensor = entries[0].type.tensor_type
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        kind = onnx.TensorProto.DataType.Name(tensor.elem_type)
        raise InvalidNetwork("the input", expected="FLOAT", got=kind)
    sizes = [size.dim_value if size.HasField("dim_value") else None for size in tensor.shape.dim]
    shape = tuple(size for size in sizes[1:] if size is not None and size > 0)
    total = int(np.prod(shape, dtype=object))
    if len(sizes) not in (2, 4) or len(shape) != len(sizes) - 1 or sizes[0] not in (None, 1):
        expected = "(batch, features) or (batch, channels, height, width), only the batch free"
        raise InvalidNetwork("the input's shape", expected=expected, got=sizes)
    if total > VALUE_LIMIT:
        raise TooLarge("the input", expected=f"at most {VALUE_LIMIT} elements", got=total)
    name: str = entries[0].name
    graph.enter(name, shape, fixed_batch=sizes[0] == 1)
    return name


def _read_node(graph: Graph, proto: onnx.NodeProto, index: int, bounds: Bounds) -> None:
    node = Node(proto, index)
    if proto.domain not in ("", "ai.onnx"):
        raise node.refuse("the domain ai.onnx", proto.domain)
    made = operators.apply(graph, node)
    if node.output in bounds and isinstance(made, Value) and not any(made.padding):
        made = Value(node.output, graph.materialise(made), made.shape)
    graph.define(node.output, made)


def _result(graph: Graph, output: str) -> str:
    value = graph.values.get(output)
    if not isinstance(value, Value) or any(value.padding):
        raise InvalidNetwork("the output", expected="computed from the input", got=output)
    if len(value.shape) != 1:
        raise InvalidNetwork("the output's shape", expected="(batch, classes)", got=value.shape)
    return graph.materialise(value)


def _needed(layers: tuple[Layer, ...], output: str) -> tuple[Layer, ...]:
    """Without the layers on which the output does not depend."""
    needed, kept = {output}, []
    for layer in reversed(layers):
        if layer.output in needed:
            needed.update(layer.inputs)
            kept.append(layer)
    return tuple(reversed(kept))


def _require_finite(layers: tuple[Layer, ...]) -> None:
    for layer in layers:
        for field in ("weight", "bias", "series"):
            if not np.isfinite(getattr(layer, field, 0.0)).all():
                raise InvalidNetwork(f"{layer.name}: {field}", expected="finite", got="NaN or Inf")


def _of_layers(graph: Graph, bounds: Bounds) -> Iterator[tuple[str, float]]:
    """Bounds by the name of the layer's output that a tensor stands for."""
    for name, bound in bounds.items():
        value = graph.values.get(name)
        if not isinstance(value, Value):
            raise InvalidNetwork("hushwork.bounds", expected="computed tensors", got=repr(name))
        if value.is_base:
            yield value.base, bound


def _bounds(encoded: str) -> Bounds:
    expected = "numbers above 0, by tensor"
    try:
        bounds = msgspec.json.decode(encoded, type=dict[str, float])
    except msgspec.MsgspecError as error:
        raise InvalidNetwork("hushwork.bounds", expected=expected, got=error) from None
    if not all(0 < bound < np.inf for bound in bounds.values()):
        raise InvalidNetwork("hushwork.bounds", expected=expected, got="others")
    return bounds


def _typical(encoded: str | None, shape: Shape) -> Array | None:
    if encoded is None:
        return None
    try:
        data = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise InvalidNetwork("hushwork.typical", expected="base64", got=error) from None
    if len(data) != np.prod(shape):
        expected = f"{np.prod(shape)} bytes"
        raise InvalidNetwork("hushwork.typical", expected=expected, got=len(data))
    return np.frombuffer(data, np.uint8).reshape(shape) / 255.0


def _labels(encoded: str | None, shape: Shape) -> tuple[str, ...]:
    if encoded is None:
        return tuple(str(index) for index in range(shape[0]))
    return metadata.labels(encoded, shape[0])
