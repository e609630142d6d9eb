"""Hotkeys: sr25519 keys of Bittensor's own kind, named by their ss58 address."""

from __future__ import annotations

import os
import re
from pathlib import Path

import bittensor_core

from hushwork.errors import MalformedBytes, TooLarge

DEFAULT_WALLETS = Path("~/.bittensor/wallets")
KEYFILE_LIMIT = 64 << 10
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Hotkey:
    """A key that signs. The secret stays inside `bittensor_core`."""

    def __init__(self, keypair: bittensor_core.Keypair) -> None:
        if keypair.crypto_type != bittensor_core.CRYPTO_SR25519:
            raise MalformedBytes("hotkey", expected="an sr25519 key", got="another scheme")
        self._keypair = keypair
        self.address: str = keypair.ss58_address

    @classmethod
    def generate(cls) -> Hotkey:
        """Make a fresh key."""
        mnemonic = bittensor_core.Keypair.generate_mnemonic()
        return cls(bittensor_core.Keypair.create_from_mnemonic(mnemonic))

    @classmethod
    def insecure_from_uri(cls, uri: str) -> Hotkey:
        """Derive a well-known key such as ``//Alice``: anybody can, so for tests only."""
        return cls(bittensor_core.Keypair.create_from_uri(uri))

    @classmethod
    def load(cls, path: Path, password: str | None = None) -> Hotkey:
        """Read a key file as Bittensor writes it. Raises TooLarge or MalformedBytes."""
        data = path.expanduser().read_bytes()
        if len(data) > KEYFILE_LIMIT:
            raise TooLarge("key file", expected=f"at most {KEYFILE_LIMIT} bytes", got=len(data))
        try:
            if bittensor_core.keyfile_data_is_encrypted(data):
                data = bittensor_core.decrypt_keyfile_data(data, password)
            keypair = bittensor_core.deserialize_keypair_from_keyfile_data(data)
            keypair.sign(b"")
        except Exception as error:
            # What was read may hold a secret, so neither it nor the cause is repeated.
            expected = "a Bittensor key file with a secret key, and its password"
            raise MalformedBytes("key file", expected=expected, got=type(error).__name__) from None
        return cls(keypair)

    def save(self, path: Path) -> None:
        """Write a key file as Bittensor reads it, for the owner only. Never overwrites one.

        Leaves none behind where it cannot be written whole.
        """
        path = path.expanduser()
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(bittensor_core.serialized_keypair_to_keyfile_data(self._keypair))
        except OSError:
            path.unlink()
            raise

    def sign(self, message: bytes) -> bytes:
        """Sign; 64 bytes, different each time."""
        return bytes(self._keypair.sign(message))

    def __repr__(self) -> str:
        return f"Hotkey({self.address})"


def wallet_path(wallet: str, hotkey: str, wallets: Path = DEFAULT_WALLETS) -> Path:
    """Where Bittensor keeps a hotkey: ``WALLETS/wallet/hotkeys/hotkey``."""
    for name in (wallet, hotkey):
        if not _NAME.fullmatch(name) or name in {".", ".."}:
            raise ValueError(f"not a wallet or hotkey name: {name!r}")
    return wallets.expanduser() / wallet / "hotkeys" / hotkey


def verify(address: str, message: bytes, signature: bytes) -> bool:
    """Whether `address` signed `message`. False for junk of any kind."""
    try:
        scheme = bittensor_core.CRYPTO_SR25519
        return bool(bittensor_core.verify(message, signature, address, scheme))
    except (ValueError, TypeError, OverflowError):
        return False


def is_address(address: str) -> bool:
    """Whether this is an ss58 address in Bittensor's own format."""
    try:
        key = bytes(bittensor_core.ss58_decode(address))
        return bool(bittensor_core.ss58_encode(key) == address)
    except (ValueError, TypeError, OverflowError):
        return False
