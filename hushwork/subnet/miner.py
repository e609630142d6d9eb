"""A miner: offers what its workers can do, keeps sessions, computes one job at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hushwork.guarantee import Worker


@dataclass(frozen=True)
class MinerSettings:
    """Limits. Sizes in bytes, times in seconds."""

    minimum_stake: int = 0
    sessions: int = 16
    """Open at once."""
    sessions_per_caller: int = 4
    session_seconds: float = 3600.0
    """A session ends when it has been idle for so long."""
    queue: int = 8
    """Jobs that wait; more are refused with Busy."""
    blob_quota: int = 2 << 30
    """Bytes of blobs that one caller may keep here."""
    blob_seconds: float = 3600.0
    ledger_seconds: float = 10.0
    """How long the ledger's list of neurons is believed."""


class Miner:
    """The service of one miner. `app` is a Starlette application; serve it with uvicorn.

    `ledger` is a `hushwork.ledger.Ledger`, `hotkey` a `hushwork.wire.Hotkey`; blobs live under
    `directory` and survive a restart. Workers of a guarantee whose name starts with `insecure`
    raise InsecureGuarantee unless `insecure_for_tests` is true.
    """

    app: Any

    def __init__(
        self,
        *,
        hotkey: Any,
        ledger: Any,
        workers: Sequence[Worker],
        directory: Path,
        settings: MinerSettings | None = None,
        insecure_for_tests: bool = False,
    ) -> None: ...

    def close(self) -> None:
        """Interrupt the job that runs, refuse those that wait, let go of all sessions."""
