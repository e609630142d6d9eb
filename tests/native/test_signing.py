"""Ed25519 of the native module, against RFC 8032 and another library."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from hushwork._native import SigningKey, VerifyingKey

RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
]
"""Section 7.1: public key, message, signature."""
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_known_answers(key: str, message: str, signature: str) -> None:
    public = VerifyingKey(bytes.fromhex(key))
    assert public.verifies(bytes.fromhex(message), bytes.fromhex(signature))
    assert not public.verifies(bytes.fromhex(message) + b"x", bytes.fromhex(signature))


@given(st.binary(max_size=300))
def test_another_library_agrees(message: bytes) -> None:
    ours, theirs = SigningKey(), Ed25519PrivateKey.generate()
    Ed25519PublicKey.from_public_bytes(ours.public_key).verify(ours.sign(message), message)
    public = VerifyingKey(theirs.public_key().public_bytes_raw())
    assert public.verifies(message, theirs.sign(message))
    assert not VerifyingKey(ours.public_key).verifies(message, theirs.sign(message))


def test_keys_are_fresh() -> None:
    assert len({SigningKey().public_key for _ in range(20)}) == 20


def test_every_flipped_bit() -> None:
    key = SigningKey()
    signature, public = key.sign(b"message"), VerifyingKey(key.public_key)
    for bit in range(512):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not public.verifies(b"message", bytes(flipped))


def test_a_signature_has_one_encoding() -> None:
    key = SigningKey()
    signature = key.sign(b"message")
    raised = int.from_bytes(signature[32:], "little") + ORDER
    other = signature[:32] + raised.to_bytes(32, "little")
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(other, b"message")
    assert not VerifyingKey(key.public_key).verifies(b"message", other)
    for size in (0, 63, 65):
        assert not VerifyingKey(key.public_key).verifies(b"message", signature.ljust(65)[:size])


@pytest.mark.parametrize(
    "key", [b"", bytes(31), bytes(33), bytes(32), b"\1" + bytes(31), b"\2" * 32]
)
def test_what_is_no_key_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="Ed25519"):
        VerifyingKey(key)
