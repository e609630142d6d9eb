"""A worker that tells whoever started its process which layer it is at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hushwork.cli.wrapped import WrappedWorker
from hushwork.guarantee import Progress, Worker


class ToldWorker(WrappedWorker):
    """As the worker it is made of; `tell` hears of every layer too, and at last ("idle", 0, 0)."""

    def __init__(self, worker: Worker, tell: Progress) -> None:
        super().__init__(worker)
        self._tell = tell

    def run(self, session: Any, request: bytes, progress: Progress | None = None) -> bytes:
        """As the worker does."""
        try:
            return super().run(session, request, self._both(progress))
        finally:
            self._tell("idle", 0, 0)

    def stream(
        self, session: Any, request: bytes, progress: Progress | None = None
    ) -> Iterator[bytes]:
        """As the worker does."""
        try:
            yield from super().stream(session, request, self._both(progress))
        finally:
            self._tell("idle", 0, 0)

    def _both(self, progress: Progress | None) -> Progress:
        def tell(layer: str, done: int, total: int) -> None:
            self._tell(layer, done, total)
            if progress is not None:
                progress(layer, done, total)

        return tell
