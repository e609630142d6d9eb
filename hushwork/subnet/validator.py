"""A validator: rounds in a loop, history, weights, and what it shows of itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hushwork.subnet.state import Snapshot
from hushwork.subnet.task import Task


@dataclass(frozen=True)
class ValidatorSettings:
    """How rounds are run. Times in seconds."""

    images: int = 6
    """Images of a round; every miner gets the same, each under a fresh ciphertext."""
    pause_seconds: float = 5.0
    """Between two rounds."""
    job_seconds: float = 120.0
    session_seconds: float = 300.0
    round_seconds: float = 1800.0
    window_answers: int = 100
    """A miner's latest answers at a task that its score is made of,"""
    window_seconds: float = 86400.0
    """and how old they may be."""


class Validator:
    """One validator. `app` (Starlette) serves its hello blobs and GET /v1/scores.

    `app` must be served at the address that the ledger holds for `hotkey` before `run` starts:
    miners fetch each round's hello from there, and from nowhere else.
    """

    app: Any

    def __init__(
        self,
        *,
        hotkey: Any,
        ledger: Any,
        tasks: Sequence[Task],
        directory: Path,
        database: str | None = None,
        settings: ValidatorSettings | None = None,
        on_change: Callable[[Snapshot], None] | None = None,
        insecure_for_tests: bool = False,
    ) -> None:
        """`database` is an SQLAlchemy URL; SQLite in `directory` by default."""

    @property
    def snapshot(self) -> Snapshot:
        """Where it stands now. From any thread."""
        raise NotImplementedError

    def run_round(self) -> None:
        """One round over all tasks, recorded, weights set. Blocking."""

    def run(self, stop: threading.Event) -> None:
        """Rounds until `stop` is set. Blocking; run it in a thread or as the main one."""

    def changes(self, timeout: float | None = None) -> Iterator[Snapshot]:
        """The present snapshot, then each new one; skips what a slow reader missed."""
        raise NotImplementedError

    def close(self) -> None:
        """Destroy the keys of a round in progress and let go of everything."""
