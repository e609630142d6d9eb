from __future__ import annotations

import errno
import os
import random
import threading
from pathlib import Path

import pytest

from hushwork.errors import MalformedBytes, QuotaExceeded, TooLarge, UnknownBlob
from hushwork.wire import BlobLimits, BlobStore, _disk, describe_blob
from hushwork.wire.messages import CHUNK_SIZE, split

MIB = 1 << 20
LIMITS = BlobLimits(blob=3 * MIB, owner=4 * MIB, total=6 * MIB, time_to_live=100.0)


def make_data(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


DATA = make_data(2 * CHUNK_SIZE + 5)
INFO = describe_blob(DATA)
CHUNKS = [bytes(chunk) for chunk in split(DATA)]


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path, LIMITS, now=0.0)


def test_a_blob_comes_back_whole_and_by_chunk(store: BlobStore) -> None:
    info = store.put(DATA, "a", now=0.0)
    assert info == INFO
    assert store.open(info.digest) == DATA
    assert [store.read_chunk(info.digest, index) for index in range(3)] == CHUNKS
    assert store.info(info.digest) == INFO


def test_the_map_is_read_only_and_outlives_the_blob(store: BlobStore) -> None:
    view = store.open(store.put(DATA, "a", now=0.0).digest)
    store.delete(INFO.digest)
    with pytest.raises(TypeError):
        view[0] = 0
    assert view == DATA


def test_chunks_may_come_in_any_order_and_twice(store: BlobStore) -> None:
    assert store.begin(INFO, "a", now=0.0) == [0, 1, 2]
    for index in (2, 0, 2):
        store.put_chunk(INFO.digest, index, CHUNKS[index], now=0.0)
    assert store.missing(INFO.digest) == [1]
    assert store.begin(INFO, "b", now=0.0) == [1]
    store.put_chunk(INFO.digest, 1, CHUNKS[1], now=0.0)
    assert store.missing(INFO.digest) == []
    assert store.open(INFO.digest) == DATA


def test_an_incomplete_blob_is_unknown(store: BlobStore) -> None:
    store.begin(INFO, "a", now=0.0)
    store.put_chunk(INFO.digest, 0, CHUNKS[0], now=0.0)
    for ask in (store.open, store.info, lambda digest: store.read_chunk(digest, 0)):
        with pytest.raises(UnknownBlob) as caught:
            ask(INFO.digest)
        assert (caught.value.expected, caught.value.got) == ("3", "1")


@pytest.mark.parametrize("digest", ["0" * 64, "", "..", "../../etc/passwd"])
def test_an_unknown_blob_is_said_so(store: BlobStore, digest: str) -> None:
    for ask in (store.open, store.info, store.missing, lambda d: store.put_chunk(d, 0, b"", 0.0)):
        with pytest.raises(UnknownBlob):
            ask(digest)
    store.delete(digest)


@pytest.mark.parametrize(
    "chunk",
    [b"", CHUNKS[0][:-1], CHUNKS[0] + b"\0", CHUNKS[1], bytes([CHUNKS[0][0] ^ 1]) + CHUNKS[0][1:]],
    ids=["empty", "truncated", "longer", "another", "bit flipped"],
)
def test_a_corrupt_chunk_is_malformed_and_leaves_nothing(store: BlobStore, chunk: bytes) -> None:
    store.begin(INFO, "a", now=0.0)
    with pytest.raises(MalformedBytes) as caught:
        store.put_chunk(INFO.digest, 0, chunk, now=0.0)
    assert caught.value.expected
    assert caught.value.got
    assert store.missing(INFO.digest) == [0, 1, 2]


@pytest.mark.parametrize("index", [-1, 3])
def test_a_chunk_beyond_the_end_is_unknown(store: BlobStore, index: int) -> None:
    store.put(DATA, "a", now=0.0)
    with pytest.raises(UnknownBlob):
        store.put_chunk(INFO.digest, index, b"", now=0.0)
    with pytest.raises(UnknownBlob):
        store.read_chunk(INFO.digest, index)


def test_limits_of_a_blob_an_owner_and_all(store: BlobStore) -> None:
    with pytest.raises(TooLarge):
        store.put(make_data(3 * MIB + 1), "a", now=0.0)
    store.put(DATA, "a", now=0.0)
    with pytest.raises(QuotaExceeded, match="one owner"):
        store.put(make_data(MIB + 1, seed=1), "a", now=0.0)
    store.put(make_data(MIB, seed=2), "a", now=0.0)
    store.put(make_data(1, seed=3), "b", now=0.0)
    with pytest.raises(QuotaExceeded, match="all owners"):
        store.put(make_data(MIB + 1, seed=4), "c", now=0.0)
    assert (store.used("a"), store.used("b"), store.used()) == (4 * MIB, MIB, 5 * MIB)


def test_room_is_counted_when_an_upload_begins_and_once(store: BlobStore) -> None:
    store.begin(INFO, "a", now=0.0)
    store.begin(INFO, "b", now=0.0)
    assert (store.used("a"), store.used("b")) == (3 * MIB, 0)
    store.delete(INFO.digest)
    assert store.used() == 0


def test_sweeping_deletes_what_is_old_and_frees_its_room(store: BlobStore, tmp_path: Path) -> None:
    store.put(DATA, "a", now=0.0)
    young = store.put(b"young", "a", now=50.0)
    assert store.sweep(now=100.0) == []
    assert store.sweep(now=101.0) == [INFO.digest]
    assert [folder.name for folder in tmp_path.iterdir()] == [young.digest]
    assert store.used() == MIB


def test_what_was_begun_again_meanwhile_is_not_deleted(store: BlobStore) -> None:
    store.put(DATA, "a", now=10.0)
    store.delete(INFO.digest, since=9.0)
    assert store.open(INFO.digest) == DATA
    store.delete(INFO.digest, since=10.0)
    with pytest.raises(UnknownBlob):
        store.open(INFO.digest)


def test_beginning_again_renews_a_blob(store: BlobStore) -> None:
    store.put(DATA, "a", now=0.0)
    store.begin(INFO, "b", now=90.0)
    assert store.sweep(now=150.0) == []


class TestRestart:
    def test_finds_complete_blobs_with_owner_and_age(self, tmp_path: Path) -> None:
        BlobStore(tmp_path, LIMITS, now=0.0).put(DATA, "a", now=7.0)
        again = BlobStore(tmp_path, LIMITS, now=20.0)
        assert again.open(INFO.digest) == DATA
        assert again.used("a") == 3 * MIB
        assert again.sweep(now=107.0) == []
        assert again.sweep(now=108.0) == [INFO.digest]

    def test_finds_every_acknowledged_chunk(self, tmp_path: Path) -> None:
        store = BlobStore(tmp_path, LIMITS, now=0.0)
        store.begin(INFO, "a", now=0.0)
        store.put_chunk(INFO.digest, 2, CHUNKS[2], now=0.0)
        again = BlobStore(tmp_path, LIMITS, now=1.0)
        assert again.missing(INFO.digest) == [0, 1]
        for index in (0, 1):
            again.put_chunk(INFO.digest, index, CHUNKS[index], now=1.0)
        assert again.open(INFO.digest) == DATA

    def test_takes_a_torn_chunk_as_missing(self, tmp_path: Path) -> None:
        store = BlobStore(tmp_path, LIMITS, now=0.0)
        store.begin(INFO, "a", now=0.0)
        _disk.write_chunk(tmp_path / INFO.digest, 1, CHUNKS[1][: CHUNK_SIZE // 2])
        assert BlobStore(tmp_path, LIMITS, now=0.0).missing(INFO.digest) == [0, 1, 2]

    def test_finishes_a_blob_that_died_before_its_rename(self, tmp_path: Path) -> None:
        store = BlobStore(tmp_path, LIMITS, now=0.0)
        store.begin(INFO, "a", now=0.0)
        for index, chunk in enumerate(CHUNKS):
            _disk.write_chunk(tmp_path / INFO.digest, index, chunk)
        assert BlobStore(tmp_path, LIMITS, now=0.0).open(INFO.digest) == DATA

    @pytest.mark.parametrize("damage", ["no record", "junk record", "no data", "other name"])
    def test_clears_away_what_is_not_whole(self, tmp_path: Path, damage: str) -> None:
        BlobStore(tmp_path, LIMITS, now=0.0).put(DATA, "a", now=0.0)
        folder = tmp_path / INFO.digest
        if damage == "no record":
            (folder / "record").unlink()
        elif damage == "junk record":
            (folder / "record").write_bytes(b"\xc1")
        elif damage == "no data":
            (folder / "data").unlink()
        else:
            folder.rename(tmp_path / ("0" * 64))
        again = BlobStore(tmp_path, LIMITS, now=0.0)
        assert list(tmp_path.iterdir()) == []
        assert again.used() == 0


def test_a_full_disk_is_a_quota_and_the_chunk_stays_missing(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    store.begin(INFO, "a", now=0.0)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(QuotaExceeded):
            store.put_chunk(INFO.digest, 0, CHUNKS[0], now=0.0)
    assert store.missing(INFO.digest) == [0, 1, 2]


def test_a_blob_that_found_no_room_on_disk_can_begin_again(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(QuotaExceeded):
            store.begin(INFO, "a", now=0.0)
    assert store.used() == 0
    assert store.put(DATA, "a", now=0.0) == INFO


def test_a_chunk_is_on_disk_before_it_is_acknowledged(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.begin(INFO, "a", now=0.0)
    synced = []

    def note(_: int) -> None:
        synced.append(store.missing(INFO.digest))

    monkeypatch.setattr(os, "fsync", note)
    store.put_chunk(INFO.digest, 0, CHUNKS[0], now=0.0)
    assert synced == [[0, 1, 2]]


def test_many_threads_upload_one_blob(store: BlobStore) -> None:
    failures: list[Exception] = []

    def upload(owner: str) -> None:
        try:
            store.put(DATA, owner, now=0.0)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=upload, args=(str(i),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.open(INFO.digest) == DATA
