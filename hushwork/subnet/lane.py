"""One piece of work at a time, a bounded queue before it, and a way to stop it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from hushwork.errors import Busy, Interrupted
from hushwork.guarantee import Progress

T = TypeVar("T")


class Lane:
    """Work here uses all cores, so two pieces at once would only slow each other."""

    def __init__(self, queue: int) -> None:
        """`queue`: pieces that may wait while one is under way."""
        self._places = threading.BoundedSemaphore(queue + 1)
        self._queue = queue
        self._turn = threading.Lock()
        self._closed = threading.Event()

    def run(self, work: Callable[[Progress], T]) -> T:
        """Wait for a turn and work, as in `turn`."""
        with self.turn() as check:
            return work(check)

    @contextmanager
    def turn(self) -> Iterator[Progress]:
        """Wait for a turn, and keep it inside. Raises Busy, or Interrupted once closed.

        Gives a progress callback that the work must call now and then: it stops the work.
        """
        if not self._places.acquire(blocking=False):
            raise Busy("too many jobs wait here", expected=f"at most {self._queue}")
        try:
            with self._turn:
                self._check()
                yield lambda *_: self._check()
        finally:
            self._places.release()

    def close(self) -> None:
        """Stop what is under way and refuse what waits."""
        self._closed.set()

    def _check(self) -> None:
        if self._closed.is_set():
            raise Interrupted("this service is shutting down")
