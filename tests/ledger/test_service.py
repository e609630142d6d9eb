"""What belongs to HTTP alone; the rest is in test_ledgers."""

from __future__ import annotations

import httpx
import pytest

from hushwork.errors import BadSignature, MalformedBytes, TooLarge, WrongReceiver
from hushwork.ledger import LedgerClient, LocalLedger, Rules, ledger_app
from hushwork.ledger.messages import Neurons
from hushwork.wire import (
    ErrorMessage,
    Gate,
    Hotkey,
    MemoryTransport,
    SignedClient,
    decode,
    encode,
    from_message,
)
from tests.ledger.conftest import Clock


@pytest.fixture
def transport(rules: Rules, clock: Clock, carol: Hotkey) -> MemoryTransport:
    return MemoryTransport(ledger_app(LocalLedger(rules=rules, now=clock), Gate(carol.address)))


@pytest.fixture
def http(transport: MemoryTransport, alice: Hotkey, carol: Hotkey) -> SignedClient:
    return SignedClient("http://memory", alice, carol.address, transport=transport)


@pytest.fixture
def ledger(http: SignedClient, alice: Hotkey) -> LedgerClient:
    return LedgerClient(http, alice)


def test_reading_needs_no_signature(
    transport: MemoryTransport, ledger: LedgerClient, alice: Hotkey
) -> None:
    ledger.register(alice.address)
    with httpx.Client(transport=transport, base_url="http://memory") as plain:
        answer = plain.get("/neurons").content
    assert decode(Neurons, answer).neurons == tuple(ledger.neurons())


@pytest.mark.parametrize("path", ["register", "stake", "serve", "weights"])
def test_a_change_needs_a_signature(transport: MemoryTransport, path: str) -> None:
    with httpx.Client(transport=transport, base_url="http://memory") as plain:
        response = plain.post(f"/{path}", content=b"")
    assert response.status_code == 401
    assert isinstance(from_message(decode(ErrorMessage, response.content)), BadSignature)


def test_nobody_changes_anothers_entry(ledger: LedgerClient, bob: Hotkey) -> None:
    with pytest.raises(ValueError, match="cannot sign for"):
        ledger.serve(bob.address, "http://127.0.0.1:80")
    with pytest.raises(ValueError, match="cannot sign for"):
        ledger.set_weights(bob.address, {0: 1})


def test_a_change_for_another_ledger_is_refused(
    transport: MemoryTransport, alice: Hotkey, bob: Hotkey
) -> None:
    http = SignedClient("http://memory", alice, bob.address, transport=transport)
    with pytest.raises(WrongReceiver):
        LedgerClient(http, alice).register(alice.address)


@pytest.mark.parametrize("path", ["register", "stake", "serve", "weights"])
def test_junk_is_malformed(http: SignedClient, path: str) -> None:
    for body in (b"", b"\xc1", encode({"weights": {"a": 1}}), encode({"hotkey": 5})):
        with pytest.raises(MalformedBytes):
            http.post(f"/{path}", body)
    with pytest.raises(TooLarge):
        http.post(f"/{path}", bytes((64 << 10) + 1))


@pytest.mark.parametrize("weights", [{70_000: 1}, {0: 70_000}, {-1: 1}, {0: 0.5}])
def test_weights_are_u16(http: SignedClient, weights: dict[int, float]) -> None:
    with pytest.raises(MalformedBytes):
        http.post("/weights", encode({"weights": weights}))
