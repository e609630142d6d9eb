"""Frames of an answer in parts: each part behind its length, and a closing frame after the last.

A frame starts with four bytes, a big-endian number. Below 2^31 it is the length of the part that
follows; from there on it closes the stream, and what is above 2^31 is the length of the
ErrorMessage that follows: none where all went well. A stream that ends otherwise was cut.
"""

from __future__ import annotations

from collections.abc import Iterator

from hushwork.errors import MalformedBytes, TooLarge, Unreachable
from hushwork.wire.messages import ErrorMessage, decode, from_message

_HEAD = 4
_CLOSING = 1 << 31
_ERROR_LIMIT = 16 << 10

END = _CLOSING.to_bytes(_HEAD, "big")


def part_frame(part: bytes) -> bytes:
    """Frame a part, which must not be empty."""
    if not 0 < len(part) < _CLOSING:
        raise ValueError(f"a part of {len(part)} bytes")
    return len(part).to_bytes(_HEAD, "big") + part


def error_frame(message: bytes) -> bytes:
    """Close with an ErrorMessage."""
    return (_CLOSING | len(message)).to_bytes(_HEAD, "big") + message


def unframe(chunks: Iterator[bytes], part_limit: int, limit: int) -> Iterator[bytes]:
    """Read parts from bytes as they come, however these are cut.

    `limit` is the most bytes of all parts. Raises the error that the stream closes with, TooLarge,
    MalformedBytes, or Unreachable for a stream that was cut.
    """
    source, total = _Source(chunks), 0
    while (head := source.number()) < _CLOSING:
        total += head
        _require(head, 1, part_limit, "part")
        _require(total, 1, limit, "answer")
        yield source.take(head)
    size = head - _CLOSING
    if size:
        _require(size, 1, _ERROR_LIMIT, "error")
        raise from_message(decode(ErrorMessage, source.take(size)))
    if total == 0:
        raise MalformedBytes("answer in parts", expected="at least one", got="none")
    source.finish()


class _Source:
    """Bytes that come in chunks, taken in pieces."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = bytearray()

    def number(self) -> int:
        return int.from_bytes(self.take(_HEAD), "big")

    def take(self, size: int) -> bytes:
        while len(self._held) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise Unreachable("the answer was cut off", expected="an end", got="nothing more")
            self._held += chunk
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def finish(self) -> None:
        if self._held or any(self._chunks):
            raise MalformedBytes("answer in parts", expected="nothing after its end", got="bytes")


def _require(size: int, least: int, most: int, what: str) -> None:
    if size < least:
        raise MalformedBytes(what, expected=f"at least {least} bytes", got=size)
    if size > most:
        raise TooLarge(what, expected=f"at most {most} bytes", got=size)
