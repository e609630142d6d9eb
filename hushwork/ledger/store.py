"""A local ledger in SQLite."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from hushwork.ledger.types import Neuron


class LocalLedger:
    """Durable; satisfies `Ledger`. Safe from any thread and any process."""

    def __init__(self, path: Path | None = None, *, now: Callable[[], float] = time.time) -> None:
        """In memory without a path. (Also takes `rules: Rules`: block time, tempo, limits.)"""
        raise NotImplementedError

    def block(self) -> int:
        """Height now."""
        raise NotImplementedError

    def register(self, hotkey: str) -> int:
        """As in `Ledger`."""
        raise NotImplementedError

    def add_stake(self, hotkey: str, amount: int) -> int:
        """As in `Ledger`."""
        raise NotImplementedError

    def serve(self, hotkey: str, url: str, fingerprint: bytes = b"") -> None:
        """As in `Ledger`."""
        raise NotImplementedError

    def set_weights(self, hotkey: str, weights: Mapping[int, int]) -> None:
        """As in `Ledger`."""
        raise NotImplementedError

    def neurons(self) -> list[Neuron]:
        """As in `Ledger`."""
        raise NotImplementedError

    def neuron(self, hotkey: str) -> Neuron:
        """As in `Ledger`."""
        raise NotImplementedError

    def weights(self) -> dict[int, dict[int, int]]:
        """As in `Ledger`."""
        raise NotImplementedError
