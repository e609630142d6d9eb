"""A worker that tells whoever started its process which layer it is at."""

from __future__ import annotations

from typing import Any

from hushwork.guarantee import Manifest, Progress, Session, Worker


class ToldWorker:
    """As the worker it is made of; `tell` hears of every layer too, and at last ("idle", 0, 0)."""

    def __init__(self, worker: Worker, tell: Progress) -> None:
        self._worker = worker
        self._tell = tell
        self.manifest: Manifest = worker.manifest

    def greet(self, hello: bytes | memoryview) -> tuple[Session, bytes]:
        """As the worker does."""
        return self._worker.greet(hello)

    def run(self, session: Any, request: bytes, progress: Progress | None = None) -> bytes:
        """As the worker does."""

        def tell(layer: str, done: int, total: int) -> None:
            self._tell(layer, done, total)
            if progress is not None:
                progress(layer, done, total)

        try:
            return self._worker.run(session, request, tell)
        finally:
            self._tell("idle", 0, 0)
