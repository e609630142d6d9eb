from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import bittensor_core
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushwork.errors import MalformedBytes, TooLarge
from hushwork.wire import Hotkey, is_address, verify, wallet_path

VECTOR = Path(__file__).parent / "vectors" / "hotkey.json"
"""The public development phrase of Substrate, as Bittensor's wallet writes it."""


def test_a_signature_verifies_for_its_message_and_signer_alone(alice: Hotkey, bob: Hotkey) -> None:
    signature = alice.sign(b"message")
    assert verify(alice.address, b"message", signature)
    assert not verify(alice.address, b"massage", signature)
    assert not verify(bob.address, b"message", signature)


def test_generated_keys_differ() -> None:
    first, second = Hotkey.generate(), Hotkey.generate()
    assert first.address != second.address
    assert is_address(first.address)


@given(st.text(max_size=60), st.binary(max_size=80), st.binary(max_size=80))
def test_verify_never_raises(address: str, message: bytes, signature: bytes) -> None:
    assert not verify(address, message, signature)


def test_verify_takes_no_junk_signature_of_a_real_address(alice: Hotkey) -> None:
    for length in (0, 63, 64, 65):
        assert not verify(alice.address, b"message", bytes(length))


def test_an_address_of_another_network_is_none(alice: Hotkey) -> None:
    key = bittensor_core.ss58_decode(alice.address)
    assert is_address(alice.address)
    assert not is_address(bittensor_core.ss58_encode(key, 0))


def test_a_key_file_of_bittensor_loads() -> None:
    key = Hotkey.load(VECTOR)
    assert key.address == "5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV"
    assert verify(key.address, b"message", key.sign(b"message"))


def test_a_saved_key_has_the_fields_of_bittensor_and_loads_again(tmp_path: Path) -> None:
    key = Hotkey.generate()
    path = wallet_path("wallet", "hotkey", tmp_path)
    key.save(path)
    assert path == tmp_path / "wallet" / "hotkeys" / "hotkey"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()).keys() == json.loads(VECTOR.read_text()).keys()
    assert Hotkey.load(path).address == key.address


def test_saving_never_overwrites(tmp_path: Path, alice: Hotkey, bob: Hotkey) -> None:
    alice.save(tmp_path / "key")
    with pytest.raises(FileExistsError):
        bob.save(tmp_path / "key")
    assert Hotkey.load(tmp_path / "key").address == alice.address


def test_a_key_file_that_cannot_be_written_whole_is_not_left(
    tmp_path: Path, alice: Hotkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be taken for a key that must not be overwritten."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    opened = os.open
    monkeypatch.setattr(
        os, "open", lambda p, *rest: (opened(p, *rest), opened(full, os.O_WRONLY))[1]
    )
    with pytest.raises(OSError, match="No space"):
        alice.save(tmp_path / "key")
    assert not (tmp_path / "key").exists()


def test_an_encrypted_key_file_of_bittensor_needs_its_password() -> None:
    path = VECTOR.with_suffix(".encrypted")
    with pytest.raises(MalformedBytes, match="password"):
        Hotkey.load(path)
    assert Hotkey.load(path, "right").address == Hotkey.load(VECTOR).address


def test_a_bad_key_file_is_refused_without_repeating_it(tmp_path: Path, alice: Hotkey) -> None:
    path = tmp_path / "key"
    public = json.dumps({"ss58Address": alice.address}).encode()
    for data in (b"", b"{}", b"\xff\xfe", b"secret words that are not a phrase", public):
        path.write_bytes(data)
        with pytest.raises(MalformedBytes) as caught:
            Hotkey.load(path)
        assert "secret words" not in str(caught.value)
    path.write_bytes(bytes(70_000))
    with pytest.raises(TooLarge):
        Hotkey.load(path)


@pytest.mark.parametrize("name", ["", "..", ".", "a/b", "a\0b", "x" * 65])
def test_a_wallet_name_cannot_leave_its_folder(name: str) -> None:
    with pytest.raises(ValueError, match="not a wallet"):
        wallet_path(name, "hotkey")
    with pytest.raises(ValueError, match="not a wallet"):
        wallet_path("wallet", name)
