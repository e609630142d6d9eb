"""The stub and the binary say the same: names, kinds, signatures, defaults."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import hushwork
from hushwork import _native as native

STUB = ast.parse((Path(hushwork.__file__).parent / "_native.pyi").read_text())
IMPLICIT = {"__new__", "__eq__", "__hash__"}

Function = ast.FunctionDef


def classes() -> dict[str, ast.ClassDef]:
    return {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}


def functions(body: list[ast.stmt]) -> dict[str, Function]:
    return {node.name: node for node in body if isinstance(node, Function)}


def decorators(function: Function) -> set[str]:
    return {node.id for node in function.decorator_list if isinstance(node, ast.Name)}


def stub_arguments(function: Function) -> list[tuple[str, object]]:
    arguments = function.args.args
    missing = len(arguments) - len(function.args.defaults)
    defaults = [inspect.Parameter.empty] * missing
    defaults += [ast.literal_eval(node) for node in function.args.defaults]
    pairs = [(argument.arg, default) for argument, default in zip(arguments, defaults, strict=True)]
    return [pair for pair in pairs if pair[0] not in {"self", "cls"}]


def binary_arguments(member: object) -> list[tuple[str, object]]:
    assert callable(member)
    parameters = inspect.signature(member).parameters.values()
    return [(p.name, p.default) for p in parameters if p.name not in {"self", "cls"}]


def pairs() -> Iterator[tuple[str, Function, object]]:
    for name, function in functions(STUB.body).items():
        yield name, function, getattr(native, name)
    for class_name, node in classes().items():
        cls = getattr(native, class_name)
        for name, function in functions(node.body).items():
            member = cls if name == "__new__" else inspect.getattr_static(cls, name)
            yield f"{class_name}.{name}", function, member


def test_both_hold_the_same_names() -> None:
    declared = set(classes()) | set(functions(STUB.body))
    assert declared == {name for name in dir(native) if not name.startswith("_")}


@pytest.mark.parametrize("name", sorted(classes()))
def test_classes_hold_the_same_members(name: str) -> None:
    declared = set(functions(classes()[name].body)) - IMPLICIT
    assert declared == {name for name in vars(getattr(native, name)) if not name.startswith("_")}


@pytest.mark.parametrize("name", sorted(classes()))
def test_classes_are_final_and_know_where_they_live(name: str) -> None:
    cls = getattr(native, name)
    assert cls.__module__ == "hushwork._native"
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Sub", (cls,), {})


@pytest.mark.parametrize(("name", "function", "member"), list(pairs()), ids=lambda x: str(x)[:40])
def test_kinds_and_signatures_agree(name: str, function: Function, member: object) -> None:
    kinds = decorators(function)
    assert ("property" in kinds) == inspect.isgetsetdescriptor(member)
    assert ("staticmethod" in kinds) == isinstance(member, staticmethod)
    if "property" in kinds or name.rpartition(".")[2] in {"__eq__", "__hash__"}:
        return
    called = member.__func__ if isinstance(member, staticmethod) else member
    assert binary_arguments(called) == stub_arguments(function)
