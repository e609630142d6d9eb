from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from hushwork.errors import InvalidInput, Unreachable
from hushwork.subnet.history import History, Standing
from hushwork.subnet.steps import Judged
from tests.subnet.postgresql import postgresql


def answer(hotkey: str = "a", seconds: float | None = 40.0, task: str = "t") -> Judged:
    error = "" if seconds is not None else "unreachable"
    return Judged(task, hotkey, "real", seconds, not error, "sneaker" if seconds else "", error)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/history.db"
    else:
        with postgresql() as address:
            yield address


@pytest.fixture
def history(url: str) -> Iterator[History]:
    history = History(url)
    yield history
    history.close()


@pytest.mark.parametrize("url", ["nonsense", "nobody://host/db", "mysql+pymysql://host/db"])
def test_a_database_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="database"):
        History(url)


def test_a_database_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        History(f"postgresql+psycopg://user:secret@/db?host={tmp_path}")


def test_answers_are_kept_by_task_and_miner(history: History) -> None:
    history.add(1, [answer("a"), answer("b"), answer("a", task="other")], now=10.0)
    window = history.window("t", answers=10, since=0.0)
    assert {hotkey: list(standing.answers) for hotkey, standing in window.items()} == {
        "a": [answer("a")],
        "b": [answer("b")],
    }


def test_a_window_is_bounded_in_number_and_in_time(history: History) -> None:
    for number in range(6):
        history.add(number, [answer("a", float(number + 1)), answer("b")], now=float(number))
    window = history.window("t", answers=3, since=2.0)
    assert window["a"].seconds == [4.0, 5.0, 6.0]
    assert history.window("t", answers=9, since=4.0)["a"].seconds == [5.0, 6.0]
    assert history.window("t", answers=9, since=9.0) == {}


def test_it_survives_a_restart_and_forgets_when_told(history: History, url: str) -> None:
    history.add(7, [answer()], now=10.0)
    history.close()
    again = History(url)
    assert again.last_round() == 7
    again.forget(before=11.0)
    assert again.last_round() == 0
    again.close()


def test_nothing_but_judgements_is_kept(history: History, url: str) -> None:
    history.add(1, [answer()], now=0.0)
    engine = create_engine(url)
    tables = inspect(engine)
    assert tables.get_table_names() == ["answers"]
    columns = {column["name"]: str(column["type"]) for column in tables.get_columns("answers")}
    assert set(columns) == {
        *("id", "round", "time", "task", "hotkey", "kind", "seconds", "correct", "label", "error")
    }
    assert not {"BLOB", "BYTEA"} & set(columns.values())
    engine.dispose()


def test_a_standing_is_scored_over_its_answers() -> None:
    standing = Standing([answer(seconds=20.0), answer(seconds=40.0), answer(seconds=90.0)])
    assert standing.score == 1.0
    assert standing.agreement == 1.0
    assert standing.median_seconds == 40.0
    failing = Standing([answer(seconds=None), answer(seconds=40.0)])
    assert failing.agreement == 0.5
    assert failing.score == pytest.approx(2.5**-30)
    assert Standing([]).score == 0.0
    assert Standing([]).median_seconds is None
