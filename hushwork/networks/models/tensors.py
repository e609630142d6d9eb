"""Any ONNX file that ONNX Runtime loads, as a function of named tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from hushwork.errors import (
    InvalidInput,
    InvalidNetwork,
    MalformedBytes,
    TooLarge,
    UnsupportedOperator,
)
from hushwork.networks import metadata
from hushwork.networks.disk import read_file
from hushwork.networks.models import files

ELEMENT_LIMIT = 1 << 28
"""Most elements that the inputs of one run may have together."""

_TYPES = {
    "tensor(bool)": np.dtype(np.bool_),
    "tensor(float16)": np.dtype(np.float16),
    "tensor(float)": np.dtype(np.float32),
    "tensor(double)": np.dtype(np.float64),
    **{
        f"tensor({sign}int{n})": np.dtype(f"{sign}int{n}")
        for sign in ("", "u")
        for n in (8, 16, 32, 64)
    },
}


@dataclass(frozen=True)
class Tensor:
    """What goes in or comes out under a name."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | None, ...] | None
    """Sizes of the axes, None for a free one; None if even their number is free."""

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether an array of a shape may be this tensor."""
        if self.shape is None:
            return True
        pairs = zip(self.shape, shape, strict=False)
        return len(shape) == len(self.shape) and all(own in (None, size) for own, size in pairs)


class OnnxModel:
    """An ONNX file on ONNX Runtime. May be shared between threads."""

    kind: ClassVar[str] = "tensors"

    name: str
    digest: str
    """SHA-256 as `digest_of` makes it of `files`."""
    files: Mapping[str, str]
    """SHA-256 of the file, and of those beside it that hold its tensors, by name."""
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    labels: tuple[str, ...]
    """Of the first output's last axis, if the file has them (`hushwork.labels`)."""

    def __init__(self, path: Path, name: str | None = None, threads: int = 0) -> None:
        """Load a file; `threads` 0 means one for each core.

        The name is the given one, else the file's metadata `hushwork.name`, else the file's stem,
        or its folder's name for `model.onnx`. Raises NotFound, TooLarge, MalformedBytes,
        InvalidNetwork or UnsupportedOperator.
        """
        try:
            self._load(path, name, threads)
        except UnicodeError as error:
            raise MalformedBytes(repr(path.name), expected="UTF-8", got=error) from None

    def _load(self, path: Path, name: str | None, threads: int) -> None:
        data = read_file(path, files.FILE_LIMIT)
        model = files.parse(data)
        others = files.beside(model, path.parent)
        self.files = {
            path.name: hashlib.sha256(data).hexdigest(),
            **{other: files.file_digest(place) for other, place in others.items()},
        }
        self.digest = files.digest_of(self.files)
        said = metadata.said(model)
        self.name = metadata.text(name or said.get("hushwork.name") or _stem(path), "name")
        # A file that is read from memory cannot change after its digest is taken.
        self._session = _session(path if others else data, self.name, threads)
        self.inputs = tuple(_described(self._session.get_inputs(), model.graph.input))
        self.outputs = tuple(_described(self._session.get_outputs(), model.graph.output))
        self.labels = self._labels(said.get("hushwork.labels"))

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """All outputs by name, of all inputs by name.

        Raises InvalidInput for a name, dtype or shape that the model does not take and for values
        on which it fails, TooLarge for more than ELEMENT_LIMIT elements.
        """
        self._check(feeds)
        try:
            found = self._session.run(None, dict(feeds))
        except Exception as error:  # onnxruntime's own have no common base
            raise InvalidInput(f"{self.name} fails on this input: {_short(error)}") from None
        return dict(zip((output.name for output in self.outputs), found, strict=True))

    def _check(self, feeds: Mapping[str, NDArray[Any]]) -> None:
        names = {entry.name for entry in self.inputs}
        if set(feeds) != names:
            raise InvalidInput("inputs", expected=sorted(names), got=sorted(map(str, feeds)))
        for entry in self.inputs:
            _check_one(entry, feeds[entry.name])
        total = sum(array.size for array in feeds.values())
        if total > ELEMENT_LIMIT:
            raise TooLarge("inputs", expected=f"at most {ELEMENT_LIMIT} elements", got=total)

    def _labels(self, encoded: str | None) -> tuple[str, ...]:
        if encoded is None:
            return ()
        shape = self.outputs[0].shape
        return metadata.labels(encoded, shape[-1] if shape else None)


def _stem(path: Path) -> str:
    return path.resolve().parent.name if path.name == "model.onnx" else path.stem


def _check_one(entry: Tensor, array: NDArray[Any]) -> None:
    if not isinstance(array, np.ndarray):
        raise InvalidInput(entry.name, expected="an array", got=type(array).__name__)
    if array.dtype != entry.dtype:
        raise InvalidInput(entry.name, expected=entry.dtype, got=array.dtype)
    if not entry.fits(array.shape):
        raise InvalidInput(entry.name, expected=f"shape {entry.shape}", got=array.shape)


def _session(source: Path | bytes, name: str, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(
            source, options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as error:  # onnxruntime's own have no common base
        raise InvalidNetwork(f"ONNX Runtime does not load {name}: {_short(error)}") from None


def _described(entries: list[Any], protos: Iterable[onnx.ValueInfoProto]) -> Iterator[Tensor]:
    """Raises UnsupportedOperator for what is no tensor of numbers."""
    unranked = {proto.name for proto in protos if not proto.type.tensor_type.HasField("shape")}
    for entry in entries:
        if entry.type not in _TYPES:
            message = f"{entry.name!r} of the model"
            raise UnsupportedOperator(message, expected="a tensor of numbers", got=entry.type)
        sizes = tuple(size if isinstance(size, int) else None for size in entry.shape)
        is_free = entry.name in unranked and not sizes
        yield Tensor(entry.name, _TYPES[entry.type], None if is_free else sizes)


def _short(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0][:400] if lines else type(error).__name__
