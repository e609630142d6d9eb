"""Writing ONNX graphs node by node, for transformers whose weights are at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from hushwork.errors import InvalidNetwork

OPSET = 17
"""The first operator set with LayerNormalization."""
_FORMAT = 8
"""The file format that belongs to OPSET."""

Shape = Sequence[int | str]
"""Sizes of a tensor's axes; text names a free one."""


class Writer:
    """A graph in the making: each call adds nodes and gives the name of what comes out.

    The same calls make the same bytes everywhere.
    """

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Write a graph that may use these weights, by their names."""
        self._weights = weights
        self._used: dict[str, onnx.TensorProto] = {}
        self._nodes: list[onnx.NodeProto] = []

    def apply(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """The only output of an operator, under a name or under the next number."""
        output = name or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, name: str, values: Any, kind: type[np.generic]) -> str:
        """A tensor that the graph holds, under this name."""
        array = np.asarray(values, np.dtype(kind).newbyteorder("<"))
        self._used.setdefault(name, numpy_helper.from_array(array, name))
        return name

    def weight(self, name: str, shape: tuple[int, ...], *, turned: bool = False) -> str:
        """One of the weights, its two axes exchanged if `turned`. Raises InvalidNetwork."""
        array = self._weights.get(name)
        if array is None or array.shape != shape or array.dtype != np.float32:
            got = "none" if array is None else f"{array.dtype} of shape {array.shape}"
            raise InvalidNetwork(f"weight {name}", expected=f"float32 of shape {shape}", got=got)
        return self.constant(name, np.ascontiguousarray(array.T if turned else array), np.float32)

    def linear(self, x: str, name: str, inner: int, outer: int) -> str:
        """`name`.weight (outer, inner) and `name`.bias on the last axis of x."""
        weight = self.weight(f"{name}.weight", (outer, inner), turned=True)
        return self.apply(
            "Add", self.apply("MatMul", x, weight), self.weight(f"{name}.bias", (outer,))
        )

    def norm(self, x: str, name: str, width: int, epsilon: float) -> str:
        """`name`.weight and `name`.bias after the mean and deviation of the last axis."""
        scale, shift = (self.weight(f"{name}.{part}", (width,)) for part in ("weight", "bias"))
        return self.apply("LayerNormalization", x, scale, shift, axis=-1, epsilon=epsilon)

    def gelu(self, x: str) -> str:
        """The exact one, by the error function, in the form that ONNX Runtime makes one node of."""
        scaled = self.apply("Div", x, self.constant("root of two", 2**0.5, np.float32))
        share = self.apply("Add", self.apply("Erf", scaled), self.constant("one", 1.0, np.float32))
        product = self.apply("Mul", x, share)
        return self.apply("Mul", product, self.constant("half", 0.5, np.float32))

    def heads(self, x: str, count: int, width: int, order: Sequence[int] = (0, 2, 1, 3)) -> str:
        """(batch, sequence, count * width) as (batch, count, sequence, width), or another order."""
        shape = self.constant("heads", [0, 0, count, width], np.int64)
        return self.apply("Transpose", self.apply("Reshape", x, shape), perm=order)

    def joined(self, x: str, width: int) -> str:
        """(batch, heads, sequence, _) as (batch, sequence, width)."""
        turned = self.apply("Transpose", x, perm=(0, 2, 1, 3))
        return self.apply("Reshape", turned, self.constant("joined", [0, 0, width], np.int64))

    def encode(
        self,
        name: str,
        inputs: Mapping[str, tuple[int, Shape]],
        outputs: Mapping[str, tuple[int, Shape]],
    ) -> bytes:
        """The file, of the graph with these inputs and outputs (ONNX element type, shape)."""
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(key, *value) for key, value in inputs.items()],
            [helper.make_tensor_value_info(key, *value) for key, value in outputs.items()],
            list(self._used.values()),
        )
        model = helper.make_model(
            graph,
            producer_name="hushwork",
            ir_version=_FORMAT,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        helper.set_model_props(model, {"hushwork.name": name})
        encoded: bytes = model.SerializeToString(deterministic=True)
        return encoded
