from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushwork.errors import BadSignature, ReplayedRequest, StaleRequest, WrongReceiver
from hushwork.wire import Hotkey, ReplayCache
from hushwork.wire.btauth import SECOND, payload, read_envelope, sign

NOW = 1_700_000_000 * SECOND
NAMES = ("Version", "Hotkey", "Receiver", "Nonce", "Signature")
VECTORS = json.loads((Path(__file__).parent / "vectors" / "btauth.json").read_text())["requests"]


def signed(sender: Hotkey, receiver: str | None) -> dict[str, str]:
    return sign(sender, "POST", "/jobs?x=1", b"body", receiver=receiver, now_ns=NOW)


def test_the_payload_is_eight_lines(alice: Hotkey, bob: Hotkey) -> None:
    parties = {"sender": alice.address, "receiver": bob.address}
    lines = payload("post", "/x?y=1", b"abc", nonce_ns=7, **parties).decode().split("\n")
    assert lines == [
        "btauth/1",
        "sr25519",
        "POST",
        "/x?y=1",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "7",
        alice.address,
        bob.address,
    ]
    assert payload("GET", "/", b"", nonce_ns=7, sender="a", receiver=None).endswith(b"\na\n-")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["method"])
def test_requests_signed_by_bittensor_verify(vector: dict[str, Any]) -> None:
    envelope = read_envelope(vector["headers"])
    body = bytes.fromhex(vector["body"])
    assert envelope.receiver == vector["receiver"]
    envelope.check_fresh(1_700_000_000_123_456_789)
    envelope.check_signature(vector["method"], vector["target"], body)
    with pytest.raises(BadSignature):
        envelope.check_signature(vector["method"], vector["target"], body + b"\0")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["method"])
def test_headers_have_the_form_of_bittensor(alice: Hotkey, vector: dict[str, Any]) -> None:
    ours = sign(
        alice,
        vector["method"],
        vector["target"],
        bytes.fromhex(vector["body"]),
        receiver=vector["receiver"],
        now_ns=1_700_000_000_123_456_789,
    )
    theirs = vector["headers"]
    assert len(ours.pop("X-Bittensor-Signature")) == len(theirs["X-Bittensor-Signature"])
    assert ours.items() <= theirs.items()
    assert len(ours) == len(theirs) - 1


def test_a_changed_request_does_not_verify(alice: Hotkey, bob: Hotkey, carol: Hotkey) -> None:
    headers = signed(alice, bob.address)
    read_envelope(headers).check_signature("POST", "/jobs?x=1", b"body")
    for method, target, body in (
        ("PUT", "/jobs?x=1", b"body"),
        ("POST", "/jobs?x=2", b"body"),
        ("POST", "/jobs?x=1", b"bodY"),
    ):
        with pytest.raises(BadSignature):
            read_envelope(headers).check_signature(method, target, body)
    for name, value in (
        ("Hotkey", carol.address),
        ("Receiver", carol.address),
        ("Nonce", str(NOW + 1)),
        ("Signature", "0x" + "00" * 64),
    ):
        changed = {**headers, f"X-Bittensor-{name}": value}
        with pytest.raises(BadSignature):
            read_envelope(changed).check_signature("POST", "/jobs?x=1", b"body")


def test_a_missing_receiver_is_a_wrong_one(alice: Hotkey, bob: Hotkey, carol: Hotkey) -> None:
    read_envelope(signed(alice, bob.address)).check_receiver(bob.address)
    for receiver in (None, carol.address):
        with pytest.raises(WrongReceiver) as caught:
            read_envelope(signed(alice, receiver)).check_receiver(bob.address)
        assert caught.value.expected == bob.address


def test_freshness_is_ten_seconds_back_and_two_ahead(alice: Hotkey) -> None:
    envelope = read_envelope(signed(alice, None))
    envelope.check_fresh(NOW + 10 * SECOND)
    envelope.check_fresh(NOW - 2 * SECOND)
    for now in (NOW + 10 * SECOND + 1, NOW - 2 * SECOND - 1):
        with pytest.raises(StaleRequest):
            envelope.check_fresh(now)


@pytest.mark.parametrize("name", ["Version", "Hotkey", "Nonce", "Signature"])
def test_a_missing_header_is_named(alice: Hotkey, name: str) -> None:
    headers = signed(alice, None)
    del headers[f"X-Bittensor-{name}"]
    with pytest.raises(BadSignature, match=name):
        read_envelope(headers)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Version", "2"),
        ("Hotkey", "nobody"),
        ("Nonce", "1e9"),
        ("Nonce", "-1"),
        ("Nonce", "1" * 21),
        ("Nonce", "\u0661"),
        ("Signature", "0x" + "00" * 63),
        ("Signature", "junk"),
        ("Crypto", "ed25519"),
    ],
)
def test_an_ill_formed_header_is_named(alice: Hotkey, name: str, value: str) -> None:
    headers = {**signed(alice, None), f"X-Bittensor-{name}": value}
    with pytest.raises(BadSignature, match=name):
        read_envelope(headers)


def test_header_names_match_in_any_case(alice: Hotkey, bob: Hotkey) -> None:
    headers = {name.lower(): value for name, value in signed(alice, bob.address).items()}
    assert read_envelope(headers).receiver == bob.address


@given(st.dictionaries(st.sampled_from([f"X-Bittensor-{name}" for name in NAMES]), st.text()))
def test_junk_headers_raise_bad_signature_alone(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        read_envelope(headers)


class TestReplays:
    def test_a_nonce_counts_once_for_each_sender(self) -> None:
        cache = ReplayCache()
        cache.add("a", NOW, NOW)
        cache.add("b", NOW, NOW)
        cache.add("a", NOW - 1, NOW)
        with pytest.raises(ReplayedRequest):
            cache.add("a", NOW, NOW + SECOND)

    def test_a_replay_is_refused_as_long_as_a_slow_body_may_take(self) -> None:
        cache = ReplayCache()
        cache.add("a", NOW, NOW)
        for nonce in range(NOW + 1, NOW + 50):
            cache.add("a", nonce, NOW + 72 * SECOND)
        with pytest.raises(ReplayedRequest):
            cache.add("a", NOW, NOW + 72 * SECOND)

    def test_a_busy_sender_forgets_its_own_oldest_and_never_accepts_a_replay(self) -> None:
        cache = ReplayCache(per_sender=3)
        cache.add("quiet", NOW, NOW)
        for nonce in range(NOW, NOW + 10):
            cache.add("busy", nonce, NOW)
        for nonce in range(NOW, NOW + 10):
            with pytest.raises(ReplayedRequest):
                cache.add("busy", nonce, NOW)
        cache.add("quiet", NOW + 1, NOW)

    def test_a_crowd_pushes_out_the_longest_silent_and_never_lets_it_replay(self) -> None:
        cache = ReplayCache(senders=2)
        cache.add("a", NOW, NOW)
        cache.add("b", NOW + 1, NOW)
        cache.add("c", NOW + 2, NOW)
        for sender, nonce in (("a", NOW), ("b", NOW + 1), ("c", NOW + 2)):
            with pytest.raises(ReplayedRequest):
                cache.add(sender, nonce, NOW)

    @given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 12)), max_size=60))
    def test_no_bound_lets_a_replay_through(self, requests: list[tuple[str, int]]) -> None:
        cache = ReplayCache(per_sender=2, senders=2)
        accepted = []
        for sender, nonce in requests:
            try:
                cache.add(sender, nonce, 0)
            except ReplayedRequest:
                continue
            accepted.append((sender, nonce))
        assert len(accepted) == len(set(accepted))
