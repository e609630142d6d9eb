from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hushwork.errors import RefusedExtrinsic
from hushwork.ledger import TAO, Rules, quantise
from hushwork.ledger.rules import (
    U16_MAX,
    Array,
    Epoch,
    check_weights,
    emissions,
    permits,
    run_epoch,
    to_u16,
)

SIZE = 5
RULES = Rules(permit_stake=1, emission=1000, tempo=3)
stakes = st.lists(st.integers(0, 10**6), min_size=SIZE, max_size=SIZE)
u16 = st.integers(0, U16_MAX)
weight_tables = st.lists(st.lists(u16, min_size=SIZE, max_size=SIZE), min_size=SIZE, max_size=SIZE)


def table(rows: list[list[int]]) -> dict[int, dict[int, int]]:
    return {giver: dict(enumerate(row)) for giver, row in enumerate(rows)}


def epoch_of(stake: list[int], rows: list[list[int]], rules: Rules = RULES) -> Epoch:
    return run_epoch(stake, table(rows), np.zeros((len(stake), len(stake))), rules)


def test_the_values_of_the_real_runtime() -> None:
    """Subtensor (spec 103), two validators of equal stake, three miners.

    Trust is met to two in 65535 and not exactly: there the validators had been paid before, and
    their stakes were no longer quite equal.
    """
    stake = [10_000 * TAO, 10_000 * TAO, 0, 0, 0]
    weights = {0: {2: 65535, 3: 32768, 4: 0}, 1: {2: 65535, 3: 16384, 4: 0}}
    epoch = run_epoch(stake, weights, np.zeros((5, 5)), Rules())
    assert to_u16(epoch.incentive)[2:] == [50411, 15123, 0]
    assert to_u16(epoch.consensus)[2:] == [43689, 13107, 0]
    assert to_u16(epoch.trust)[2:] == pytest.approx([59576, 49153, 0], abs=2)
    assert to_u16(epoch.dividends) == [32767, 32767, 0, 0, 0]


def test_a_minority_cannot_lift_its_own_miner() -> None:
    honest, greedy = [0, 0, 0, U16_MAX, 0], [0, 0, 0, 0, U16_MAX]
    epoch = epoch_of([30, 30, 40, 0, 0], [honest, honest, greedy, [0] * 5, [0] * 5])
    assert list(epoch.incentive) == [0, 0, 0, 1, 0]
    assert epoch.dividends[2] == 0
    assert epoch.dividends[0] == pytest.approx(0.5)


def test_half_of_the_stake_is_no_majority() -> None:
    left, right = [0, 0, U16_MAX, 0], [0, 0, 0, U16_MAX]
    tie = epoch_of([50, 50, 0, 0], [left, right, [0] * 4, [0] * 4])
    assert not tie.incentive.any()
    won = epoch_of([51, 50, 0, 0], [left, right, [0] * 4, [0] * 4])
    assert list(won.incentive) == [0, 0, 1, 0]


def test_nobody_judges_itself() -> None:
    epoch = epoch_of([10, 0], [[U16_MAX, 1], [0, 0]])
    assert list(epoch.incentive) == [0, 1]


def test_bonds_follow_slowly() -> None:
    weights = {0: {2: 1}, 1: {3: 1}}
    before = run_epoch([60, 40, 0, 0], {0: {2: 1}, 1: {2: 1}}, np.zeros((4, 4)), RULES).bonds
    after = run_epoch([60, 40, 0, 0], weights, before, RULES).bonds
    assert before[:, 2] == pytest.approx([0.6, 0.4, 0, 0])
    assert after[:, 2] == pytest.approx([0.9 * 0.6 + 0.1, 0.9 * 0.4, 0, 0])


@given(stakes, weight_tables)
def test_shares_are_shares(stake: list[int], rows: list[list[int]]) -> None:
    epoch = epoch_of(stake, rows)
    for values in (epoch.incentive, epoch.dividends):
        assert values.min() >= 0
        assert values.sum() == pytest.approx(1) or not values.any()
    for values in (epoch.consensus, epoch.trust):
        assert values.min() >= 0
        assert values.max() <= 1 + 1e-12
    paid = emissions(epoch, RULES)
    assert min(paid) >= 0
    assert sum(paid) == (3000 if epoch.incentive.any() else 0)


@given(stakes, weight_tables, st.permutations(range(SIZE)))
def test_the_order_of_neurons_does_not_matter(
    stake: list[int], rows: list[list[int]], order: list[int]
) -> None:
    first = epoch_of(stake, rows)
    second = epoch_of([stake[i] for i in order], [[rows[i][j] for j in order] for i in order])
    assert_same(first.incentive[order], second.incentive)
    assert_same(first.dividends[order], second.dividends)


@given(stakes, weight_tables, st.floats(0, 1))
def test_splitting_ones_stake_earns_nothing(
    stake: list[int], rows: list[list[int]], part: float
) -> None:
    """A validator in two halves with the same weights; nobody judges the halves."""
    for row in rows:
        row[0] = 0
    kept = round(stake[0] * part)
    halves = [kept, *stake[1:], stake[0] - kept]
    whole, split = epoch_of(stake, rows), epoch_of(halves, [[*row, 0] for row in [*rows, rows[0]]])
    assert_same(whole.incentive, split.incentive[:SIZE])
    both = split.dividends[:SIZE].copy()
    both[0] += split.dividends[SIZE]
    assert_same(whole.dividends, both)


@given(stakes, weight_tables, st.integers(1, 100))
def test_only_the_ratio_of_stakes_matters(
    stake: list[int], rows: list[list[int]], factor: int
) -> None:
    assume(any(stake))
    first, second = epoch_of(stake, rows), epoch_of([s * factor for s in stake], rows)
    assert_same(first.incentive, second.incentive)


def assert_same(left: Array, right: Array) -> None:
    np.testing.assert_allclose(left, right, rtol=0, atol=1e-9)


def test_permits_go_to_the_most_staked_with_enough() -> None:
    rules = Rules(permits=2, permit_stake=10)
    assert list(permits([10, 9, 30, 20], rules)) == [False, False, True, True]
    assert list(permits([10, 9, 9, 9], rules)) == [True, False, False, False]
    assert list(permits([10, 10, 10], rules)) == [True, True, False]
    assert list(permits([], rules)) == []


def test_weights_without_a_permit_do_not_count() -> None:
    rules = Rules(permits=1, permit_stake=1)
    left, right, none = [0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0] * 5
    epoch = epoch_of([10, 9, 9, 0, 0], [left, right, right, none, none], rules)
    assert list(epoch.incentive) == [0, 0, 0, 1, 0]


GOOD: dict[str, Any] = {"size": 3, "permitted": True, "since": 100, "rules": Rules()}


class TestCheckWeights:
    def test_scales_to_the_greatest(self) -> None:
        assert check_weights({0: 1, 1: 2, 2: 0}, **GOOD) == {0: 32767, 1: 65535}

    @pytest.mark.parametrize(
        ("weights", "change", "match"),
        [
            ({0: 1}, {"permitted": False}, "no validator permit"),
            ({0: 1}, {"since": 99}, "too often.*100 blocks.*got 99"),
            ({3: 1}, {}, "unknown uid.*below 3, got 3"),
            ({-1: 1}, {}, "unknown uid"),
            ({0: 65536}, {}, "out of range"),
            ({0: -1}, {}, "out of range"),
            ({}, {}, "empty"),
            ({0: 0}, {}, "empty"),
        ],
    )
    def test_refuses(self, weights: dict[int, int], change: dict[str, Any], match: str) -> None:
        with pytest.raises(RefusedExtrinsic, match=match):
            check_weights(weights, **{**GOOD, **change})


@given(st.dictionaries(st.integers(0, 9), st.floats(0, 1e300)))
def test_quantised_scores_keep_their_order(scores: dict[int, float]) -> None:
    weights = quantise(scores)
    assert weights.keys() == scores.keys()
    by_score = sorted(scores, key=lambda uid: scores[uid])
    assert [weights[uid] for uid in by_score] == sorted(weights.values())
    assert max(weights.values(), default=0) == (U16_MAX if any(scores.values()) else 0)


@pytest.mark.parametrize("score", [-1.0, float("nan"), float("inf")])
def test_a_score_that_is_none_is_a_bug(score: float) -> None:
    with pytest.raises(ValueError, match="score"):
        quantise({0: score})
