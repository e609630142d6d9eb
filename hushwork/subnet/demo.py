"""Workers with habits, for a demonstration: one that dawdles, one that is careless."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from hushwork.guarantee import Manifest, Progress, Session, Worker

_NAP_SECONDS = 0.05


class SlowWorker:
    """Works like another, and then waits."""

    def __init__(self, worker: Worker, seconds: float) -> None:
        self._worker = worker
        self._seconds = seconds

    @property
    def manifest(self) -> Manifest:
        """The other's."""
        return self._worker.manifest

    def greet(self, hello: bytes | memoryview) -> tuple[Session, bytes]:
        """As the other does."""
        return self._worker.greet(hello)

    def run(self, session: Any, request: bytes, progress: Progress | None = None) -> bytes:
        """As the other does, later; `progress` may stop the wait."""
        response = self._worker.run(session, request, progress)
        end = time.monotonic() + self._seconds
        while time.monotonic() < end:
            time.sleep(_NAP_SECONDS)
            if progress is not None:
                progress("wait", 0, 1)
        return response


class CarelessWorker:
    """Works like another, but now and then answers random bytes."""

    def __init__(self, worker: Worker, rate: float) -> None:
        """`rate`: share of the answers that are garbage."""
        self._worker = worker
        self._rate = rate
        self._generator = np.random.default_rng()

    @property
    def manifest(self) -> Manifest:
        """The other's."""
        return self._worker.manifest

    def greet(self, hello: bytes | memoryview) -> tuple[Session, bytes]:
        """As the other does."""
        return self._worker.greet(hello)

    def run(self, session: Any, request: bytes, progress: Progress | None = None) -> bytes:
        """As the other does, or garbage of the same length."""
        response = self._worker.run(session, request, progress)
        careless = self._generator.uniform() < self._rate
        return os.urandom(len(response)) if careless else response
