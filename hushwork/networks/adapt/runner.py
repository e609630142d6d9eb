"""Parts of a network on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from hushwork.errors import InvalidNetwork

Tensors = Mapping[str, NDArray[Any]]


class Runner:
    """Runs nodes under the versions that their file names."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.opsets = list(model.opset_import)
        self.version = model.ir_version

    def run(
        self, nodes: Sequence[onnx.NodeProto], constants: Tensors, feeds: Tensors, output: str
    ) -> NDArray[Any]:
        """One output of some nodes. Raises InvalidNetwork if they do not run, or give no number."""
        read = {name for node in nodes for name in node.input}
        entries = [_entry(name, value) for name, value in feeds.items()]
        kept = {name: value for name, value in constants.items() if name in read}
        tensors = [numpy_helper.from_array(value, name) for name, value in kept.items()]
        result = onnx.ValueInfoProto(name=output)
        graph = helper.make_graph(nodes, "part", entries, [result], tensors)
        model = helper.make_model(graph, opset_imports=self.opsets, ir_version=self.version)
        value = _session_run(model, feeds, nodes)
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise InvalidNetwork(
                f"what {_named(nodes)} computes", expected="finite numbers", got="NaN or infinity"
            )
        return value


def _session_run(
    model: onnx.ModelProto, feeds: Tensors, nodes: Sequence[onnx.NodeProto]
) -> NDArray[Any]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        value: NDArray[Any] = session.run(None, dict(feeds))[0]
    except Exception as error:  # onnxruntime's own have no common base
        text = str(error).splitlines()[0]
        raise InvalidNetwork(f"ONNX Runtime does not run {_named(nodes)}: {text}") from None
    return value


def _named(nodes: Sequence[onnx.NodeProto]) -> str:
    last = nodes[-1]
    return f"{last.op_type} (node {last.name or last.output[0]})"


def _entry(name: str, value: NDArray[Any]) -> onnx.ValueInfoProto:
    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    return helper.make_tensor_value_info(name, kind, value.shape)
