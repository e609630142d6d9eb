"""Which networks `hush up` shows, and under which guarantee."""

from __future__ import annotations

import pytest

from hushwork.cli.crews import crews_for
from hushwork.errors import NotFound, UnknownManifest, UnsupportedOperator


def chosen(models: list[str], guarantee: str | None = None) -> list[tuple[str, str, bool]]:
    return [(c.network.name, c.guarantee, c.proves) for c in crews_for(models, guarantee)]


def test_by_default_there_is_one_of_each() -> None:
    each = [
        ("lenet-fashion-mnist", "encrypted", False),
        ("lenet5-fashion-mnist", "proved", True),
        ("lenet5-fashion-mnist", "attested", False),
    ]
    assert chosen([]) == each
    for one in each:
        assert chosen([], one[1]) == [one]


def test_a_network_runs_under_what_it_is_made_for() -> None:
    assert chosen(["lenet5", "lenet-mnist"]) == [
        ("lenet5-mnist", "proved", True),
        ("lenet-mnist", "encrypted", False),
    ]
    assert chosen(["lenet-mnist"], "proved") == [("lenet-mnist", "proved", True)]
    assert chosen(["tiny-tales"]) == [("tiny-tales", "attested", False)]
    assert chosen(["lenet5"], "attested") == [("lenet5-mnist", "attested", False)]


def test_a_crew_is_called_as_a_validator_calls_its_task() -> None:
    assert crews_for(["lenet5"], None)[0].task == "lenet5-mnist proved"


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UnsupportedOperator, match="does not run encrypted"):
        crews_for(["lenet5"], "encrypted")
    with pytest.raises(UnknownManifest, match="encrypted"):
        crews_for([], "proven")
    with pytest.raises(NotFound, match="lenet5-mnist"):
        crews_for(["lenet7"], None)
