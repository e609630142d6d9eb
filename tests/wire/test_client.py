from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from hushwork.errors import (
    InsecureParameters,
    MalformedBytes,
    TooLarge,
    Unavailable,
    Unreachable,
)
from hushwork.wire import Hotkey, SignedClient, describe_blob, encode


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Server(httpx.BaseTransport):
    """Answers with bytes, each part a given time after the one before."""

    def __init__(self, clock: Clock, parts: list[tuple[float, bytes]], status: int = 200) -> None:
        self.clock, self.parts, self.status = clock, parts, status
        self.upload_seconds = 0.0
        self.reads_request = True

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.reads_request:
            for _ in request.stream:  # type: ignore[union-attr]
                self.clock.now += self.upload_seconds
        return httpx.Response(self.status, stream=Parts(self))


class Parts(httpx.SyncByteStream):
    def __init__(self, server: Server) -> None:
        self._server = server

    def __iter__(self) -> Iterator[bytes]:
        for seconds, part in self._server.parts:
            self._server.clock.now += seconds
            yield part


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ask(alice: Hotkey, bob: Hotkey, clock: Clock) -> Callable[..., SignedClient]:
    def make(transport: httpx.BaseTransport) -> SignedClient:
        return SignedClient(
            "http://memory", alice, bob.address, transport=transport, clock=clock, timeout=60.0
        )

    return make


def test_time_runs_from_the_last_byte_out_to_the_last_byte_in(
    clock: Clock, ask: Callable[..., SignedClient]
) -> None:
    server = Server(clock, [(1.0, b"early"), (2.0, b""), (4.0, b"late")])
    server.upload_seconds = 8.0
    answer, seconds = ask(server).timed_post("/jobs", bytes(200_000), limit=100)
    assert answer == b"earlylate"
    assert seconds == pytest.approx(7.0)


def test_an_answer_before_the_end_of_the_request_is_no_answer(
    clock: Clock, ask: Callable[..., SignedClient]
) -> None:
    server = Server(clock, [(0.0, b"guess")])
    server.reads_request = False
    with pytest.raises(Unreachable, match="before the end"):
        ask(server).timed_post("/jobs", b"body", limit=100)


def test_an_answer_over_the_limit_is_not_read_on(
    clock: Clock, ask: Callable[..., SignedClient]
) -> None:
    server = Server(clock, [(1.0, bytes(60))] * 1000)
    with pytest.raises(TooLarge):
        ask(server).post("/jobs", b"", limit=100)
    assert clock.now == 1002.0


def test_a_trickle_ends_at_the_timeout(clock: Clock, ask: Callable[..., SignedClient]) -> None:
    server = Server(clock, [(30.0, b"x")] * 1000)
    with pytest.raises(Unreachable, match="too slow"):
        ask(server).post("/jobs", b"", limit=10_000)
    assert clock.now == 1090.0


@pytest.mark.parametrize("answer", [b"", b"<html>", b"\xc1", bytes(2000)])
@pytest.mark.parametrize("status", [204, 307, 403, 502])
def test_what_is_neither_an_answer_nor_a_refusal_of_ours_is_unavailable(
    clock: Clock, ask: Callable[..., SignedClient], answer: bytes, status: int
) -> None:
    with pytest.raises(Unavailable, match=str(status)):
        ask(Server(clock, [(0.0, answer)], status=status)).get("/offers")


def test_compressed_answers_are_not_asked_for_nor_unpacked(alice: Hotkey, bob: Hotkey) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return httpx.Response(
            200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"raw")
        )

    transport = httpx.MockTransport(handle)
    with SignedClient("http://memory", alice, bob.address, transport=transport) as client:
        assert client.get("/") == b"raw"


def test_nonces_never_repeat(alice: Hotkey, bob: Hotkey) -> None:
    nonces = []

    def handle(request: httpx.Request) -> httpx.Response:
        nonces.append(request.headers["X-Bittensor-Nonce"])
        return httpx.Response(200, stream=httpx.ByteStream(b""))

    transport = httpx.MockTransport(handle)
    client = SignedClient(
        "http://memory", alice, bob.address, transport=transport, now_ns=lambda: 7
    )
    for _ in range(3):
        client.get("/")
    assert nonces == ["7", "8", "9"]


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")]
)
def test_a_server_that_is_away_is_unreachable(
    alice: Hotkey, bob: Hotkey, error: httpx.TransportError
) -> None:
    def handle(_: httpx.Request) -> httpx.Response:
        raise error

    transport = httpx.MockTransport(handle)
    client = SignedClient("http://memory", alice, bob.address, transport=transport)
    with pytest.raises(Unreachable, match=type(error).__name__):
        client.get("/")


def test_a_server_cannot_pass_one_blob_for_another(alice: Hotkey, bob: Hotkey) -> None:
    wanted, other = describe_blob(b"wanted"), describe_blob(b"other")
    answers = {
        f"/blobs/{wanted.digest}": encode(other),
        f"/blobs/{other.digest}": encode(other),
        f"/blobs/{other.digest}/0": b"0ther",
    }

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(answers[request.url.path]))

    transport = httpx.MockTransport(handle)
    client = SignedClient("http://memory", alice, bob.address, transport=transport)
    for info in (wanted, other):
        with pytest.raises(MalformedBytes):
            client.get_blob(info.digest, limit=100)


@pytest.mark.parametrize(
    ("url", "fingerprint"),
    [
        ("http://192.0.2.1:80", b""),
        ("http://example.org", b""),
        ("https://127.0.0.1:80", b""),
        ("http://127.0.0.1:80", bytes(32)),
        ("ftp://127.0.0.1:80", b""),
        ("https://[v1.a]:80", bytes(32)),
        ("https://xn--:80", bytes(32)),
        ("https://xn--0:80", bytes(32)),
    ],
)
def test_plain_http_is_for_loopback_alone(
    alice: Hotkey, bob: Hotkey, url: str, fingerprint: bytes
) -> None:
    with pytest.raises(InsecureParameters):
        SignedClient(url, alice, bob.address, fingerprint=fingerprint)
    for host in ("127.0.0.1", "localhost", "[::1]"):
        SignedClient(f"http://{host}:80", alice, bob.address).close()


@pytest.mark.parametrize("host", ["a..b", ".", "a" * 64 + ".org"])
def test_a_host_that_is_no_name_is_unreachable(alice: Hotkey, bob: Hotkey, host: str) -> None:
    url = f"https://{host}:443"
    with pytest.raises((Unreachable, InsecureParameters)):
        SignedClient(url, alice, bob.address, fingerprint=bytes(32)).get("/offers")
