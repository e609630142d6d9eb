from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from benchmarks import figures
from benchmarks.figures import Figure, Key, Measured, parse, save, saved

ROTATION = Key("rotation", 15, 1)


def test_figures_are_read_among_other_lines() -> None:
    line = '{"name": "rotation", "log_degree": 15, "threads": 1, "median": 2e-2, "best": 1e-2}'
    assert parse(["compiling ...", line, ""]) == (Figure("rotation", 0.02, 0.01, 1, 15, 1),)


@pytest.mark.parametrize("line", ['{"name": "rotation"}', '{"name": 1, "median": 1}', "{broken"])
def test_a_broken_figure_is_an_error(line: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        parse([line])


def test_the_fastest_parameter_set_counts() -> None:
    sets = {"standard": 0.094, "conjugate-invariant": 0.080}
    made = tuple(Figure("rotation", s, s, 1, 15, 1, name) for name, s in sets.items())
    measured = Measured("lattigo", (*made, Figure("rotation", 1e-9, 1e-9, 1, 16, 1)))
    assert measured.value(ROTATION) == 0.080
    assert measured.value(Key("rotation", 15, 2)) is None


def test_results_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "RESULTS", tmp_path / "results")
    measured = Measured("ours", (Figure("plain", 0.5, 0.4, 3, 15, 1, "", (15, 5, 5)),), when="now")
    save(measured)
    assert saved("ours") == measured
    assert "never" in saved("theirs").unavailable
