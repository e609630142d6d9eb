"""ONNX models for tests, written node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

Shape = tuple[int, ...]


class Model:
    """Nodes and tensors of a model under construction; `last` is the newest value."""

    def __init__(self, *shape: int, opset: int = 17, batch: int | str = "batch") -> None:
        self.shape = shape
        self.opset = opset
        self.batch = batch
        self.last = "x"
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: dict[str, np.ndarray] = {}

    def tensor(self, value: ArrayLike, dtype: type = np.float32) -> str:
        """Add an initialiser."""
        name = f"t{len(self.tensors)}"
        self.tensors[name] = np.asarray(value, dtype)
        return name

    def integers(self, *values: int) -> str:
        """Add an initialiser of int64."""
        return self.tensor(values, np.int64)

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; without inputs it reads the newest value."""
        self.last = f"v{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(
                operator,
                list(inputs) or [self.previous()],
                [self.last],
                name=f"n{len(self.nodes)}",
                **attributes,
            )
        )
        return self.last

    def previous(self) -> str:
        """The value before the newest."""
        return f"v{len(self.nodes) - 1}" if self.nodes else "x"

    def proto(self, classes: int | None = None) -> onnx.ModelProto:
        """The model, whose output is the newest value."""
        graph = helper.make_graph(
            self.nodes,
            "test",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [self.batch, *self.shape])],
            [helper.make_tensor_value_info(self.last, TensorProto.FLOAT, [self.batch, classes])],
            [numpy_helper.from_array(value, name) for name, value in self.tensors.items()],
        )
        opset = helper.make_opsetid("", self.opset)
        return helper.make_model(graph, opset_imports=[opset], ir_version=8)

    def encoded(self) -> bytes:
        """The model as a file."""
        data: bytes = self.proto().SerializeToString()
        return data
