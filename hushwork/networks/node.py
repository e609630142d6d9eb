"""An ONNX node, with its attributes checked for type as they are read."""

from __future__ import annotations

import onnx

from hushwork.errors import InvalidNetwork, UnsupportedOperator

_Attribute = onnx.AttributeProto


class Node:
    """An ONNX node: its names, its attributes by type, its refusals."""

    def __init__(self, proto: onnx.NodeProto, index: int) -> None:
        self.operator: str = proto.op_type
        self.name: str = proto.name or f"{proto.op_type}_{index}"
        self.inputs: list[str] = list(proto.input)
        self.output: str = next(iter(proto.output), "")
        self.outputs = sum(1 for name in proto.output if name)
        self._attributes = {attribute.name: attribute for attribute in proto.attribute}

    def has_input(self, index: int) -> bool:
        """Whether an optional input is given."""
        return index < len(self.inputs) and self.inputs[index] != ""

    def has(self, attribute: str) -> bool:
        """Whether an attribute is given."""
        return attribute in self._attributes

    def integer(self, name: str, default: int) -> int:
        """An integer attribute."""
        return int(self._get(name, _Attribute.INT).i) if self.has(name) else default

    def number(self, name: str, default: float) -> float:
        """A float attribute."""
        return float(self._get(name, _Attribute.FLOAT).f) if self.has(name) else default

    def text(self, name: str, default: str) -> str:
        """A string attribute."""
        if not self.has(name):
            return default
        return str(self._get(name, _Attribute.STRING).s.decode(errors="replace"))

    def integers(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """An attribute of as many integers as its default."""
        if not self.has(name):
            return default
        values = tuple(self._get(name, _Attribute.INTS).ints)
        if len(values) != len(default):
            raise self.invalid(f"{len(default)} integers in {name}", values)
        return values

    def tensor(self, name: str) -> onnx.TensorProto:
        """A tensor attribute."""
        return self._get(name, _Attribute.TENSOR).t

    def list_of_integers(self, name: str) -> tuple[int, ...]:
        """An attribute of any number of integers."""
        return tuple(self._get(name, _Attribute.INTS).ints)

    def list_of_numbers(self, name: str) -> tuple[float, ...]:
        """An attribute of any number of floats."""
        return tuple(self._get(name, _Attribute.FLOATS).floats)

    def refuse(self, expected: object, got: object) -> UnsupportedOperator:
        """The error for a use that is valid ONNX but not supported here."""
        return UnsupportedOperator(
            f"{self.operator} (node {self.name})", expected=expected, got=got
        )

    def invalid(self, expected: object, got: object) -> InvalidNetwork:
        """The error for a node that is not valid ONNX."""
        return InvalidNetwork(f"{self.operator} (node {self.name})", expected=expected, got=got)

    def _get(self, name: str, kind: int) -> onnx.AttributeProto:
        attribute = self._attributes.get(name)
        if attribute is None or attribute.type != kind:
            expected = f"attribute {name} of type {_Attribute.AttributeType.Name(kind)}"
            raise self.invalid(expected, "another type" if attribute else "none")
        return attribute
