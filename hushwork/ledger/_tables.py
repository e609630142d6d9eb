"""Tables of the local ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Engine, ForeignKey, StaticPool, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base of the tables."""


class Chain(Base):
    """One row: where time began and which epoch ran last."""

    __tablename__ = "chain"
    id: Mapped[int] = mapped_column(primary_key=True, default=0)
    genesis: Mapped[float]
    epoch: Mapped[int] = mapped_column(default=0)


class NeuronRow(Base):
    """A registered hotkey."""

    __tablename__ = "neuron"
    uid: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hotkey: Mapped[str] = mapped_column(unique=True)
    stake: Mapped[int] = mapped_column(BigInteger, default=0)
    url: Mapped[str] = mapped_column(default="")
    fingerprint: Mapped[bytes] = mapped_column(default=b"")
    incentive: Mapped[int] = mapped_column(default=0)
    dividends: Mapped[int] = mapped_column(default=0)
    emission: Mapped[int] = mapped_column(BigInteger, default=0)
    balance: Mapped[int] = mapped_column(BigInteger, default=0)
    last_update: Mapped[int] = mapped_column(default=0)


class WeightRow(Base):
    """A weight that is above zero."""

    __tablename__ = "weight"
    giver: Mapped[int] = mapped_column(ForeignKey(NeuronRow.uid), primary_key=True)
    taker: Mapped[int] = mapped_column(ForeignKey(NeuronRow.uid), primary_key=True)
    value: Mapped[int]


class BondRow(Base):
    """A bond that is above zero."""

    __tablename__ = "bond"
    giver: Mapped[int] = mapped_column(ForeignKey(NeuronRow.uid), primary_key=True)
    taker: Mapped[int] = mapped_column(ForeignKey(NeuronRow.uid), primary_key=True)
    value: Mapped[float]


def open_engine(path: Path | None) -> Engine:
    """Open or make the database; in memory without a path."""
    if path is None:
        arguments: dict[str, Any] = {"check_same_thread": False}
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args=arguments)
    else:
        engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    Base.metadata.create_all(engine)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Any) -> None:
    # Python's own SQLite driver would begin late, and let two writers read the same state.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
