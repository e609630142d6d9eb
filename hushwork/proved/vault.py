"""Where a model's owner keeps what nobody else may see: weights, seeds, and how often each
commitment has been opened.

The counts are durable: an opening is counted, and on disk, before anything of it can leave. One
file, SQLite, which several processes may use at once.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hushwork.errors import BudgetSpent, HushworkError, MalformedBytes, NotFound
from hushwork.proved.evidence import OPENINGS

_TABLES = (
    "CREATE TABLE model (publication BLOB NOT NULL, weights BLOB NOT NULL)",
    """CREATE TABLE commitments (number INTEGER PRIMARY KEY, seed BLOB NOT NULL,
    opened INTEGER NOT NULL, openings INTEGER NOT NULL, epoch BLOB)""",
)
_ROOT = 0
"""Number of the root; epochs follow."""


@dataclass(frozen=True)
class Openings:
    """Openings of an epoch's commitment, counted."""

    number: int
    """Of the epoch."""
    seed: bytes
    """Of its commitment."""
    epoch: bytes
    """What is public of it."""
    indices: range
    """How often it had been opened before each."""


class Vault:
    """One model's secrets, in a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        """Open one. Raises NotFound."""
        if not path.is_file():
            raise NotFound("vault", expected="a file made by hush publish", got=path)
        self.path = path

    @classmethod
    def create(cls, path: Path, publication: bytes, weights: bytes, seed: bytes) -> Vault:
        """A vault of a model whose root was opened once, to publish it. Raises FileExistsError.

        publication, weights: their bytes. seed: 32 bytes, of the root's randomness.
        """
        _reserve(path)
        return cls._fill(path, publication, weights, seed, range(1, OPENINGS))

    @classmethod
    def _fill(
        cls, path: Path, publication: bytes, weights: bytes, seed: bytes, openings: range
    ) -> Vault:
        vault = cls(path)
        with vault._transaction() as database:
            for table in _TABLES:
                database.execute(table)
            database.execute("INSERT INTO model VALUES (?, ?)", (publication, weights))
            root = (_ROOT, seed, openings.start, openings.stop, None)
            database.execute("INSERT INTO commitments VALUES (?, ?, ?, ?, ?)", root)
        return vault

    @property
    def publication(self) -> bytes:
        """What is public."""
        return self._one("SELECT publication FROM model")

    @property
    def weights(self) -> bytes:
        """Their bytes."""
        return self._one("SELECT weights FROM model")

    @property
    def epochs(self) -> int:
        """Epochs that can still be begun, or given away."""
        with self._transaction() as database:
            opened, openings = database.execute(_OPENED, (_ROOT,)).fetchone()
        return int(openings - opened)

    @property
    def left(self) -> int:
        """Proofs that can still be made."""
        with self._transaction() as database:
            rows = database.execute("SELECT number, openings - opened FROM commitments").fetchall()
        return sum(left * (OPENINGS - 1 if number == _ROOT else 1) for number, left in rows)

    def open_epoch(
        self, begin: Callable[[bytes, int], tuple[bytes, bytes]], most: int = 1
    ) -> Openings:
        """Count openings of an epoch, as many as it has left and at most `most`; begin one where
        there is none with openings left. Who forgets some of them loses them.

        `begin` takes the root's seed and how often it has been opened, links a fresh commitment,
        and gives that one's seed and what is public of it. Raises BudgetSpent.
        """
        with self._transaction() as database:
            if not _has_epoch(database):
                seed, opened = database.execute(_SEED, (_ROOT,)).fetchone()
                _count(database, _ROOT, 1)
                database.execute(_ADD, (*begin(seed, opened), OPENINGS))
            number = database.execute(_LAST).fetchone()[0]
            indices = _count(database, number, most)
            seed, epoch = database.execute(_EPOCH, (number,)).fetchone()
            return Openings(number, seed, epoch, indices)

    def share(self, path: Path, epochs: int) -> Vault:
        """Give so many of the epochs that are left to another vault, for another machine.

        No two vaults ever open the same commitment for the same time: what fails on the way is
        lost to both. Raises BudgetSpent or FileExistsError, which leave this one as it was.
        """
        _reserve(path)
        try:
            with self._transaction() as database:
                seed, given = _take(database, epochs)
                publication, weights = database.execute("SELECT * FROM model").fetchone()
        except HushworkError:
            path.unlink()
            raise
        return self._fill(path, publication, weights, seed, given)

    def _one(self, query: str) -> bytes:
        with self._transaction() as database:
            data: bytes = database.execute(query).fetchone()[0]
        return data

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Nobody else reads or writes meanwhile; what it wrote is on disk at the end."""
        database = sqlite3.connect(self.path, timeout=600.0, isolation_level=None)
        try:
            database.execute("PRAGMA synchronous = FULL")
            database.execute("BEGIN IMMEDIATE")
            yield database
            database.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            expected = "a file made by hush publish"
            raise MalformedBytes(f"vault {self.path}", expected=expected, got=error) from error
        finally:
            database.close()


_SEED = "SELECT seed, opened FROM commitments WHERE number = ?"
_EPOCH = "SELECT seed, epoch FROM commitments WHERE number = ?"
_LAST = "SELECT max(number) FROM commitments"
_ADD = "INSERT INTO commitments (seed, epoch, opened, openings) VALUES (?, ?, 1, ?)"
_OPENED = "SELECT opened, openings FROM commitments WHERE number = ?"
_SHRINK = "UPDATE commitments SET openings = ? WHERE number = ?"
_COUNT = "UPDATE commitments SET opened = ? WHERE number = ?"


def _reserve(path: Path) -> None:
    """A new file, for its owner alone. Raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _take(database: sqlite3.Connection, epochs: int) -> tuple[bytes, range]:
    """The root's seed, and the last of its openings, which are no more this vault's."""
    seed, _ = database.execute(_SEED, (_ROOT,)).fetchone()
    opened, openings = database.execute(_OPENED, (_ROOT,)).fetchone()
    if not 0 < epochs <= openings - opened:
        expected = f"1 to {openings - opened}"
        raise BudgetSpent("epochs that are left", expected=expected, got=epochs)
    database.execute(_SHRINK, (openings - epochs, _ROOT))
    return seed, range(openings - epochs, openings)


def _has_epoch(database: sqlite3.Connection) -> bool:
    query = "SELECT opened < openings FROM commitments WHERE number > 0 ORDER BY number DESC"
    row = database.execute(query).fetchone()
    return bool(row and row[0])


def _count(database: sqlite3.Connection, number: int, most: int) -> range:
    opened, openings = database.execute(_OPENED, (number,)).fetchone()
    if opened >= openings:
        raise BudgetSpent("openings of a commitment", expected="some left", got="none")
    counted = range(opened, min(opened + most, openings))
    database.execute(_COUNT, (counted.stop, number))
    return counted
