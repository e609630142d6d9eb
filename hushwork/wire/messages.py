"""Messages that services exchange, as MessagePack, and errors as they travel."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from hushwork import errors
from hushwork.errors import HushworkError, MalformedBytes, TooLarge

CHUNK_SIZE = 1 << 20
"""Bytes in every chunk of a blob but the last."""

MESSAGE_LIMIT = 1 << 20
REPLY_LIMIT = 1 << 20
LAYER_LIMIT = 100
"""Most characters of a layer's name."""

Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
"""SHA-256, lower-case hex."""

Address = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=1000)]
Url = Annotated[str, msgspec.Meta(max_length=300)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]
Uid = Annotated[int, msgspec.Meta(ge=0, lt=1 << 16)]
U16 = Annotated[int, msgspec.Meta(ge=0, lt=1 << 16)]
Token = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,64}\Z")]
"""A name that is safe in a path."""


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of everything here."""


class ErrorMessage(Message, frozen=True):
    """A refusal."""

    code: Name
    message: Text
    expected: Text | None = None
    got: Text | None = None


class BlobInfo(Message, frozen=True):
    """Bytes too many for one request: their size, and the SHA-256 of each chunk in order."""

    size: Annotated[int, msgspec.Meta(ge=1, le=1 << 33)]
    chunks: Annotated[tuple[Digest, ...], msgspec.Meta(min_length=1, max_length=1 << 13)]

    def __post_init__(self) -> None:
        """Refuse a size that the chunks cannot hold."""
        if len(self.chunks) != -(-self.size // CHUNK_SIZE):
            raise ValueError(f"{self.size} bytes are not {len(self.chunks)} chunks")

    @property
    def digest(self) -> str:
        """Name of the blob: SHA-256 of this message, hex."""
        return hashlib.sha256(encode(self)).hexdigest()

    def chunk_size(self, index: int) -> int:
        """Bytes in one chunk."""
        return min(CHUNK_SIZE, self.size - index * CHUNK_SIZE)


class MissingChunks(Message, frozen=True):
    """What an upload still lacks; empty once it is complete."""

    indices: tuple[Count, ...]


class Offer(Message, frozen=True):
    """One manifest that a miner works under."""

    manifest: Digest
    guarantee: Name
    network: Name


class Offers(Message, frozen=True):
    """Everything a miner works under."""

    offers: Annotated[tuple[Offer, ...], msgspec.Meta(max_length=1000)]


class SessionRequest(Message, frozen=True):
    """Open a session on a hello, which is a blob.

    With source "upload" the blob is already here; with "sender" the miner fetches it from the
    sender's own address on the ledger, so that one blob serves many miners.
    """

    manifest: Digest
    hello: Digest
    source: Literal["upload", "sender"]


class SessionReply(Message, frozen=True):
    """A session that is open, and the worker's reply to the hello."""

    session: Token
    reply: Annotated[bytes, msgspec.Meta(max_length=REPLY_LIMIT)]


class Working(Message, frozen=True):
    """How far the job of a session is, as its miner says: nobody else knows."""

    layer: Annotated[str, msgspec.Meta(max_length=LAYER_LIMIT)] = ""
    """By its name in the network; empty where no job is under way."""
    done: Count = 0
    """Of `total` units of work."""
    total: Count = 0

    def __post_init__(self) -> None:
        """Refuse what would not look like progress on a screen."""
        if not self.layer.isprintable():
            raise ValueError("a layer whose name cannot be printed")
        if self.done > self.total:
            raise ValueError(f"{self.done} of {self.total} units are done")

    @classmethod
    def at(cls, layer: str, done: int, total: int) -> Working:
        """Of a layer whose name may be any text."""
        shown = "".join(c if c.isprintable() else "?" for c in layer[:LAYER_LIMIT])
        return cls(shown, min(done, total), total)


M = TypeVar("M")


def encode(message: Any) -> bytes:
    """Encode; fields in the order of their declaration."""
    return msgspec.msgpack.encode(message)


def decode(type_: type[M], data: bytes | memoryview, limit: int = MESSAGE_LIMIT) -> M:
    """Decode what a stranger sent. Raises TooLarge or MalformedBytes."""
    name = getattr(type_, "__name__", "message")
    if len(data) > limit:
        raise TooLarge(name, expected=f"at most {limit} bytes", got=len(data))
    try:
        return msgspec.msgpack.decode(data, type=type_)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedBytes(name, expected=f"a valid {name}", got=str(error)[:200]) from None


def describe_blob(data: bytes | memoryview) -> BlobInfo:
    """Write the BlobInfo of bytes at hand."""
    digests = (hashlib.sha256(chunk).hexdigest() for chunk in split(data))
    return BlobInfo(size=len(data), chunks=tuple(digests))


def split(data: bytes | memoryview) -> Iterator[memoryview]:
    """Cut into chunks."""
    view = memoryview(data)
    return (view[start : start + CHUNK_SIZE] for start in range(0, len(view), CHUNK_SIZE))


def to_message(error: HushworkError) -> ErrorMessage:
    """Write an error as it travels."""
    expected, got = (None if t is None else t[:1000] for t in (error.expected, error.got))
    return ErrorMessage(error.code, error.message[:1000], expected, got)


def from_message(message: ErrorMessage) -> HushworkError:
    """Read an error that came. An unknown code gives a plain HushworkError."""
    kind = _BY_CODE.get(message.code, HushworkError)
    return kind(message.message, expected=message.expected, got=message.got)


def http_status(error: HushworkError) -> int:
    """HTTP status of an error: that of the nearest class with one."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def _family(root: type[HushworkError]) -> Iterator[type[HushworkError]]:
    yield root
    for child in root.__subclasses__():
        yield from _family(child)


_BY_CODE = {kind.code: kind for kind in _family(HushworkError)}

_STATUS: dict[type, int] = {
    HushworkError: 400,
    errors.TooLarge: 413,
    errors.Unauthorized: 403,
    errors.BadSignature: 401,
    errors.StaleRequest: 401,
    errors.ReplayedRequest: 401,
    errors.NotFound: 404,
    errors.RefusedExtrinsic: 409,
    errors.Unavailable: 503,
    errors.QuotaExceeded: 507,
    errors.Busy: 429,
}
