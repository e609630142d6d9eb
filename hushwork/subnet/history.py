"""What every answer was worth, kept in a database; never inputs, outputs or keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import Engine, Index, create_engine, delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from hushwork.errors import InvalidInput, Unreachable
from hushwork.subnet.scoring import simplified_reward
from hushwork.subnet.steps import Judged


class _Base(DeclarativeBase):
    pass


class _Row(_Base):
    __tablename__ = "answers"
    __table_args__ = (Index("answers_by_miner", "task", "hotkey", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round: Mapped[int]
    time: Mapped[float]
    task: Mapped[str]
    hotkey: Mapped[str]
    kind: Mapped[str]
    seconds: Mapped[float | None]
    correct: Mapped[bool]
    label: Mapped[str]
    error: Mapped[str]


@dataclass(frozen=True)
class Standing:
    """One miner's answers at one task in a window, oldest first."""

    answers: Sequence[Judged]

    @property
    def seconds(self) -> list[float]:
        """Response times of the correct answers."""
        return [a.seconds for a in self.answers if a.correct and a.seconds is not None]

    @property
    def agreement(self) -> float:
        """Share of correct answers; 0 before the first."""
        return len(self.seconds) / max(len(self.answers), 1)

    @property
    def median_seconds(self) -> float | None:
        """Median response time of the correct answers; None before the first."""
        return median(self.seconds) if self.seconds else None

    @property
    def score(self) -> float:
        """SimplifiedReward."""
        return simplified_reward(self.seconds, len(self.answers) - len(self.seconds))


class History:
    """Answers in an SQL database. Safe from any thread."""

    def __init__(self, url: str) -> None:
        """`url` as SQLAlchemy takes it: ``sqlite:///history.db``, ``postgresql+psycopg://...``.

        Raises InvalidInput where it cannot be used here, Unreachable where nobody answers.
        """
        self._engine = _engine(url)
        try:
            _Base.metadata.create_all(self._engine)
        except SQLAlchemyError as error:
            raise Unreachable("the database does not answer", got=type(error).__name__) from None

    def add(self, round_number: int, judged: Iterable[Judged], now: float) -> None:
        """Keep what a round judged; all of it or nothing."""
        with Session(self._engine) as session, session.begin():
            session.add_all(_to_row(round_number, answer, now) for answer in judged)

    def window(self, task: str, answers: int, since: float) -> dict[str, Standing]:
        """Each miner's latest answers at a task, at most so many, none older than `since`."""
        age = func.row_number().over(partition_by=_Row.hotkey, order_by=_Row.id.desc())
        recent = select(_Row.id, age.label("age")).where(_Row.task == task, _Row.time >= since)
        ages = recent.subquery()
        chosen = select(_Row).join(ages, _Row.id == ages.c.id).where(ages.c.age <= answers)
        records: dict[str, list[Judged]] = {}
        with Session(self._engine) as session:
            for row in session.scalars(chosen.order_by(_Row.id)):
                records.setdefault(row.hotkey, []).append(_from_row(row))
        return {hotkey: Standing(judged) for hotkey, judged in records.items()}

    def last_round(self) -> int:
        """Number of the latest round, 0 before the first."""
        with Session(self._engine) as session:
            return session.scalar(select(func.max(_Row.round))) or 0

    def forget(self, before: float) -> None:
        """Delete what is older than any window."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(_Row).where(_Row.time < before))

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def _engine(url: str) -> Engine:
    try:
        return create_engine(url)
    except ModuleNotFoundError as error:
        advice = "its driver; for PostgreSQL pip install 'hushwork[postgres]'"
        raise InvalidInput("database", expected=advice, got=error) from None
    except SQLAlchemyError as error:
        raise InvalidInput("database", expected="an SQLAlchemy URL", got=type(error)) from None


def _to_row(round_number: int, answer: Judged, now: float) -> _Row:
    return _Row(
        round=round_number,
        time=now,
        task=answer.task,
        hotkey=answer.hotkey,
        kind=answer.kind,
        seconds=answer.seconds,
        correct=answer.correct,
        label=answer.label,
        error=answer.error,
    )


def _from_row(row: _Row) -> Judged:
    return Judged(row.task, row.hotkey, row.kind, row.seconds, row.correct, row.label, row.error)
