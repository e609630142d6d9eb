"""From scores per task to the weights that a validator sets.

Scores of different tasks are not comparable (the reward is unbounded and cubes speed), so each
task has a configured share of the emission, and its own best miners split that share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hushwork.ledger import quantise


@dataclass(frozen=True)
class TaskScores:
    """Scores at one task, by hotkey."""

    emission: float
    """Share of the emission, relative to the other tasks'."""
    top: int
    scores: Mapping[str, float]


def split(tasks: Sequence[TaskScores], burn: str | None = None) -> dict[str, float]:
    """Share of the emission by hotkey; at most 1 in all.

    The share of a task that nobody answers goes to the hotkey `burn` (on Bittensor the owner's,
    whose emission is recycled), or to nobody; a ledger that normalises weights then pays it to
    the miners of the other tasks.
    """
    total = sum(task.emission for task in tasks)
    shares: dict[str, float] = {}
    for task in tasks:
        paid = _within(task) or ({burn: 1.0} if burn else {})
        for hotkey, part in paid.items():
            shares[hotkey] = shares.get(hotkey, 0.0) + part * task.emission / total
    return shares


def _within(task: TaskScores) -> dict[str, float]:
    """Parts of one task's share, by score, among its `top` best; they sum to 1 or are none."""
    earning = [(score, hotkey) for hotkey, score in task.scores.items() if score > 0]
    best = sorted(earning, key=lambda pair: (-pair[0], pair[1]))[: task.top]
    total = sum(score for score, _ in best)
    return {hotkey: score / total for score, hotkey in best}


def by_uid(shares: Mapping[str, float], uids: Mapping[str, int]) -> dict[int, int]:
    """u16 weights by uid, the largest 65535; hotkeys that are not registered any more drop out."""
    return quantise({uids[hotkey]: share for hotkey, share in shares.items() if hotkey in uids})
