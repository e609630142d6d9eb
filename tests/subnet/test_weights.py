from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushwork.subnet.weights import TaskScores, by_uid, split

SCORES = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.floats(0, 1e9), max_size=8)


def test_tasks_of_different_speed_stand_side_by_side() -> None:
    """A task answered in a quarter of a second scores millions; its share stays what it is."""
    fast = TaskScores(emission=1, top=3, scores={"fast": 4_096_000.0})
    slow = TaskScores(emission=3, top=3, scores={"slow": 0.3, "slower": 0.1})
    assert split([fast, slow]) == pytest.approx({"fast": 0.25, "slow": 0.5625, "slower": 0.1875})


def test_only_the_best_share() -> None:
    scores = {"a": 1.0, "b": 4.0, "c": 2.0, "d": 3.0, "e": 0.0}
    shares = split([TaskScores(1, 2, scores)])
    assert shares == pytest.approx({"b": 4 / 7, "d": 3 / 7})


def test_equal_scores_are_ordered_by_hotkey() -> None:
    assert split([TaskScores(1, 1, {"b": 1.0, "a": 1.0})]) == {"a": 1.0}


def test_a_miner_of_two_tasks_gets_both_shares() -> None:
    tasks = [TaskScores(1, 1, {"a": 5.0}), TaskScores(1, 2, {"a": 1.0, "b": 1.0})]
    assert split(tasks) == pytest.approx({"a": 0.75, "b": 0.25})


def test_the_share_of_a_task_that_nobody_answers_burns_or_goes_to_nobody() -> None:
    tasks = [TaskScores(1, 1, {"a": 5.0}), TaskScores(1, 1, {"b": 0.0})]
    assert split(tasks) == {"a": 0.5}
    assert split(tasks, burn="owner") == {"a": 0.5, "owner": 0.5}
    assert split([]) == {}


@given(st.lists(st.builds(TaskScores, st.floats(0.1, 10), st.integers(1, 5), SCORES), max_size=4))
def test_shares_are_at_most_the_whole(tasks: list[TaskScores]) -> None:
    shares = split(tasks)
    assert all(share >= 0 for share in shares.values())
    assert sum(shares.values()) <= 1 + 1e-9
    if tasks and all(any(score > 0 for score in task.scores.values()) for task in tasks):
        assert sum(shares.values()) == pytest.approx(1)


def test_weights_are_u16_by_uid_and_the_unregistered_drop_out() -> None:
    shares = {"a": 0.5, "b": 0.25, "gone": 0.25}
    assert by_uid(shares, {"a": 7, "b": 2, "c": 1}) == {7: 65535, 2: 32768}
    assert by_uid({}, {"a": 7}) == {}
