"""What only real sockets can show: TLS, Nagle, a server that goes away."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from starlette.applications import Starlette

from hushwork.errors import BadSignature, TooLarge, Unreachable
from hushwork.wire import (
    Call,
    Certificate,
    Gate,
    Hotkey,
    SignedClient,
    load_or_make,
    make_app,
    open_route,
    running,
)
from hushwork.wire import _transport as transport_module
from hushwork.wire.tls import pinned_context

running_module = import_module("hushwork.wire.running")  # the package's name is the function's
TODAY = datetime(2026, 1, 1, tzinfo=UTC)


def echo_app(receiver: Hotkey) -> Starlette:
    gate = Gate(receiver.address)
    return make_app([gate.route("POST", "/echo", lambda call: call.body, 1 << 20)])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return load_or_make(tmp_path_factory.mktemp("tls"), TODAY)


@pytest.fixture(scope="module")
def other_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return load_or_make(tmp_path_factory.mktemp("other"), TODAY)


@pytest.fixture(scope="module")
def secure_url(bob: Hotkey, certificate: Certificate) -> Iterator[str]:
    with running(echo_app(bob), certificate=certificate) as url:
        yield url


@pytest.fixture(scope="module")
def url(bob: Hotkey) -> Iterator[str]:
    with running(echo_app(bob)) as url:
        yield url


def test_a_certificate_is_made_once_and_kept_private(tmp_path: Path) -> None:
    made = load_or_make(tmp_path / "tls", TODAY)
    assert load_or_make(tmp_path / "tls", TODAY) == made
    assert len(made.fingerprint) == 32
    assert made.key_file.stat().st_mode & 0o077 == 0
    assert load_or_make(tmp_path / "other", TODAY).fingerprint != made.fingerprint


def test_a_pinned_server_is_spoken_to(
    secure_url: str, certificate: Certificate, alice: Hotkey, bob: Hotkey
) -> None:
    pin = certificate.fingerprint
    with SignedClient(secure_url, alice, bob.address, fingerprint=pin) as client:
        assert client.post("/echo", b"body") == b"body"


def test_another_certificate_is_refused_before_anything_is_sent(
    secure_url: str, other_certificate: Certificate, alice: Hotkey, bob: Hotkey
) -> None:
    pin = other_certificate.fingerprint
    client = SignedClient(secure_url, alice, bob.address, fingerprint=pin)
    with pytest.raises(BadSignature, match=pin.hex()):
        client.post("/echo", b"body")


def test_a_man_in_the_middle_who_lets_the_first_look_through_is_refused(
    secure_url: str,
    certificate: Certificate,
    other_certificate: Certificate,
    alice: Hotkey,
    bob: Hotkey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """He shows the true certificate when it is looked at, and answers with his own."""

    def look_elsewhere(host: str, _: int, pin: bytes, timeout: float) -> ssl.SSLContext:
        return pinned_context(host, int(secure_url.rsplit(":", maxsplit=1)[-1]), pin, timeout)

    monkeypatch.setattr(transport_module, "pinned_context", look_elsewhere)
    pin = certificate.fingerprint
    with running(echo_app(bob), certificate=other_certificate) as middle:
        client = SignedClient(middle, alice, bob.address, fingerprint=pin)
        with pytest.raises(BadSignature, match="not the certificate"):
            client.post("/echo", b"body")


def test_a_plain_server_behind_a_pin_is_unreachable(
    url: str, certificate: Certificate, alice: Hotkey, bob: Hotkey
) -> None:
    secure, pin = url.replace("http:", "https:"), certificate.fingerprint
    with pytest.raises(Unreachable):
        SignedClient(secure, alice, bob.address, fingerprint=pin).post("/echo", b"")


def test_an_answer_does_not_wait_for_nagle(url: str, alice: Hotkey, bob: Hotkey) -> None:
    with SignedClient(url, alice, bob.address) as client:
        times = [client.timed_post("/echo", b"body", limit=10)[1] for _ in range(20)]
    assert 0 < min(times[10:]) < 0.03


def test_long_jobs_do_not_keep_a_short_request_waiting(alice: Hotkey, bob: Hotkey) -> None:
    gate, together = Gate(bob.address), threading.Barrier(51, timeout=30)

    def long_job(call: Call) -> bytes:
        together.wait()
        return call.body

    routes = [gate.route("POST", "/long", long_job), open_route("/short", lambda _: b"short")]
    with running(make_app(routes)) as url, SignedClient(url, alice, bob.address) as client:
        threads = [threading.Thread(target=client.post, args=("/long", b"")) for _ in range(50)]
        for thread in threads:
            thread.start()
        assert client.get("/short") == b"short"
        together.wait()
        for thread in threads:
            thread.join()


def test_a_refused_upload_still_brings_its_reason(url: str, alice: Hotkey, bob: Hotkey) -> None:
    with SignedClient(url, alice, bob.address) as client:
        with pytest.raises(TooLarge, match="33554432"):
            client.post("/echo", bytes(32 << 20))
        assert client.post("/echo", b"body") == b"body"


def test_a_stopped_server_is_unreachable(alice: Hotkey, bob: Hotkey) -> None:
    with running(echo_app(bob)) as url:
        client = SignedClient(url, alice, bob.address)
        assert client.post("/echo", b"body") == b"body"
    with pytest.raises(Unreachable):
        client.post("/echo", b"body")


def test_a_server_that_dies_in_mid_answer_is_unreachable(alice: Hotkey, bob: Hotkey) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def half_an_answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    thread = threading.Thread(target=half_an_answer)
    thread.start()
    client = SignedClient(f"http://127.0.0.1:{listener.getsockname()[1]}", alice, bob.address)
    with pytest.raises(Unreachable):
        client.post("/echo", b"body")
    thread.join()
    listener.close()


def test_a_server_that_never_answers_is_unreachable(alice: Hotkey, bob: Hotkey) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        client = SignedClient(url, alice, bob.address, timeout=0.2)
        with pytest.raises(Unreachable, match="Timeout"):
            client.post("/echo", b"body")


@pytest.mark.parametrize("body", [b"", bytes(32 << 20)])
def test_a_server_that_dribbles_a_head_or_sips_a_body_is_unreachable(
    body: bytes, alice: Hotkey, bob: Hotkey
) -> None:
    """Each read and write is in time; all of them together are not."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def dribble() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(1 << 16)
                if not body:
                    connection.sendall(b"HTTP/1.1 200 OK\r\n")
                for _ in range(100):
                    time.sleep(0.05)
                    if body:
                        connection.recv(1 << 16)
                    else:
                        connection.sendall(b"X: y\r\n")

        thread = threading.Thread(target=dribble, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        start = time.monotonic()
        with (
            SignedClient(url, alice, bob.address, timeout=0.4) as client,
            pytest.raises(Unreachable),
        ):
            client.post("/echo", body)
        assert time.monotonic() - start < 2
        thread.join()


def test_a_taken_port_is_said_so(url: str, bob: Hotkey) -> None:
    with (
        pytest.raises(OSError, match="in use"),
        running(echo_app(bob), port=int(url.rsplit(":", maxsplit=1)[-1])),
    ):
        pass


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
@pytest.mark.parametrize("start", [b"", b"POST /ec"])
def test_whoever_never_finishes_asking_is_hung_up_on(
    before: bytes, start: bytes, bob: Hotkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after a request that was answered; else 256 of them would close the service."""
    monkeypatch.setattr(running_module, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(running_module, "_IDLE_SECONDS", 1)
    with running(echo_app(bob)) as url:
        port = int(url.rsplit(":", maxsplit=1)[-1])
        with socket.create_connection(("127.0.0.1", port), timeout=3) as caller:
            caller.sendall(before)
            assert not before or caller.recv(1 << 16)
            caller.sendall(start)
            while caller.recv(1 << 16):
                pass


def test_a_slow_handler_is_not_hung_up_on(
    alice: Hotkey, bob: Hotkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_module, "HEAD_SECONDS", 0.1)
    asleep = threading.Event()
    slow = Gate(bob.address).route("POST", "/slow", lambda _: bytes(asleep.wait(0.3)) or b"slow")
    with running(make_app([slow])) as url, SignedClient(url, alice, bob.address) as client:
        assert client.post("/slow", b"") == b"slow"
        assert client.post("/slow", b"") == b"slow"
