from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hushwork import errors
from hushwork.errors import HushworkError, MalformedBytes, TooLarge
from hushwork.wire import (
    BlobInfo,
    ErrorMessage,
    MissingChunks,
    Offer,
    Offers,
    SessionReply,
    SessionRequest,
    Working,
    decode,
    describe_blob,
    encode,
    from_message,
    to_message,
)
from hushwork.wire.messages import CHUNK_SIZE, http_status

DIGEST = "0f" * 32
MESSAGES = [
    ErrorMessage("busy", "later", None, "3 jobs"),
    BlobInfo(CHUNK_SIZE + 1, (DIGEST, DIGEST)),
    MissingChunks((0, 2)),
    Offer(DIGEST, "encrypted", "lenet"),
    Offers((Offer(DIGEST, "encrypted", "lenet"),)),
    SessionRequest(DIGEST, DIGEST, "sender"),
    SessionReply("abc_-1", b"reply"),
    Working("convolution1", 3, 10),
]
KINDS = sorted(
    (kind for kind in vars(errors).values() if isinstance(kind, type)),
    key=lambda kind: kind.__name__,
)
KINDS = [kind for kind in KINDS if issubclass(kind, HushworkError)]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_messages_come_back(message: Any) -> None:
    assert decode(type(message), encode(message)) == message


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_truncated_messages_are_malformed(message: Any) -> None:
    data = encode(message)
    for end in range(len(data)):
        with pytest.raises(MalformedBytes):
            decode(type(message), data[:end])
    with pytest.raises(MalformedBytes):
        decode(type(message), data + b"\0")


@given(st.sampled_from([type(message) for message in MESSAGES]), st.binary(max_size=200))
def test_arbitrary_bytes_never_crash(kind: type, data: bytes) -> None:
    with suppress(MalformedBytes):
        assert isinstance(decode(kind, data), kind)


@settings(max_examples=40)
@given(
    st.recursive(
        st.integers() | st.text() | st.binary(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_well_formed_nonsense_is_malformed(value: object) -> None:
    try:
        data = msgspec.msgpack.encode(value)
    except OverflowError:
        return
    with pytest.raises(MalformedBytes):
        decode(SessionRequest, data)


def test_deep_nesting_is_malformed() -> None:
    with pytest.raises(MalformedBytes):
        decode(Offers, b"\x91" * 100_000)


def test_a_message_over_its_limit_is_too_large() -> None:
    data = encode(MESSAGES[0])
    decode(ErrorMessage, data, limit=len(data))
    with pytest.raises(TooLarge) as caught:
        decode(ErrorMessage, data, limit=len(data) - 1)
    assert caught.value.got == str(len(data))


@pytest.mark.parametrize("field", ["manifest", "hello", "source"])
def test_fields_are_checked(field: str) -> None:
    fields = {"manifest": DIGEST, "hello": DIGEST, "source": "upload"}
    decode(SessionRequest, msgspec.msgpack.encode(fields))
    for bad in ("", DIGEST.upper(), DIGEST + "\n", "../" + DIGEST[3:], 7, None):
        with pytest.raises(MalformedBytes):
            decode(SessionRequest, msgspec.msgpack.encode({**fields, field: bad}))
    with pytest.raises(MalformedBytes):
        decode(SessionRequest, msgspec.msgpack.encode({**fields, "more": 1}))


@pytest.mark.parametrize("token", ["", "a/b", "a" * 65, "a b", "a\n"])
def test_a_session_name_is_safe_in_a_path(token: str) -> None:
    with pytest.raises(MalformedBytes):
        decode(SessionReply, encode({"session": token, "reply": b""}))


@pytest.mark.parametrize("layer", ["\x1b[2J", "a\nb", "\u202egnp", "\x9b31m", "n" * 101])
def test_a_layer_is_a_short_line_that_a_screen_can_show(layer: str) -> None:
    with pytest.raises(MalformedBytes):
        decode(Working, encode({"layer": layer, "done": 1, "total": 2}))
    shown = decode(Working, encode(Working.at(layer, 1, 2)))
    assert shown.layer == "".join(c if c.isprintable() else "?" for c in layer)[:100]


@pytest.mark.parametrize(("done", "total"), [(-1, 1), (3, 2), (0, 1 << 63)])
def test_progress_is_a_part_of_a_whole(done: int, total: int) -> None:
    with pytest.raises(MalformedBytes):
        decode(Working, encode({"layer": "run", "done": done, "total": total}))


@pytest.mark.parametrize(("size", "count"), [(0, 0), (1, 0), (1, 2), (CHUNK_SIZE + 1, 1), (-1, 1)])
def test_a_size_must_fit_its_chunks(size: int, count: int) -> None:
    with pytest.raises(MalformedBytes):
        decode(BlobInfo, encode({"size": size, "chunks": [DIGEST] * count}))


def test_a_blob_is_named_by_all_its_bytes_and_their_order() -> None:
    first, second = bytes(CHUNK_SIZE), b"\1" * CHUNK_SIZE
    datas = (first, second, first + second, second + first, first + second[:-1])
    assert len({describe_blob(data).digest for data in datas}) == len(datas)
    info = describe_blob(first + second[:-1])
    assert [info.chunk_size(index) for index in (0, 1)] == [CHUNK_SIZE, CHUNK_SIZE - 1]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_travels(kind: type[HushworkError]) -> None:
    sent = kind("what", expected="one", got=2)
    came = from_message(decode(ErrorMessage, encode(to_message(sent))))
    assert type(came) is kind
    assert str(came) == str(sent) == "what (expected one, got 2)"
    assert 400 <= http_status(sent) < 600


def test_an_unknown_code_is_a_plain_error() -> None:
    assert type(from_message(ErrorMessage("from_the_future", "what"))) is HushworkError


def test_statuses_follow_the_tree() -> None:
    expected = {
        errors.UnknownSession: 404,
        errors.UnderStaked: 403,
        errors.ReplayedRequest: 401,
        errors.MalformedBytes: 400,
        errors.TooLarge: 413,
        errors.Busy: 429,
        errors.QuotaExceeded: 507,
        errors.RefusedExtrinsic: 409,
    }
    assert {kind: http_status(kind("what")) for kind in expected} == expected


def test_a_long_error_is_cut_to_what_is_allowed() -> None:
    message = to_message(HushworkError("m" * 5000, expected="e" * 5000, got="g" * 5000))
    assert decode(ErrorMessage, encode(message)) == message
