"""Frames without a network: how bytes are cut must not matter, and every bad end is an error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hushwork.errors import Busy, HushworkError, MalformedBytes, TooLarge, Unreachable
from hushwork.wire import encode, to_message
from hushwork.wire._frames import END, error_frame, part_frame, unframe

PARTS = [b"one", b"2", bytes(300)]
FRAMES = b"".join(map(part_frame, PARTS))


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 3, 4, 5, 1000])
def test_parts_come_out_however_the_bytes_are_cut(size: int) -> None:
    assert list(unframe(iter(cut(FRAMES + END, size)), 300, 304)) == PARTS


def test_the_bytes_are_these() -> None:
    assert part_frame(b"one") == b"\0\0\0\x03one"
    assert END == b"\x80\0\0\0"
    assert error_frame(b"message") == b"\x80\0\0\x07message"


def test_a_part_is_out_before_the_next_is_asked_for() -> None:
    asked: list[int] = []

    def chunks() -> Iterator[bytes]:
        for index, part in enumerate(PARTS):
            asked.append(index)
            yield part_frame(part)
        yield END

    parts = unframe(chunks(), 300, 1000)
    assert next(parts) == b"one"
    assert asked == [0]


@pytest.mark.parametrize("size", [0, 2, 4, 6, 7, len(FRAMES)])
def test_a_stream_without_its_end_was_cut(size: int) -> None:
    with pytest.raises(Unreachable, match="cut off"):
        list(unframe(iter([FRAMES[:size]]), 300, 1000))


def test_an_error_ends_it_as_the_same_class() -> None:
    error = error_frame(encode(to_message(Busy("later", expected="3", got="4"))))
    parts = unframe(iter([part_frame(b"one") + error]), 300, 1000)
    assert next(parts) == b"one"
    with pytest.raises(Busy, match="later") as caught:
        next(parts)
    assert (caught.value.expected, caught.value.got) == ("3", "4")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (END, MalformedBytes),
        (bytes(4), MalformedBytes),
        (FRAMES + END + b"x", MalformedBytes),
        (FRAMES + END + END, MalformedBytes),
        (FRAMES + error_frame(b"nonsense"), MalformedBytes),
        (FRAMES + b"\x80\0\x40\x01", TooLarge),
        (FRAMES + b"\xff\xff\xff\xff", TooLarge),
        (b"\0\0\x01\x2d", TooLarge),
        (b"\x7f\xff\xff\xff", TooLarge),
        (FRAMES + b"\0\0\x01\x2c", TooLarge),
    ],
)
def test_nonsense_is_refused_before_it_is_read(data: bytes, error: type[HushworkError]) -> None:
    """Lengths alone decide: what they announce never comes."""
    with pytest.raises(error):
        list(unframe(iter([data]), 300, 600))


def test_an_empty_part_is_the_makers_mistake() -> None:
    with pytest.raises(ValueError, match="0 bytes"):
        part_frame(b"")
