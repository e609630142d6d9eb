"""Blobs: content-addressed bytes on disk, uploaded in chunks, never whole in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hushwork.wire.messages import BlobInfo


@dataclass(frozen=True)
class BlobLimits:
    """Sizes in bytes, time in seconds."""

    blob: int = 4 << 30
    owner: int = 8 << 30
    total: int = 64 << 30
    time_to_live: float = 3600.0


class BlobStore:
    """Every method takes `now` (unix seconds) where time matters. Safe from any thread."""

    def __init__(self, root: Path, limits: BlobLimits, now: float) -> None:
        """Open, and find again whatever was acknowledged."""
        raise NotImplementedError

    def begin(self, info: BlobInfo, owner: str, now: float) -> list[int]:
        """Reserve room; missing chunk indices. Raises TooLarge or QuotaExceeded."""
        raise NotImplementedError

    def put_chunk(self, digest: str, index: int, data: bytes, now: float) -> None:
        """Keep one chunk; once this returns it survives a crash. Raises MalformedBytes."""
        raise NotImplementedError

    def put(self, data: bytes | memoryview, owner: str, now: float) -> BlobInfo:
        """Keep bytes at hand, whole."""
        raise NotImplementedError

    def missing(self, digest: str) -> list[int]:
        """Chunks not here yet. Raises UnknownBlob."""
        raise NotImplementedError

    def info(self, digest: str) -> BlobInfo:
        """Raises UnknownBlob."""
        raise NotImplementedError

    def open(self, digest: str) -> memoryview:
        """Map a complete blob, read-only. Raises UnknownBlob."""
        raise NotImplementedError

    def read_chunk(self, digest: str, index: int) -> bytes:
        """One chunk of a complete blob. Raises UnknownBlob."""
        raise NotImplementedError

    def delete(self, digest: str) -> None:
        """Let go of a blob; no error if it is not here."""
        raise NotImplementedError

    def sweep(self, now: float) -> list[str]:
        """Delete what has outlived its time; their digests."""
        raise NotImplementedError
