"""What a validator shows of itself: plain values for a live table, a page or a test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import msgspec


class Row(msgspec.Struct, frozen=True):
    """One miner at one task, over the scoring window."""

    uid: int
    hotkey: str
    """SS58 address."""
    url: str
    task: str
    """Network name and guarantee, as people say it."""
    manifest: str
    """Digest of the manifest that it is judged under."""
    last_label: str
    """What it last answered, as opened by the validator; empty before its first answer."""
    last_correct: bool
    agreement: float
    """Share of its answers in the window that agree with the reference run."""
    seconds: float | None
    """Median response time of its correct answers; None before the first."""
    score: float
    """SimplifiedReward over the window."""
    weight: float
    """Share of the weights last set, 0 to 1."""
    last_error: str
    """Code of its last failure; empty if its last answer opened."""


class Snapshot(msgspec.Struct, frozen=True):
    """Where a validator stands, complete in itself."""

    hotkey: str
    round: int
    """Number of the round that runs, or ran last; 0 before the first."""
    phase: str
    """idle, drawing, keys, jobs, scoring or weights."""
    done: int
    """Jobs of this round that ended; of `total`."""
    total: int
    scored_rounds: int
    """Rounds whose scores are in the history of this process."""
    rows: tuple[Row, ...]
    """Best score first."""
    version: int = 1


class Board:
    """Holds the latest snapshot, and wakes whoever watches. Safe from any thread."""

    def __init__(self, first: Snapshot, on_change: Callable[[Snapshot], None] | None) -> None:
        self._snapshot = first
        self._count = 0
        self._on_change = on_change
        self._changed = threading.Condition()

    @property
    def snapshot(self) -> Snapshot:
        """The latest."""
        return self._snapshot

    def show(self, **fields: Any) -> None:
        """Replace some fields of it."""
        with self._changed:
            self._snapshot = msgspec.structs.replace(self._snapshot, **fields)
            self._count += 1
            self._changed.notify_all()
        if self._on_change is not None:
            self._on_change(self._snapshot)

    def changes(self, timeout: float | None) -> Iterator[Snapshot]:
        """The present one, then each new one, until nothing changes for `timeout` seconds."""
        seen = -1
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._count != seen, timeout):  # noqa: B023
                    return
                seen, snapshot = self._count, self._snapshot
            yield snapshot
