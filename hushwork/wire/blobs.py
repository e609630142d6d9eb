"""Blobs: content-addressed bytes on disk, uploaded in chunks, never whole in memory."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hushwork.errors import MalformedBytes, QuotaExceeded, TooLarge, UnknownBlob
from hushwork.wire import _disk
from hushwork.wire.messages import CHUNK_SIZE, BlobInfo, describe_blob, split


@dataclass(frozen=True)
class BlobLimits:
    """Sizes in bytes, time in seconds. Room is counted in whole chunks."""

    blob: int = 4 << 30
    owner: int = 8 << 30
    total: int = 64 << 30
    time_to_live: float = 3600.0
    """Counted from the last upload, or the last `begin` for a blob already here."""


@dataclass
class _Blob:
    info: BlobInfo
    owner: str
    touched: float
    missing: set[int]
    writing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def room(self) -> int:
        return _room(self.info)


class BlobStore:
    """Blobs under one folder, which nobody else writes to.

    Times are unix seconds, passed in as `now`. Safe from any thread. A chunk that was accepted is
    on disk and found again after a crash. A blob counts against the owner who began it.
    """

    def __init__(self, root: Path, limits: BlobLimits, now: float) -> None:
        """Open, find again whatever was acknowledged, and sweep."""
        self._root = root
        self._limits = limits
        self._lock = threading.Lock()
        self._blobs: dict[str, _Blob] = {}
        root.mkdir(parents=True, exist_ok=True)
        for folder in root.iterdir():
            self._find(folder)
        self.sweep(now)

    def begin(self, info: BlobInfo, owner: str, now: float) -> list[int]:
        """Reserve room; the chunks still missing. Raises TooLarge or QuotaExceeded."""
        digest = info.digest
        with self._lock:
            blob = self._blobs.get(digest)
            if blob is None:
                self._check_room(info, owner)
                _disk.create(self._root / digest, _disk.Record(info, owner), now)
                blob = _Blob(info, owner, now, set(range(len(info.chunks))))
                self._blobs[digest] = blob
            self._touch(digest, blob, now)
            return sorted(blob.missing)

    def put_chunk(self, digest: str, index: int, data: bytes | memoryview, now: float) -> None:
        """Keep one chunk for good. Raises UnknownBlob or MalformedBytes."""
        blob = self._get(digest)
        _check_chunk(blob.info, index, data)
        with blob.writing:
            if index not in blob.missing:
                return
            _disk.write_chunk(self._root / digest, index, data)
            with self._lock:
                self._acknowledge(digest, blob, index)
                self._touch(digest, blob, now)

    def put(self, data: bytes | memoryview, owner: str, now: float) -> BlobInfo:
        """Keep bytes at hand. Raises like begin."""
        info = describe_blob(data)
        missing = set(self.begin(info, owner, now))
        for index, chunk in enumerate(split(data)):
            if index in missing:
                self.put_chunk(info.digest, index, chunk, now)
        return info

    def missing(self, digest: str) -> list[int]:
        """Chunks not here yet, in order. Raises UnknownBlob."""
        blob = self._get(digest)
        with self._lock:
            return sorted(blob.missing)

    def info(self, digest: str) -> BlobInfo:
        """Describe a complete blob. Raises UnknownBlob."""
        return self._complete(digest).info

    def open(self, digest: str) -> memoryview:
        """Map a complete blob, read-only; deleting it does not hurt the map. Raises UnknownBlob."""
        self._complete(digest)
        return _disk.map_data(self._root / digest)

    def read_chunk(self, digest: str, index: int) -> bytes:
        """Read one chunk of a complete blob. Raises UnknownBlob."""
        _check_index(self._complete(digest).info, index)
        return _disk.read_chunk(self._root / digest, index)

    def delete(self, digest: str, since: float = math.inf) -> None:
        """Let go of a blob, unless it is not here or somebody began it again after `since`."""
        with self._lock:
            blob = self._blobs.get(digest)
            if blob is not None and blob.touched <= since:
                self._delete([digest])

    def sweep(self, now: float) -> list[str]:
        """Delete what has outlived its time; the digests."""
        with self._lock:
            oldest = now - self._limits.time_to_live
            old = [digest for digest, blob in self._blobs.items() if blob.touched < oldest]
            self._delete(old)
            return old

    def used(self, owner: str | None = None) -> int:
        """Bytes reserved by one owner, or by all."""
        with self._lock:
            return self._used(owner)

    def _find(self, folder: Path) -> None:
        found = _disk.find(folder)
        if found is None or found[0].info.digest != folder.name:
            _disk.remove(folder)
            return
        record, touched, missing = found
        self._blobs[folder.name] = _Blob(record.info, record.owner, touched, missing)

    def _get(self, digest: str) -> _Blob:
        with self._lock:
            blob = self._blobs.get(digest)
        if blob is None:
            raise UnknownBlob("no such blob", got=digest[:64])
        return blob

    def _complete(self, digest: str) -> _Blob:
        blob = self._get(digest)
        if blob.missing:
            count = len(blob.info.chunks)
            raise UnknownBlob("not complete", expected=count, got=count - len(blob.missing))
        return blob

    def _touch(self, digest: str, blob: _Blob, now: float) -> None:
        blob.touched = max(blob.touched, now)
        _disk.touch(self._root / digest, blob.touched)

    def _acknowledge(self, digest: str, blob: _Blob, index: int) -> None:
        if self._blobs.get(digest) is not blob:
            raise UnknownBlob("deleted meanwhile", got=digest)
        if blob.missing == {index}:
            _disk.finish(self._root / digest)
        blob.missing.discard(index)

    def _check_room(self, info: BlobInfo, owner: str) -> None:
        room, limits = _room(info), self._limits
        if info.size > limits.blob:
            raise TooLarge("blob", expected=f"at most {limits.blob} bytes", got=info.size)
        for whose, limit in ((owner, limits.owner), (None, limits.total)):
            wanted = self._used(whose) + room
            if wanted > limit:
                name = "all owners together" if whose is None else "one owner"
                raise QuotaExceeded(f"blobs of {name}", expected=f"at most {limit}", got=wanted)

    def _used(self, owner: str | None) -> int:
        return sum(blob.room for blob in self._blobs.values() if owner in {None, blob.owner})

    def _delete(self, digests: Iterable[str]) -> None:
        for digest in digests:
            if self._blobs.pop(digest, None) is not None:
                _disk.remove(self._root / digest)


def _room(info: BlobInfo) -> int:
    return len(info.chunks) * CHUNK_SIZE


def _check_index(info: BlobInfo, index: int) -> None:
    if not 0 <= index < len(info.chunks):
        raise UnknownBlob("no such chunk", expected=f"0 to {len(info.chunks) - 1}", got=index)


def _check_chunk(info: BlobInfo, index: int, data: bytes | memoryview) -> None:
    _check_index(info, index)
    if len(data) != info.chunk_size(index):
        raise MalformedBytes("chunk", expected=f"{info.chunk_size(index)} bytes", got=len(data))
    digest = hashlib.sha256(data).hexdigest()
    if digest != info.chunks[index]:
        raise MalformedBytes("chunk", expected=info.chunks[index], got=digest)
