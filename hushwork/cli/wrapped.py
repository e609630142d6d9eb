"""A worker around a worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hushwork.errors import NotFound
from hushwork.guarantee import Manifest, Progress, Session, StreamingWorker, Worker


class WrappedWorker:
    """Does as the worker it is made of."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.manifest: Manifest = worker.manifest

    def greet(self, hello: bytes | memoryview) -> tuple[Session, bytes]:
        """As the worker does."""
        return self.worker.greet(hello)

    def run(self, session: Any, request: bytes, progress: Progress | None = None) -> bytes:
        """As the worker does."""
        return self.worker.run(session, request, progress)

    def stream(
        self, session: Any, request: bytes, progress: Progress | None = None
    ) -> Iterator[bytes]:
        """As the worker does. Raises NotFound if it does not."""
        if not isinstance(self.worker, StreamingWorker):
            raise NotFound("answers here do not come in parts")
        return self.worker.stream(session, request, progress)
