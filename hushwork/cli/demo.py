"""Miners that misbehave on purpose, so that the scores of `hush up` mean something."""

from __future__ import annotations

import itertools
import os
import time
from enum import StrEnum
from typing import Any

from hushwork.guarantee import Manifest, Progress, Session, Worker

IDLE_SECONDS = 0.5
TICKS = 20
GARBAGE_EVERY = 3


class Behaviour(StrEnum):
    """How a miner behaves."""

    HONEST = "honest"
    SLOW = "slow"
    GARBAGE = "garbage"


class SlowWorker:
    """Idles as long as each job took, or half a second if that is longer."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.manifest: Manifest = worker.manifest

    def greet(self, hello: bytes | memoryview) -> tuple[Session, bytes]:
        """As the worker does."""
        return self._worker.greet(hello)

    def run(self, session: Any, request: bytes, progress: Progress | None = None) -> bytes:
        """As the worker does, later."""
        start = time.perf_counter()
        response = self._worker.run(session, request, progress)
        idle = max(IDLE_SECONDS, time.perf_counter() - start)
        for tick in range(TICKS):
            time.sleep(idle / TICKS)
            if progress is not None:
                progress("idling", tick + 1, TICKS)
        return response


class GarbageWorker:
    """Answers every third job with noise."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.manifest: Manifest = worker.manifest
        self._jobs = itertools.count(1)

    def greet(self, hello: bytes | memoryview) -> tuple[Session, bytes]:
        """As the worker does."""
        return self._worker.greet(hello)

    def run(self, session: Any, request: bytes, progress: Progress | None = None) -> bytes:
        """As the worker does, or noise of the same length."""
        response = self._worker.run(session, request, progress)
        return os.urandom(len(response)) if next(self._jobs) % GARBAGE_EVERY == 0 else response


def disguise(worker: Worker, behaviour: Behaviour) -> Worker:
    """Make a worker behave like this."""
    if behaviour is Behaviour.SLOW:
        return SlowWorker(worker)
    return GarbageWorker(worker) if behaviour is Behaviour.GARBAGE else worker
