"""Follows a job while its answer is awaited: which layer a miner says it is at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hushwork.errors import HushworkError
from hushwork.wire import SignedClient, Working, decode, within

_PERIOD_SECONDS = 0.25
_ASK_SECONDS = 2.0

Layers = Callable[[str, int, int], None]
"""Called with (layer, done, total) in work units; nothing stands between jobs: ("", 0, 0)."""


@contextmanager
def followed(http: SignedClient, session: str, tell: Layers | None) -> Iterator[None]:
    """Ask a few times a second how far the job of a session is, and tell; never once outside.

    A question that comes to nothing is passed over: the job does not depend on it.
    """
    if tell is None:
        yield
        return
    following = _Following(http, session, tell)
    threading.Thread(target=following.run, daemon=True).start()
    try:
        yield
    finally:
        following.end()


class _Following:
    def __init__(self, http: SignedClient, session: str, tell: Layers) -> None:
        self._http = http
        self._target = f"/sessions/{session}/progress"
        self._tell = tell
        self._over = threading.Event()
        self._telling = threading.Lock()

    def run(self) -> None:
        while not self._over.wait(_PERIOD_SECONDS):
            try:
                with within(_ASK_SECONDS):
                    working = decode(Working, self._http.get(self._target))
            except HushworkError:
                continue
            with self._telling:
                if not self._over.is_set():
                    self._tell(working.layer, working.done, working.total)

    def end(self) -> None:
        with self._telling:
            self._over.set()
