from __future__ import annotations

import pytest

from benchmarks.figures import Figure, Key, Measured
from benchmarks.rows import ROWS, Row, seconds, shown, size, times

ONE, TWO = Key("rotation", 15, 1), Key("rotation", 15, 2)
FASTER = Row("two cores against one", ONE, times, 1.8, TWO, least=True)


def measured(one: float, two: float) -> Measured:
    values = {1: one, 2: two}
    figures = (Figure("rotation", s, s, 1, 15, threads) for threads, s in values.items())
    return Measured("somebody", tuple(figures))


@pytest.mark.parametrize(
    ("value", "text"),
    [(2.5, "2.50 s"), (0.094, "94.0 ms"), (2.25e-6, "2.25 us"), (3e-11, "0.03 ns"), (120, "120 s")],
)
def test_seconds_are_read_easily(value: float, text: str) -> None:
    assert seconds(value) == text


def test_sizes_are_read_easily() -> None:
    assert [size(value) for value in (9.6e9, 52.3e6, 12e3)] == ["9.60 GB", "52.3 MB", "12.0 kB"]


def test_a_figure_is_shown_in_the_unit_of_its_name() -> None:
    names = {
        "rotation": "2.00 s",
        "lenet_keys": "2.00 kB",
        "lenet_error": "2.0e+00",
        "lenet_labels": "99.50%",
        "concrete_tables": "1,344",
    }
    values = [2.0, 2000.0, 2.0, 0.995, 1344.0]
    for (name, text), value in zip(names.items(), values, strict=True):
        assert shown(Figure(name, value, value)) == text


def test_a_time_is_to_stay_below_its_goal() -> None:
    row = Row("rotation", ONE, seconds, 0.010)
    assert [row.met(value) for value in (0.009, 0.011)] == [True, False]
    assert row.goal_text() == "≤ 10.0 ms"


def test_a_ratio_is_to_exceed_its_goal() -> None:
    assert FASTER.value(measured(0.020, 0.010)) == 2.0
    assert [FASTER.met(value) for value in (1.7, 1.9)] == [False, True]
    assert FASTER.goal_text() == "≥ 1.80x"
    assert FASTER.ratio(2.0, 1.0) is None


def test_a_ratio_needs_both() -> None:
    assert FASTER.value(Measured("somebody", measured(1, 1).figures[:1])) is None


def test_rows_differ() -> None:
    assert len({row.what for row in ROWS}) == len(ROWS)
