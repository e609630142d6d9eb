"""The simulated staking network, and advice in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hushwork.networks.train import advice
from hushwork.networks.train.validators import (
    BASE,
    FEATURES,
    SLASH,
    State,
    advance,
    drawn,
    foreseen,
    tables,
    worlds,
)


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def state() -> State:
    return worlds(200, generator())


def perfect(state: State) -> State:
    """Nobody fails, charges or is full."""
    nothing, ones = np.zeros_like(state.share), np.ones_like(state.share)
    sure = {"reliability": ones, "capacity": ones}
    never = dict.fromkeys(("commission", "fragility", "hazard", "down", "bait"), nothing)
    return replace(state, **sure, **never)


def earned(state: State) -> np.ndarray:
    return advance(state, generator()).returns[-1]


def test_a_table_is_within_its_range_and_repeats_by_seed(state: State) -> None:
    seen = tables(state)
    assert seen.shape == (200, len(FEATURES), 16, 1)
    assert 0 <= seen.min() <= seen.max() <= 1
    assert (seen.std(axis=(0, 2, 3)) > 0.05).all()
    np.testing.assert_array_equal(seen, tables(worlds(200, generator())))


def test_a_table_says_nothing_of_what_is_hidden(state: State) -> None:
    hidden = ("reliability", "fragility", "hazard", "down", "bait")
    other = replace(state, **{name: 1 - getattr(state, name) for name in hidden})
    np.testing.assert_array_equal(tables(state), tables(other))


def test_shares_add_up(state: State) -> None:
    np.testing.assert_allclose(advance(state, generator()).share.sum(axis=1), 1)


def test_who_does_everything_for_nothing_earns_the_base(state: State) -> None:
    still = earned(perfect(state))
    assert still.max() == BASE
    assert np.median(still) == BASE


def test_commission_and_lack_of_room_are_paid_for(state: State) -> None:
    free = perfect(state)
    half = replace(free, commission=np.full_like(state.share, 0.5))
    assert earned(half).mean() == pytest.approx(BASE / 2, rel=0.01)
    full = replace(free, capacity=state.share / 4)
    assert earned(full).mean() < 0.5 * earned(free).mean()


def test_a_slash_takes_more_of_the_large_and_drives_stake_away(state: State) -> None:
    slashed = replace(perfect(state), hazard=np.ones_like(state.share))
    after = advance(slashed, generator())
    loss = BASE - after.returns[-1]
    assert (after.slashes == state.slashes + 1).all()
    assert loss.min() >= SLASH
    np.testing.assert_allclose(loss, SLASH * (1 + 4 * after.share), atol=BASE)
    one = np.zeros((16, *state.share.shape))
    one[-1, :, 0] = -SLASH
    fled = advance(replace(state, returns=one), generator())
    assert fled.share[:, 0].sum() < 0.8 * state.share[:, 0].sum()


def test_foresight_is_the_mean_of_what_may_come(state: State) -> None:
    mean = foreseen(state, generator(), 20)
    assert mean.shape == (200, 16)
    assert mean.mean() == pytest.approx(earned(state).mean(), abs=BASE / 20)


def test_advice_lies_between_chance_and_the_future() -> None:
    def favourite(seen: np.ndarray) -> np.ndarray:
        return seen[:, 2, :, 0] - seen[:, 0, :, 0] + seen[:, 7, :, 0]

    found = dict(advice.compare(favourite, 2_000, 1))
    mean = {rule: value for rule, (value, _) in found.items()}
    assert mean["at random"] < mean["the advisor"] < mean["knowing the future"] < BASE
    assert mean["knowing what is hidden"] > mean["highest past return"]
    assert all(0 < error < BASE / 10 for _, error in found.values())
    _, returns = drawn(2_000, np.random.default_rng([1, advice.PART]))
    assert mean["at random"] == pytest.approx(returns.mean())
