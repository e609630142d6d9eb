"""Miners that misbehave on purpose, so that the scores of `hush up` mean something."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

from hushwork.cli.wrapped import WrappedWorker
from hushwork.guarantee import Progress, Worker

IDLE_SECONDS = 0.5
TICKS = 20
SPOILT_EVERY = 3


class Behaviour(StrEnum):
    """How a miner behaves."""

    HONEST = "honest"
    SLOW = "slow"
    GARBAGE = "garbage"
    FORGING = "forging"


class SlowWorker(WrappedWorker):
    """Idles as long as each job took, or half a second if that is longer."""

    def run(self, session: Any, request: bytes, progress: Progress | None = None) -> bytes:
        """As the worker does, later."""
        start = time.perf_counter()
        response = super().run(session, request, progress)
        idle = max(IDLE_SECONDS, time.perf_counter() - start)
        for tick in range(TICKS):
            time.sleep(idle / TICKS)
            if progress is not None:
                progress("idling", tick + 1, TICKS)
        return response


class SpoilingWorker(WrappedWorker):
    """Spoils every third answer, in all its parts."""

    def __init__(self, worker: Worker, spoil: Callable[[bytes], bytes]) -> None:
        super().__init__(worker)
        self._spoil = spoil
        self._jobs = itertools.count(1)

    def run(self, session: Any, request: bytes, progress: Progress | None = None) -> bytes:
        """As the worker does, or what is left of it."""
        response = super().run(session, request, progress)
        return self._spoil(response) if self._is_to_spoil() else response

    def stream(
        self, session: Any, request: bytes, progress: Progress | None = None
    ) -> Iterator[bytes]:
        """As the worker does, or what is left of it."""
        parts = super().stream(session, request, progress)
        return map(self._spoil, parts) if self._is_to_spoil() else parts

    def _is_to_spoil(self) -> bool:
        return next(self._jobs) % SPOILT_EVERY == 0


def noise(response: bytes) -> bytes:
    """Nothing of it but the length."""
    return os.urandom(len(response))


def forged(response: bytes) -> bytes:
    """With one bit changed in the middle, where the proof is."""
    middle = len(response) // 2
    return response[:middle] + bytes([response[middle] ^ 1]) + response[middle + 1 :]


def disguise(worker: Worker, behaviour: Behaviour) -> Worker:
    """Make a worker behave like this."""
    match behaviour:
        case Behaviour.HONEST:
            return worker
        case Behaviour.SLOW:
            return SlowWorker(worker)
        case Behaviour.GARBAGE:
            return SpoilingWorker(worker, noise)
        case Behaviour.FORGING:
            return SpoilingWorker(worker, forged)
