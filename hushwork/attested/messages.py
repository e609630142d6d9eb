"""What a client and an enclave say to one another; MessagePack with limits."""

from __future__ import annotations

import hashlib
from math import prod
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from hushwork.attested.keyset import NONCE
from hushwork.errors import InvalidInput, MalformedBytes, TooLarge
from hushwork.wire import ErrorMessage

VERSION = 1
BLOCK = 256
"""Requests and parts are padded to multiples of so many bytes: lengths tell of texts."""
TEXT_LIMIT = 64 << 10
TOKEN_LIMIT = 32 << 10

Bytes32 = Annotated[bytes, Meta(min_length=32, max_length=32)]
Count = Annotated[int, Meta(ge=0, lt=1 << 53)]
Name = Annotated[str, Meta(max_length=256)]
Size = Annotated[int, Meta(ge=0, le=1 << 30)]
Shape = Annotated[tuple[Size, ...], Meta(max_length=16)]
Probability = Annotated[float, Meta(ge=0.0, le=10.0)]
T = TypeVar("T")

_KINDS = "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool"
_LITTLE = {name: np.dtype(name).newbyteorder("<") for name in _KINDS.split()}


class Said(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Base of all of them."""

    def to_bytes(self) -> bytes:
        """Encode."""
        return msgspec.msgpack.encode(self)


class Hello(Said, frozen=True):
    """A nonce of the client's own making."""

    nonce: Annotated[bytes, Meta(min_length=NONCE, max_length=NONCE)]
    version: int = VERSION


class Reply(Said, frozen=True):
    """What an enclave shows for itself."""

    keyset: bytes
    statement: bytes
    evidence: bytes


class Tensor(Said, frozen=True):
    """An array of numbers, little-endian, in rows."""

    dtype: Name
    shape: Shape
    data: bytes

    @classmethod
    def of(cls, array: NDArray[Any]) -> Tensor:
        """Raises InvalidInput for what holds no numbers."""
        name = array.dtype.name
        if name not in _LITTLE:
            raise InvalidInput("tensor", expected="numbers", got=array.dtype)
        return cls(name, array.shape, array.astype(_LITTLE[name], copy=False).tobytes())

    @property
    def array(self) -> NDArray[Any]:
        """Raises MalformedBytes."""
        kind, size = _LITTLE.get(self.dtype), prod(self.shape)
        if kind is None or size * kind.itemsize != len(self.data):
            got = f"{len(self.data)} bytes of {self.dtype[:20]}"
            raise MalformedBytes("tensor", expected=f"{size} numbers", got=got)
        return np.frombuffer(self.data, kind).reshape(self.shape)


class Tensors(Said, frozen=True, tag="tensors"):
    """Inputs by name."""

    values: Annotated[dict[Name, Tensor], Meta(max_length=256)]


class Written(Said, frozen=True, tag="text"):
    """A text, and how to go on with it, where a model does."""

    text: Annotated[str, Meta(max_length=TEXT_LIMIT)]
    most_tokens: Annotated[int, Meta(ge=1, le=TOKEN_LIMIT)] = 256
    temperature: Probability = 0.0
    seed: Count | None = None
    stop: Annotated[tuple[Name, ...], Meta(max_length=16)] = ()


Question = Tensors | Written


class Request(Said, frozen=True):
    """What is sealed to an enclave."""

    salt: Bytes32
    question: Question


class Outcome(Said, frozen=True):
    """What a model gives."""

    tensors: dict[Name, Tensor]
    text: str = ""


class Last(Said, frozen=True):
    """The end of an answer, and what it commits the enclave to."""

    salt: Bytes32
    outcome: Outcome
    receipt: bytes
    signature: bytes


class Refused(Said, frozen=True):
    """The end of an answer that could not be given; only the client reads why."""

    error: ErrorMessage


def question_digest(salt: bytes, question: Question) -> str:
    """What a receipt says of a question; it tells nothing of it without the salt."""
    return hashlib.sha256(salt + msgspec.msgpack.encode(question)).hexdigest()


class AnswerDigest:
    """What a receipt says of an answer: all its parts in order, and the outcome."""

    def __init__(self, salt: bytes) -> None:
        self._hash = hashlib.sha256(salt)
        self.parts = 0

    def part(self, text: bytes) -> None:
        """The next part."""
        self.parts += 1
        self._add(text)

    def end(self, outcome: Outcome) -> str:
        """Hex."""
        self._add(outcome.to_bytes())
        return self._hash.hexdigest()

    def _add(self, data: bytes) -> None:
        self._hash.update(len(data).to_bytes(8, "big") + data)


def pad(data: bytes) -> bytes:
    """To a multiple of BLOCK bytes, as ISO/IEC 7816-4 does."""
    return data + b"\x80" + bytes(-(len(data) + 1) % BLOCK)


def unpad(data: bytes) -> bytes:
    """Raises MalformedBytes."""
    stripped = data.rstrip(b"\0")
    if not stripped.endswith(b"\x80"):
        raise MalformedBytes("padding", expected="0x80 and zeros", got="none")
    return stripped[:-1]


def decode(what: str, type_: type[T], data: bytes | memoryview, limit: int) -> T:
    """Decode what a stranger sent. Raises TooLarge or MalformedBytes."""
    if len(data) > limit:
        raise TooLarge(what, expected=f"at most {limit} bytes", got=len(data))
    try:
        return msgspec.msgpack.decode(data, type=type_)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedBytes(what, expected="well-formed bytes", got=error) from None
