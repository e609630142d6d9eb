"""What every ledger offers, be it local, behind HTTP, or a chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Protocol

import msgspec

from hushwork.wire.messages import U16, Address, Count, Message, Uid, Url

Fingerprint = Annotated[bytes, msgspec.Meta(max_length=65)]


class Neuron(Message, frozen=True):
    """One registered hotkey, as of the last epoch."""

    uid: Uid
    hotkey: Address
    stake: Count
    """In rao."""
    validator_permit: bool
    url: Url
    """Empty until served."""
    fingerprint: Fingerprint
    """SHA-256 of the TLS certificate; empty for plain http on loopback."""
    incentive: U16
    dividends: U16
    emission: Count
    """Paid at the last epoch, in rao."""
    balance: Count
    """Paid so far, in rao. What is paid is not staked of itself."""
    last_update: Count
    """Block of the last weights set; 0 for never."""


class Ledger(Protocol):
    """Addresses are ss58, stake is in rao. A change that a rule forbids raises RefusedExtrinsic."""

    def block(self) -> int:
        """Height now."""

    def register(self, hotkey: str) -> int:
        """Register, or find again; the uid. On the local ledger anybody may, free of charge."""

    def add_stake(self, hotkey: str, amount: int) -> int:
        """Add rao; the new stake. On the local ledger an open faucet. Raises NotRegistered."""

    def serve(self, hotkey: str, url: str, fingerprint: bytes = b"") -> None:
        """Publish an address. Raises NotRegistered."""

    def set_weights(self, hotkey: str, weights: Mapping[int, int]) -> None:
        """Set u16 weights by uid, all at once. Raises NotRegistered or RefusedExtrinsic."""

    def neurons(self) -> list[Neuron]:
        """Everybody, by uid."""

    def neuron(self, hotkey: str) -> Neuron:
        """One. Raises NotRegistered."""

    def weights(self) -> dict[int, dict[int, int]]:
        """Weights set, by uid of who set them, then of whom they judge."""
