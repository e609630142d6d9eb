"""Answers in parts over real sockets: prompt, bounded, and never cut unnoticed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import import_module
from itertools import repeat
from pathlib import Path

import httpx
import pytest

from hushwork.errors import (
    HushworkError,
    MalformedBytes,
    NotFound,
    TooLarge,
    UnknownSession,
    Unreachable,
)
from hushwork.wire import Gate, Hotkey, SignedClient, heeding, load_or_make, make_app, running
from hushwork.wire._frames import END, part_frame
from tests.wire.parts import Maker, Step, chunked, sending

running_module = import_module("hushwork.wire.running")
MIB = 1 << 20
FIRST = chunked(part_frame(b"one"), ended=False)
Serve = Callable[..., SignedClient]


def ask(
    client: SignedClient, part_limit: int = MIB, limit: int = 64 * MIB, seconds: float = 10.0
) -> Iterator[bytes]:
    return client.stream_post(
        "/parts", b"body", part_limit=part_limit, limit=limit, part_seconds=seconds
    )


def sip(parts: Iterator[bytes]) -> None:
    for _ in parts:
        time.sleep(0.02)


@pytest.fixture
def connect(alice: Hotkey, bob: Hotkey) -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(url: str, timeout: float = 10.0) -> SignedClient:
            return stack.enter_context(SignedClient(url, alice, bob.address, timeout=timeout))

        yield start


@pytest.fixture
def serve(bob: Hotkey, connect: Serve) -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(maker: Maker, patience: float = 60.0) -> SignedClient:
            route = Gate(bob.address).stream_route("POST", "/parts", maker, 100, patience)
            return connect(stack.enter_context(running(make_app([route]))))

        yield start


@pytest.mark.parametrize(
    "parts", [[b"one"], [b"a", bytes(MIB), b"b", b"a"], [b"%d" % n for n in range(500)]]
)
def test_parts_come_in_order(serve: Serve, parts: list[Step]) -> None:
    maker = Maker(parts)
    assert list(ask(serve(maker))) == parts
    assert maker.closed.is_set()


def test_a_part_comes_while_the_next_is_being_made(serve: Serve) -> None:
    go = threading.Event()
    parts = ask(serve(Maker([b"first", go, b"second"])))
    assert next(parts) == b"first"
    go.set()
    assert list(parts) == [b"second"]


def test_nothing_is_asked_before_the_first_part_is(serve: Serve) -> None:
    maker = Maker([b"part"])
    ask(serve(maker))
    assert maker.made == 0


def test_an_error_before_the_first_part_has_its_status(serve: Serve) -> None:
    client, statuses = serve(Maker([UnknownSession("who?", got="you")])), []
    client._http.event_hooks["response"].append(lambda answer: statuses.append(answer.status_code))
    with pytest.raises(UnknownSession, match="got you"):
        next(ask(client))
    with pytest.raises(NotFound, match="no such route"):
        next(client.stream_post("/nowhere", b"", part_limit=1, limit=1))
    with pytest.raises(TooLarge, match="body"):
        next(client.stream_post("/parts", bytes(101), part_limit=1, limit=1))
    assert statuses == [404, 404, 413]


def test_an_error_in_the_middle_comes_as_the_same_class(serve: Serve) -> None:
    parts = ask(serve(Maker([b"one", TooLarge("answer", expected="4", got="5")])))
    assert next(parts) == b"one"
    with pytest.raises(TooLarge) as caught:
        next(parts)
    assert (caught.value.message, caught.value.expected, caught.value.got) == ("answer", "4", "5")


@pytest.mark.parametrize("steps", [[b"one", RuntimeError("secret")], [b"one", b""], [b""], []])
def test_a_crash_is_told_without_detail(
    serve: Serve, steps: list[Step], caplog: pytest.LogCaptureFixture
) -> None:
    parts = ask(serve(Maker(steps)))
    with caplog.at_level(logging.ERROR), pytest.raises(HushworkError, match="internal error"):
        list(parts)
    assert "Error in a handler" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(("part_limit", "limit"), [(999, 10**9), (1000, 5500)])
def test_an_endless_stream_and_a_large_part_are_not_read_on(
    serve: Serve, part_limit: int, limit: int
) -> None:
    maker = Maker(repeat(bytes(1000)))
    got = []
    with pytest.raises(TooLarge):
        got.extend(ask(serve(maker), part_limit, limit))
    assert maker.closed.wait(5)


def test_whoever_closes_or_drops_the_parts_stops_their_maker(serve: Serve) -> None:
    for leave in (lambda parts: parts.close(), lambda _: None):
        maker = Maker([b"first", threading.Event()])
        parts = ask(serve(maker))
        assert next(parts) == b"first"
        leave(parts)
        del parts
        assert maker.closed.wait(5)


def test_whoever_leaves_before_the_first_part_stops_its_maker(serve: Serve) -> None:
    """And a thread that waits for bytes can be called away."""
    maker = Maker([threading.Event()])
    parts = ask(serve(maker))

    def leave() -> None:
        if maker.waiting.is_set():
            raise InterruptedError

    with heeding(leave), pytest.raises(InterruptedError):
        next(parts)
    assert maker.closed.wait(5)


def test_a_reader_who_stalls_is_hung_up_on(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    maker = Maker(repeat(bytes(MIB)))
    parts = ask(serve(maker, patience=0.3))
    next(parts)
    assert maker.closed.wait(10)
    assert maker.made < 40, "more was made than sockets hold"
    with pytest.raises(Unreachable):
        list(parts)
    assert not caplog.records, "the server waited for the rest to be read"


def test_a_reader_who_sips_is_hung_up_on(serve: Serve) -> None:
    """Each part is taken soon enough; all of them together are not."""
    maker = Maker(repeat(bytes(MIB)))
    parts = ask(serve(maker, patience=0.5), limit=200 * MIB)
    with pytest.raises(Unreachable):
        sip(parts)
    assert maker.closed.wait(5)


def test_all_this_holds_over_tls(tmp_path: Path, alice: Hotkey, bob: Hotkey) -> None:
    """Also where a read that gives way to a check is taken up again."""
    go, gate = threading.Event(), Gate(bob.address)
    makers = Maker([b"first", go, b"second"]), Maker(repeat(bytes(MIB)))
    routes = [gate.stream_route("POST", "/parts", makers[0], 100)]
    routes += [gate.stream_route("POST", "/stall", makers[1], 100, 0.3)]
    pin = load_or_make(tmp_path, datetime(2026, 1, 1, tzinfo=UTC))
    with (
        running(make_app(routes), certificate=pin) as url,
        SignedClient(url, alice, bob.address, fingerprint=pin.fingerprint) as client,
        heeding(lambda: None),
    ):
        parts = ask(client)
        assert next(parts) == b"first"
        threading.Timer(0.5, go.set).start()
        assert list(parts) == [b"second"]
        parts = client.stream_post("/stall", b"", part_limit=MIB, limit=64 * MIB)
        next(parts)
        assert makers[1].closed.wait(10)
        with pytest.raises(Unreachable):
            list(parts)


def test_a_slow_maker_does_not_try_the_readers_patience(serve: Serve) -> None:
    go = threading.Event()
    parts = ask(serve(Maker([b"first", go, b"second"]), patience=0.1))
    assert next(parts) == b"first"
    assert not go.wait(0.3)
    go.set()
    assert next(parts) == b"second"


def test_a_server_that_stops_in_the_middle_stops_its_maker(
    bob: Hotkey, connect: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(running_module, "_GRACE_SECONDS", 0.1)
    maker = Maker([b"first", threading.Event()])
    route = Gate(bob.address).stream_route("POST", "/parts", maker, 100)
    with running(make_app([route])) as url:
        parts = ask(connect(url))
        assert next(parts) == b"first"
    assert maker.closed.wait(5)
    assert "graceful" in caplog.text
    with pytest.raises(Unreachable):
        next(parts)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (FIRST, Unreachable),
        (chunked(part_frame(b"one")), Unreachable),
        (chunked(part_frame(b"one"), b"\0\0\0\x09tw", ended=False), Unreachable),
        (chunked(part_frame(b"one"), b"\0\0"), Unreachable),
        (chunked(part_frame(b"one"), END, ended=False), Unreachable),
        (chunked(part_frame(b"one"), END, b"more"), MalformedBytes),
    ],
)
def test_a_stream_that_is_cut_is_never_a_short_answer(
    connect: Serve, answer: bytes, error: type[HushworkError]
) -> None:
    with sending(answer) as url:
        parts = ask(connect(url))
        assert next(parts) == b"one"
        with pytest.raises(error):
            next(parts)


@pytest.mark.parametrize(("timeout", "seconds"), [(10.0, 0.2), (0.2, 10.0)])
def test_a_server_that_falls_silent_is_unreachable(
    connect: Serve, timeout: float, seconds: float
) -> None:
    told = threading.Event()
    with sending(FIRST, between=lambda: told.wait(10)) as url:
        parts = ask(connect(url, timeout=timeout), seconds=seconds)
        assert next(parts) == b"one"
        start = time.monotonic()
        with pytest.raises(Unreachable, match="Timeout"):
            next(parts)
        assert time.monotonic() - start < 2
        told.set()


def test_time_runs_while_the_reader_is_elsewhere(connect: Serve) -> None:
    told = threading.Event()
    with sending(FIRST, between=lambda: told.wait(10)) as url:
        parts = ask(connect(url, timeout=1.0))
        assert next(parts) == b"one"
        assert not told.wait(0.8)
        start = time.monotonic()
        with pytest.raises(Unreachable):
            next(parts)
        assert time.monotonic() - start < 0.8
        told.set()


@pytest.mark.parametrize(
    ("trickle", "timeout", "seconds"),
    [(part_frame(b"x"), 0.3, 10.0), (b"\x01", 0.3, 10.0), (b"\x01", 10.0, 0.3)],
)
def test_what_trickles_ends_in_time(
    connect: Serve, trickle: bytes, timeout: float, seconds: float
) -> None:
    """Small parts end at the timeout, the bytes of one large part also at that of a part."""
    pieces = [FIRST, *([b"%x\r\n%b\r\n" % (len(trickle), trickle)] * 100)]
    with (
        sending(*pieces, between=lambda: time.sleep(0.01)) as url,
        pytest.raises(Unreachable, match=r"Timeout|too slow"),
    ):
        list(ask(connect(url, timeout=timeout), part_limit=1 << 30, limit=1 << 40, seconds=seconds))


def test_a_whole_stream_leaves_its_connection_for_the_next(serve: Serve) -> None:
    client, connections = serve(Maker([b"part"])), set()

    def note(answer: httpx.Response) -> None:
        connections.add(answer.extensions["network_stream"].get_extra_info("client_addr"))

    client._http.event_hooks["response"].append(note)
    for _ in range(3):
        assert list(ask(client)) == [b"part"]
    assert len(connections) == 1
