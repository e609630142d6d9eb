"""Files of the blob store. A blob is a folder named by its digest:

    record    what it is and whose; written before anything else
    partial   the bytes while chunks are missing
    data      the bytes once they are all there (renamed from partial)

A chunk on disk is known by its digest, so no list of chunks received has to be kept.
"""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hushwork.errors import HushworkError, QuotaExceeded, UnknownBlob
from hushwork.wire.messages import CHUNK_SIZE, BlobInfo, Message, Name, decode, encode


class Record(Message, frozen=True):
    """What is kept beside the bytes."""

    info: BlobInfo
    owner: Name


def create(folder: Path, record: Record, now: float) -> None:
    """Make the folder with room for every chunk, durably or not at all."""
    try:
        with _disk_errors():
            folder.mkdir()
            with (folder / "partial").open("wb") as file:
                file.truncate(record.info.size)
            _write(folder / "record", encode(record))
            touch(folder, now)
            _sync(folder)
            _sync(folder.parent)
    except Exception:
        remove(folder)
        raise


def touch(folder: Path, now: float) -> None:
    """Keep `now` as the time of last use, over a restart too."""
    os.utime(folder / "record", (now, now))


def write_chunk(folder: Path, index: int, data: bytes | memoryview) -> None:
    """Write one chunk and wait until it is on disk."""
    with _disk_errors(), (folder / "partial").open("r+b") as file:
        file.seek(index * CHUNK_SIZE)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def finish(folder: Path) -> None:
    """Turn a partial blob into a complete one, at once."""
    (folder / "partial").rename(folder / "data")
    _sync(folder)


def map_data(folder: Path) -> memoryview:
    """Map a complete blob. The map outlives the file."""
    with _disk_errors(), (folder / "data").open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def read_chunk(folder: Path, index: int) -> bytes:
    """Read one chunk of a complete blob."""
    with _disk_errors(), (folder / "data").open("rb") as file:
        file.seek(index * CHUNK_SIZE)
        return file.read(CHUNK_SIZE)


def remove(folder: Path) -> None:
    """Delete a blob, the record first, so that half of one is never found again."""
    with suppress(FileNotFoundError):
        (folder / "record").unlink()
    shutil.rmtree(folder, ignore_errors=True)


def find(folder: Path) -> tuple[Record, float, set[int]] | None:
    """Read a blob's record, time of last use and missing chunks; None unless it is whole."""
    try:
        path = folder / "record"
        record = decode(Record, path.read_bytes())
        touched = path.stat().st_mtime
        return record, touched, _missing(folder, record.info)
    except (OSError, HushworkError):
        return None


def _missing(folder: Path, info: BlobInfo) -> set[int]:
    if (folder / "data").exists():
        return set()
    with (folder / "partial").open("rb") as file:
        found = (hashlib.sha256(file.read(CHUNK_SIZE)).hexdigest() for _ in info.chunks)
        missing = {i for i, digest in enumerate(found) if digest != info.chunks[i]}
    if not missing:
        finish(folder)
    return missing


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UnknownBlob("deleted meanwhile", got=error.filename) from None
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise QuotaExceeded("the disk is full") from None
