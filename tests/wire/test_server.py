from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request

from hushwork.errors import (
    BadSignature,
    HushworkError,
    MalformedBytes,
    NotFound,
    NotRegistered,
    QuotaExceeded,
    ReplayedRequest,
    StaleRequest,
    TooLarge,
    UnknownBlob,
    WrongReceiver,
)
from hushwork.wire import (
    BlobLimits,
    BlobStore,
    Call,
    ErrorMessage,
    Gate,
    Hotkey,
    MemoryTransport,
    SignedClient,
    blob_routes,
    decode,
    describe_blob,
    encode,
    from_message,
    make_app,
    open_route,
)
from hushwork.wire import server as server_module
from hushwork.wire.btauth import SECOND, sign
from hushwork.wire.messages import CHUNK_SIZE
from hushwork.wire.server import read_body

NOW = 1_700_000_000
LIMIT = 1000
MIB = 1 << 20


class Service:
    """A service whose clock stands still until it is moved."""

    def __init__(
        self, server: Hotkey, folder: Path, stranger: str, now: float = float(NOW)
    ) -> None:
        self.now = now
        self.calls: list[Call] = []
        self._stranger = stranger
        gate = Gate(server.address, self._authorise, lambda: int(self.now * SECOND))
        limits = BlobLimits(blob=4 * MIB, owner=4 * MIB, time_to_live=60.0)
        self.store = BlobStore(folder, limits, self.now)
        routes = [
            gate.route("POST", "/echo/{name}", self._echo, LIMIT),
            open_route("/open", lambda _: b"open"),
            *blob_routes(gate, self.store, lambda: self.now),
        ]
        self.transport = MemoryTransport(make_app(routes))

    def _authorise(self, caller: str) -> None:
        if caller == self._stranger:
            raise NotRegistered("caller", got=caller)

    def _echo(self, call: Call) -> bytes:
        self.calls.append(call)
        if call.body.startswith(b"crash"):
            raise RuntimeError(call.body.decode())
        return call.body


@pytest.fixture
def service(tmp_path: Path, bob: Hotkey, carol: Hotkey) -> Service:
    return Service(bob, tmp_path, carol.address)


@pytest.fixture
def client(service: Service, alice: Hotkey, bob: Hotkey) -> Iterator[SignedClient]:
    with make_client(service, alice, bob.address) as client:
        yield client


def make_client(service: Service, sender: Hotkey, receiver: str, late: float = 0) -> SignedClient:
    return SignedClient(
        "http://memory",
        sender,
        receiver,
        transport=service.transport,
        now_ns=lambda: int((service.now - late) * SECOND),
    )


def raw_post(service: Service, headers: dict[str, str], body: bytes) -> HushworkError | None:
    with httpx.Client(transport=service.transport, base_url="http://memory") as http:
        response = http.post("/echo/x", content=body, headers=headers)
    if response.status_code < 400:
        return None
    return from_message(decode(ErrorMessage, response.content))


def test_a_signed_request_reaches_its_handler(
    service: Service, client: SignedClient, alice: Hotkey
) -> None:
    assert client.post("/echo/x?y=1", b"body") == b"body"
    assert service.calls == [Call(alice.address, b"body", {"name": "x"})]


def test_an_open_route_needs_no_signature(service: Service) -> None:
    with httpx.Client(transport=service.transport, base_url="http://memory") as http:
        assert http.get("/open").content == b"open"


def test_an_unsigned_request_is_refused(service: Service) -> None:
    assert isinstance(raw_post(service, {}, b""), BadSignature)
    assert service.calls == []


def test_a_tampered_body_is_refused(service: Service, alice: Hotkey, bob: Hotkey) -> None:
    now = NOW * SECOND
    headers = sign(alice, "POST", "/echo/x", b"body", receiver=bob.address, now_ns=now)
    assert isinstance(raw_post(service, headers, b"bodY"), BadSignature)
    assert raw_post(service, headers, b"body") is None


def test_a_request_counts_once(service: Service, alice: Hotkey, bob: Hotkey) -> None:
    now = NOW * SECOND
    headers = sign(alice, "POST", "/echo/x", b"body", receiver=bob.address, now_ns=now)
    assert raw_post(service, headers, b"body") is None
    service.now += 9
    assert isinstance(raw_post(service, headers, b"body"), ReplayedRequest)
    assert len(service.calls) == 1


def test_a_request_does_not_count_again_after_a_restart(
    service: Service, alice: Hotkey, bob: Hotkey, carol: Hotkey, tmp_path: Path
) -> None:
    now = NOW * SECOND
    headers = sign(alice, "POST", "/echo/x", b"body", receiver=bob.address, now_ns=now)
    assert raw_post(service, headers, b"body") is None
    again = Service(bob, tmp_path, carol.address, now=NOW + 1.0)
    assert isinstance(raw_post(again, headers, b"body"), ReplayedRequest)
    assert again.calls == []


def test_a_mis_addressed_request_is_refused(service: Service, alice: Hotkey, carol: Hotkey) -> None:
    with make_client(service, alice, carol.address) as client, pytest.raises(WrongReceiver):
        client.post("/echo/x", b"")


@pytest.mark.parametrize("late", [10.1, -2.1])
def test_a_stale_request_is_refused(
    service: Service, alice: Hotkey, bob: Hotkey, late: float
) -> None:
    with make_client(service, alice, bob.address, late) as client, pytest.raises(StaleRequest):
        client.post("/echo/x", b"")


def test_an_unregistered_caller_is_refused(service: Service, bob: Hotkey, carol: Hotkey) -> None:
    with make_client(service, carol, bob.address) as client:
        with pytest.raises(NotRegistered) as caught:
            client.post("/echo/x", b"")
        with pytest.raises(NotRegistered):
            client.put_blob(b"blob")
    assert caught.value.got == carol.address


def test_an_oversized_body_is_refused_whether_announced_or_not(
    service: Service, client: SignedClient, alice: Hotkey, bob: Hotkey
) -> None:
    assert client.post("/echo/x", bytes(LIMIT)) == bytes(LIMIT)
    body, now = bytes(LIMIT + 1), NOW * SECOND + 7
    with pytest.raises(TooLarge, match="got 1001"):
        client.post("/echo/x", body)
    headers = sign(alice, "POST", "/echo/x", body, receiver=bob.address, now_ns=now)
    assert isinstance(raw_post(service, {**headers, "Content-Length": "5"}, body), TooLarge)
    assert len(service.calls) == 1


def test_a_body_that_does_not_end_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    async def receive() -> dict[str, object]:
        await asyncio.sleep(60)
        return {}

    monkeypatch.setattr(server_module, "BODY_SECONDS", 0.01)
    request = Request({"type": "http", "headers": []}, receive)
    with pytest.raises(StaleRequest):
        asyncio.run(read_body(request, LIMIT))


def test_a_crash_answers_without_detail_and_logs_without_the_body(
    client: SignedClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(HushworkError) as caught:
        client.post("/echo/x", b"crash with my secret")
    assert str(caught.value) == "internal error"
    assert "RuntimeError" in caplog.text
    assert "my secret" not in caplog.text


@pytest.mark.parametrize("target", ["/nowhere", "/echo/x/y", "/blobs/a/b/c"])
def test_an_unknown_route_is_not_found(client: SignedClient, target: str) -> None:
    with pytest.raises(NotFound, match="no such route"):
        client.post(target, b"")
    with pytest.raises(NotFound, match="GET /echo/x"):
        client.get("/echo/x")


class TestBlobs:
    data = bytes(range(256)) * 5000

    def test_go_up_and_come_down(self, service: Service, client: SignedClient) -> None:
        told: list[tuple[int, int]] = []
        info = client.put_blob(self.data, lambda done, total: told.append((done, total)))
        assert told == [(CHUNK_SIZE, len(self.data)), (len(self.data), len(self.data))]
        assert service.store.open(info.digest) == self.data
        assert client.get_blob(info.digest, limit=len(self.data)) == self.data

    def test_an_upload_resumes(self, service: Service, client: SignedClient, alice: Hotkey) -> None:
        info = describe_blob(self.data)
        service.store.begin(info, alice.address, service.now)
        service.store.put_chunk(info.digest, 0, self.data[:CHUNK_SIZE], service.now)
        sent = []
        put_chunk = service.store.put_chunk

        def note(digest: str, index: int, data: bytes, now: float) -> None:
            sent.append(index)
            put_chunk(digest, index, data, now)

        service.store.put_chunk = note  # type: ignore[method-assign, assignment]
        client.put_blob(self.data)
        assert sent == [1]

    def test_a_download_resumes_into_a_store(
        self, client: SignedClient, tmp_path: Path, alice: Hotkey
    ) -> None:
        info = client.put_blob(self.data)
        store = BlobStore(tmp_path / "own", BlobLimits(), NOW)
        store.begin(info, alice.address, NOW)
        store.put_chunk(info.digest, 0, self.data[:CHUNK_SIZE], NOW)
        assert client.fetch_blob(info.digest, store, alice.address, lambda: NOW) == info
        assert store.open(info.digest) == self.data

    def test_a_truncated_chunk_is_refused(self, client: SignedClient) -> None:
        info = describe_blob(self.data)
        client.put(f"/blobs/{info.digest}", encode(info))
        with pytest.raises(MalformedBytes, match="1048576 bytes"):
            client.put(f"/blobs/{info.digest}/0", self.data[: CHUNK_SIZE - 1])
        with pytest.raises(TooLarge):
            client.put(f"/blobs/{info.digest}/0", self.data[: CHUNK_SIZE + 1])
        with pytest.raises(UnknownBlob):
            client.get_blob(info.digest, limit=2 * MIB)

    def test_a_blob_under_another_name_is_refused(self, client: SignedClient) -> None:
        info = describe_blob(self.data)
        with pytest.raises(MalformedBytes):
            client.put("/blobs/" + "0" * 64, encode(info))

    def test_the_quota_is_the_callers(self, client: SignedClient) -> None:
        for index in range(4):
            client.put_blob(bytes([index]))
        with pytest.raises(QuotaExceeded):
            client.put_blob(b"one more")

    def test_a_blob_over_the_limit_is_not_fetched(self, client: SignedClient) -> None:
        info = client.put_blob(self.data)
        with pytest.raises(TooLarge, match=f"got {len(self.data)}"):
            client.get_blob(info.digest, limit=len(self.data) - 1)

    @pytest.mark.parametrize("index", ["x", "-1", "9" * 5000])
    def test_an_index_that_is_no_number_is_no_chunk(self, client: SignedClient, index: str) -> None:
        info = client.put_blob(self.data)
        with pytest.raises(UnknownBlob, match="no such chunk"):
            client.get(f"/blobs/{info.digest}/{index}")

    def test_an_unknown_blob_is_said_so(self, client: SignedClient) -> None:
        for digest in ("0" * 64, "..", "%2e%2e%2f"):
            with pytest.raises((UnknownBlob, NotFound)):
                client.get_blob(digest, limit=1)
