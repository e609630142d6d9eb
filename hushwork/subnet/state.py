"""What a validator shows of itself: plain values for a live table, a page or a test."""

from __future__ import annotations

import msgspec


class Row(msgspec.Struct, frozen=True):
    """One miner at one task, over the scoring window."""

    uid: int
    hotkey: str
    """SS58 address."""
    url: str
    task: str
    """Network name and guarantee, as people say it."""
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
