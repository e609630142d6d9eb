"""A model's files: how large they may be, where they may lie, and their digest together."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError, Message  # type: ignore[import-untyped]

from hushwork.errors import InvalidNetwork, MalformedBytes, NotFound, TooLarge

FILE_LIMIT = (2 << 30) - 1
"""Most bytes of an ONNX file: more its format does not carry."""
EXTERNAL_LIMIT = 64 << 30
"""Most bytes of the files beside it, together."""
NODE_LIMIT = 1 << 17

# Text that begins with no dot and no slash leaves no folder, and means nothing to ONNX Runtime.
_PART = r"\w[\w. -]{0,254}"
_LOCATION = re.compile(rf"{_PART}(/{_PART}){{0,7}}", re.ASCII)


def parse(data: bytes) -> onnx.ModelProto:
    """An ONNX file, checked no further. Raises MalformedBytes or TooLarge."""
    try:
        model = onnx.load_model_from_string(data)
    except DecodeError as error:
        raise MalformedBytes("model", expected="an ONNX file", got=error) from None
    if len(model.graph.node) > NODE_LIMIT:
        raise TooLarge("model", expected=f"at most {NODE_LIMIT} nodes", got=len(model.graph.node))
    return model


def beside(model: onnx.ModelProto, folder: Path) -> dict[str, Path]:
    """The files that hold tensors of a model, by their names relative to its folder.

    Raises MalformedBytes for a name that is none, InvalidNetwork for a file outside the folder,
    NotFound, and TooLarge.
    """
    found = {name: _inside(folder, name) for name in set(_locations(model))}
    size = sum(path.stat().st_size for path in found.values())
    if size > EXTERNAL_LIMIT:
        raise TooLarge("tensors", expected=f"at most {EXTERNAL_LIMIT} bytes", got=size)
    return found


def digest_of(files: Mapping[str, str]) -> str:
    """SHA-256, in hexadecimal, of files by their names and SHA-256.

    A lone file's is its own. That of several is of the list of [name, SHA-256], sorted, as JSON
    without spaces in UTF-8.
    """
    if len(files) == 1:
        return next(iter(files.values()))
    listed = json.dumps(sorted(files.items()), separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(listed.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises NotFound."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise NotFound(f"{path.name!r} cannot be read: {error.strerror}") from None


def _inside(folder: Path, name: str) -> Path:
    if not isinstance(name, str) or not _LOCATION.fullmatch(name):
        raise MalformedBytes("a tensor's file", expected="a plain relative name", got=repr(name))
    path = folder / name
    if not os.path.isfile(path):  # which takes a name that is too long for none
        raise NotFound("a tensor's file", expected="a file beside the model", got=repr(name))
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InvalidNetwork("a tensor's file", expected="inside the folder", got=repr(name))
    return path


def _locations(model: onnx.ModelProto) -> Iterator[str]:
    for tensor in _tensors(model):
        is_outside = tensor.data_location == onnx.TensorProto.EXTERNAL
        names = [entry.value for entry in tensor.external_data if entry.key == "location"]
        if is_outside and not names:
            raise MalformedBytes(f"tensor {tensor.name!r}", expected="a file's name", got="none")
        yield from names


def _tensors(message: Message) -> Iterator[onnx.TensorProto]:
    """Every tensor in a message, wherever it hides."""
    if isinstance(message, onnx.TensorProto):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in [value] if isinstance(value, Message) else value:
                yield from _tensors(part)
