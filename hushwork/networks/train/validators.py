"""A simulated staking network, from which the staking advisor learns: there is no public table.

Worlds of 16 validators, each on its own, an epoch a week long. What is assumed:

* An operator has a hidden skill. Skilled ones attend more of their duties, go down less often and
  are slashed less often, and ask a little more for it.
* Who goes down stays down for a while. A slash takes 2 % of the stake and more from large
  validators, as where correlated faults cost more.
* Beyond its capacity a validator earns no more, so that its stakers share the same reward.
* Stake runs after past returns, and away from slashes, before the next epoch begins.
* Some ask next to nothing until they have grown, and then raise their commission.

Nothing here is fitted to a real network, and advice is worth what these assumptions are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]

VALIDATORS = 16
BASE = 0.002
"""Return of an epoch for every duty attended, no commission and room left: 11 % a year."""
DUTIES = 100
"""Of a validator in an epoch."""
WINDOW = 16
"""Epochs of past returns that are looked back on."""
RECENT = 4
"""Epochs over which uptime is measured."""
SLASH = 0.02
"""Share of a stake that a slash takes from a small validator."""
WARM_UP = 2 * WINDOW
"""Epochs before a table is read off."""


@dataclass(frozen=True, eq=False)
class State:
    """Worlds between two epochs, each field (worlds, 16), histories (epochs, worlds, 16)."""

    commission: Array
    share: Array
    """Of its world's stake."""
    capacity: Array
    """Share of its world's stake up to which rewards grow."""
    age: Array
    slashes: Array
    returns: Array
    """Of the last epochs, net; the latest comes last."""
    attended: Array
    """Share of the duties of the last epochs."""
    reliability: Array
    """Hidden, like all that follow: the share of duties that it attends while it is up."""
    fragility: Array
    """Chance of going down in an epoch."""
    hazard: Array
    """Chance of a slash in an epoch."""
    down: Array
    bait: Array
    """One where a commission next to nothing is meant to rise."""


def worlds(count: int, generator: Generator) -> State:
    """So many, after a warm-up."""
    state = _founded((count, VALIDATORS), generator)
    for _ in range(WARM_UP):
        state = advance(state, generator)
    return state


def drawn(count: int, generator: Generator) -> tuple[State, Array]:
    """Worlds, and the returns (count, 16) of their next epoch."""
    state = worlds(count, generator)
    return state, advance(state, generator).returns[-1]


def _founded(shape: tuple[int, int], generator: Generator) -> State:
    fault = 1 - generator.random(shape)
    bait = generator.random(shape) < 0.15
    asked = 0.3 * generator.beta(2, 6, shape) + 0.05 * (1 - fault)
    hazard = generator.exponential(0.001 + 0.02 * fault**3)
    age = np.floor(generator.exponential(100, shape))
    share = generator.lognormal(0, 1, shape)
    return State(
        commission=np.where(bait, 0.01 * generator.random(shape), asked),
        share=share / share.sum(axis=1, keepdims=True),
        capacity=generator.uniform(0.05, 0.25, shape),
        age=age,
        slashes=generator.poisson(hazard * age).astype(np.float64),
        returns=np.zeros((WINDOW, *shape)),
        attended=np.zeros((RECENT, *shape)),
        reliability=1 - 0.05 * fault * generator.random(shape),
        fragility=0.005 + 0.1 * fault**2,
        hazard=hazard,
        down=np.zeros(shape),
        bait=bait.astype(np.float64),
    )


def advance(state: State, generator: Generator) -> State:
    """The same worlds an epoch later. Stake moves first, then the epoch is earned or lost."""
    shape = state.share.shape
    share = _moved(state, generator)
    commission, bait = _asked(state, share, generator)
    chance = np.where(state.down > 0, 0.6, state.fragility)
    down = (generator.random(shape) < chance).astype(np.float64)
    attended = generator.binomial(DUTIES, state.reliability * (1 - 0.8 * down)) / DUTIES
    slashed = (generator.random(shape) < state.hazard).astype(np.float64)
    reward = BASE * attended * (1 - commission) * np.minimum(1, state.capacity / share)
    net = reward - slashed * _loss(share)
    return replace(
        state,
        commission=commission,
        share=share,
        age=state.age + 1,
        slashes=state.slashes + slashed,
        returns=np.concatenate([state.returns[1:], net[None]]),
        attended=np.concatenate([state.attended[1:], attended[None]]),
        down=down,
        bait=bait,
    )


def _loss(share: Array) -> Array:
    """What a slash takes, as a share of the stake."""
    return SLASH * (1 + 4 * share)


def _moved(state: State, generator: Generator) -> Array:
    """Shares after stakers have looked at the last returns."""
    appeal = np.clip(state.returns.mean(axis=0) / BASE, -1, 1)
    pull = 0.5 * (appeal - appeal.mean(axis=1, keepdims=True)) - 0.5 * (state.returns[-1] < 0)
    share = state.share * np.exp(pull + 0.1 * generator.standard_normal(pull.shape)) + 0.001
    moved: Array = share / share.sum(axis=1, keepdims=True)
    return moved


def _asked(state: State, share: Array, generator: Generator) -> tuple[Array, Array]:
    """Commissions of the next epoch, and who still baits."""
    shape = share.shape
    sprung = (state.bait > 0) & (share > 0.08) & (generator.random(shape) < 0.2)
    changed = generator.random(shape) < 0.02
    other = np.clip(state.commission + generator.uniform(-0.03, 0.06, shape), 0, 0.3)
    commission = np.where(changed & (state.bait == 0), other, state.commission)
    raised = generator.uniform(0.3, 0.6, shape)
    return np.where(sprung, raised, commission), np.where(sprung, 0.0, state.bait)


FEATURES = (
    "commission, 50 % and more being 1",
    "share of the duties attended in the last four epochs",
    "mean net return of the last 16 epochs, from -0.2 % (0) to 0.2 % (1)",
    "standard deviation of these returns, 0.8 % and more being 1",
    "share of all stake, a quarter and more being 1",
    "age a in epochs, as a / (a + 52)",
    "slashes n in its life, as 1 - 1 / 2^n",
    "capacity left, as a share of its capacity",
)
"""What a table says of each validator, all within [0, 1]."""


def tables(state: State) -> Array:
    """What is publicly known, as FEATURES has it: (worlds, 8, 16, 1)."""
    columns = (
        state.commission / 0.5,
        state.attended.mean(axis=0),
        0.5 + 0.5 * state.returns.mean(axis=0) / BASE,
        state.returns.std(axis=0) / (4 * BASE),
        4 * state.share,
        state.age / (state.age + 52),
        1 - 0.5**state.slashes,
        1 - state.share / state.capacity,
    )
    found: Array = np.clip(np.stack(columns, axis=1), 0, 1)[..., None]
    return found


def foreseen(state: State, generator: Generator, draws: int = 50) -> Array:
    """Expected returns of the next epoch for one who knows what is hidden: (worlds, 16).

    Slashes are so rare that few draws say little of them; their part is reckoned.
    """
    spared = replace(state, hazard=np.zeros_like(state.hazard))
    mean = np.zeros_like(state.share)
    for _ in range(draws):
        after = advance(spared, generator)
        mean += (after.returns[-1] - state.hazard * _loss(after.share)) / draws
    return mean
