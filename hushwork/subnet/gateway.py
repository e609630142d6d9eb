"""The customers' door: finds miners, carries sealed bytes, falls over when one dies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class GatewaySettings:
    """Limits. Sizes in bytes, times in seconds."""

    sessions: int = 64
    sessions_per_caller: int = 4
    session_seconds: float = 1800.0
    blob_quota: int = 2 << 30
    """Bytes of blobs that one customer may keep here."""
    blob_seconds: float = 3600.0
    ledger_seconds: float = 10.0
    job_seconds: float = 120.0
    open_seconds: float = 300.0


class Gateway:
    """A gateway speaks the miner's own protocol to customers. `app` is a Starlette application.

    Its hotkey must be registered on the ledger, with the stake that miners ask for; customers
    sign with any hotkey and need not be registered. It sees sealed bytes only.
    """

    app: Any

    def __init__(
        self,
        *,
        hotkey: Any,
        ledger: Any,
        directory: Path,
        settings: GatewaySettings | None = None,
        insecure_for_tests: bool = False,
    ) -> None: ...

    def close(self) -> None:
        """End all sessions."""
