"""The keys of an enclave, and the statement that its evidence is for.

    keyset       what clients seal to and check receipts with, as canonical JSON (RFC 8785)
    statement    SHA-256 of the keyset, the client's nonce, and what it is all for
    report data  SHA-256 of the statement and 32 zero bytes: 64 bytes of the hardware's evidence

The scheme is that of Attested Confidential Inference; the key encapsulation is hybrid (X25519 with
ML-KEM-768), so that what is recorded today stays sealed when X25519 does not.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from msgspec import Meta, Struct

from hushwork._native import SigningKey, VerifyingKey
from hushwork.errors import InvalidReceipt, MalformedBytes, TooLarge, WrongKey

PURPOSE = "hushwork attested 1"
NONCE = 32
"""Bytes of a nonce."""
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SEAL_OVERHEAD = KEM.MLKEM768_X25519.enc_length() + 16
"""Bytes that sealing adds: the encapsulated key, and the tag."""
_LATTICE = 1184
_LIMIT = 16 << 10

Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Text = Annotated[str, Meta(max_length=128)]
Seconds = Annotated[int, Meta(ge=0, lt=1 << 53)]
T = TypeVar("T", bound=Struct)


class Keyset(Struct, frozen=True, forbid_unknown_fields=True):
    """The public keys of one enclave at work for one hotkey on one model."""

    encryption_key: Annotated[bytes, Meta(min_length=1216, max_length=1216)]
    """ML-KEM-768, then X25519."""
    hotkey: Text
    manifest: Digest
    not_after: Seconds
    """Unix time."""
    receipt_key: Annotated[bytes, Meta(min_length=32, max_length=32)]
    """Ed25519."""

    @property
    def digest(self) -> str:
        """SHA-256 of its canonical JSON, hex."""
        return hashlib.sha256(canonical(self)).hexdigest()


class PublicKeys:
    """A keyset, its keys decoded once."""

    def __init__(self, keyset: Keyset) -> None:
        """Raises WrongKey for keys that are none."""
        self.keyset = keyset
        self.digest = keyset.digest
        try:
            lattice = MLKEM768PublicKey.from_public_bytes(keyset.encryption_key[:_LATTICE])
            curve = X25519PublicKey.from_public_bytes(keyset.encryption_key[_LATTICE:])
            self._encryption = MLKEM768X25519PublicKey(lattice, curve)
            self._receipt = VerifyingKey(keyset.receipt_key)
        except ValueError as error:
            raise WrongKey("keys", expected="public keys", got=error) from None

    def seal(self, plaintext: bytes, info: bytes) -> bytes:
        """For the enclave alone, by HPKE (RFC 9180). Raises WrongKey for a key of low order."""
        try:
            return _SUITE.encrypt(plaintext, self._encryption, info)
        except ValueError as error:
            raise WrongKey("encryption key", expected="a public key", got=error) from None

    def check(self, message: bytes, signature: bytes) -> None:
        """Raises InvalidReceipt unless the enclave signed this."""
        if not self._receipt.verifies(message, signature):
            raise InvalidReceipt("signature", expected="the attested key's", got="other")


class Statement(Struct, frozen=True, forbid_unknown_fields=True):
    """What evidence is for."""

    keyset: Digest
    nonce: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    purpose: Text = PURPOSE

    @property
    def report_data(self) -> bytes:
        """The 64 bytes that the hardware vouches for."""
        return hashlib.sha256(canonical(self)).digest() + bytes(32)


class Keys:
    """The private half; it never leaves the enclave."""

    def __init__(self, hotkey: str, manifest: str, not_after: int) -> None:
        lattice, curve = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
        self._encryption = MLKEM768X25519PrivateKey(lattice, curve)
        self._receipt = SigningKey()
        public = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
        self.keyset = Keyset(public, hotkey, manifest, not_after, self._receipt.public_key)
        self.digest = self.keyset.digest

    def unseal(self, sealed: bytes, info: bytes) -> bytes:
        """Raises WrongKey for what was sealed to other keys, in another session, or was changed."""
        try:
            return _SUITE.decrypt(sealed, self._encryption, info)
        except (InvalidTag, ValueError):
            expected = f"sealed to {self.digest}"
            raise WrongKey("request", expected=expected, got="something else") from None

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._receipt.sign(message)


def request_info(keyset: str, nonce: str) -> bytes:
    """What a request is sealed under besides the key: the session that it belongs to."""
    return f"{PURPOSE} request {keyset} {nonce}".encode()


def canonical(value: Struct) -> bytes:
    """JSON as RFC 8785 has it: all our names and texts are ASCII, all numbers small integers."""
    return msgspec.json.encode(value, order="sorted")


def read(type_: type[T], data: bytes) -> T:
    """Decode canonical JSON of a stranger's. Raises TooLarge or MalformedBytes."""
    if len(data) > _LIMIT:
        raise TooLarge(type_.__name__, expected=f"at most {_LIMIT} bytes", got=len(data))
    try:
        value = msgspec.json.decode(data, type=type_)
    except (msgspec.MsgspecError, ValueError) as error:
        raise MalformedBytes(type_.__name__, expected="canonical JSON", got=error) from None
    if canonical(value) != data:
        raise MalformedBytes(type_.__name__, expected="canonical JSON", got="another form")
    return value
