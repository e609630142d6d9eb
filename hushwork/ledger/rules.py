"""Bittensor's rules without I/O: who may set which weights, and what an epoch pays.

Stake and emission are integers in rao, weights u16. Yuma consensus as in subtensor: the consensus
on a miner is the greatest weight that more than half of the stake gives it; weights are clipped to
it; a miner's rank is its clipped weights summed by stake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import RefusedExtrinsic

U16_MAX = 65535
TAO = 1_000_000_000

Array = NDArray[np.float64]
Weights = Mapping[int, Mapping[int, int]]
"""By uid of who set them, then of whom they judge."""


@dataclass(frozen=True)
class Rules:
    """The constants of a subnet. Those of Bittensor where nothing else is said."""

    block_seconds: float = 12.0
    tempo: int = 360
    """Blocks in an epoch."""
    weights_rate_limit: int = 100
    """Blocks between two settings of weights by one neuron."""
    permits: int = 128
    """How many of the most staked neurons may set weights."""
    permit_stake: int = 1000 * TAO
    """Least stake of one that may, in rao."""
    activity_cutoff: int = 5000
    """Blocks after which weights no longer count."""
    neurons: int = 256
    emission: int = TAO
    """Paid each block, in rao: half by incentive, half by dividends."""
    bonds_average: float = 0.1
    """Share of the new in the moving average of bonds."""

    @classmethod
    def local(cls) -> Rules:
        """A fast subnet on one machine: a block a second, an epoch every five."""
        return cls(block_seconds=1.0, tempo=5, weights_rate_limit=2, activity_cutoff=600)


@dataclass(frozen=True)
class Epoch:
    """What an epoch found, by uid; every value in [0, 1]."""

    consensus: Array
    trust: Array
    incentive: Array
    dividends: Array
    bonds: Array
    """Shape (validators, miners), both by uid; each column sums to one, or is zero."""


def run_epoch(stake: Sequence[int], weights: Weights, bonds: Array, rules: Rules) -> Epoch:
    """Run Yuma consensus over the neurons that may set weights; `bonds` are the last epoch's."""
    permitted = permits(stake, rules)
    share = _normalised(np.array(stake, dtype=np.float64) * permitted)
    given = _matrix(weights, len(stake))
    agreed = consensus(share, given)
    clipped = np.minimum(given, agreed)
    rank = share @ clipped
    incentive = _normalised(rank)
    new = _normalised(share[:, None] * clipped)
    bonds = _normalised(rules.bonds_average * new + (1 - rules.bonds_average) * bonds)
    dividends = _normalised(bonds @ incentive)
    return Epoch(agreed, _ratio(rank, share @ given), incentive, dividends, bonds)


def consensus(share: Array, given: Array) -> Array:
    """Find for each column the greatest weight that more than half of the stake reaches.

    `share`: (n,), summing to one; `given`: (n, n). The comparison forgives rounding: half of the
    stake exactly is not a majority, however it is split.
    """
    half = 0.5 * share.sum() + 1e-9
    order = np.argsort(-given, axis=0, kind="stable")
    support = np.cumsum(share[order], axis=0)
    reached = (support > half).argmax(axis=0)
    sorted_weights = np.take_along_axis(given, order, axis=0)
    majority = support[-1] > half
    return np.where(majority, sorted_weights[reached, np.arange(len(share))], 0.0)


def permits(stake: Sequence[int], rules: Rules) -> NDArray[np.bool_]:
    """Say who may set weights: the most staked, of equals the oldest."""
    amounts = np.array(stake, dtype=np.int64)
    allowed = np.zeros(len(amounts), dtype=np.bool_)
    allowed[np.argsort(-amounts, kind="stable")[: rules.permits]] = True
    return allowed & (amounts >= rules.permit_stake)


def check_weights(
    weights: Mapping[int, int], *, size: int, permitted: bool, since: int, rules: Rules
) -> dict[int, int]:
    """Check and scale weights so that the greatest is 65535. Raises RefusedExtrinsic.

    `size` is the number of neurons, `since` the blocks since the same neuron last set weights.
    """
    if not permitted:
        expected = f"the {rules.permits} most staked, with {rules.permit_stake} rao"
        raise RefusedExtrinsic("no validator permit", expected=expected, got="another")
    if since < rules.weights_rate_limit:
        expected = f"{rules.weights_rate_limit} blocks between weights"
        raise RefusedExtrinsic("weights too often", expected=expected, got=since)
    unknown = [uid for uid in weights if not 0 <= uid < size]
    if unknown:
        raise RefusedExtrinsic("unknown uid", expected=f"below {size}", got=unknown[0])
    if any(not 0 <= weight <= U16_MAX for weight in weights.values()):
        raise RefusedExtrinsic("weight out of range", expected=f"0 to {U16_MAX}")
    top = max(weights.values(), default=0)
    if top == 0:
        raise RefusedExtrinsic("empty weights", expected="one above zero")
    return {uid: weight * U16_MAX // top for uid, weight in weights.items() if weight}


def quantise(scores: Mapping[int, float]) -> dict[int, int]:
    """Turn scores by uid, none below zero, into u16 weights with 65535 for the best."""
    if any(not 0 <= score < float("inf") for score in scores.values()):
        raise ValueError("a score is negative, infinite or not a number")
    top = max(scores.values(), default=0.0)
    if top == 0:
        return dict.fromkeys(scores, 0)
    return {uid: round(score / top * U16_MAX) for uid, score in scores.items()}


def to_u16(values: Array) -> list[int]:
    """Turn values in [0, 1] into u16 as the chain shows them, rounding down."""
    return [int(value) for value in np.floor(values * U16_MAX)]


def emissions(epoch: Epoch, rules: Rules) -> list[int]:
    """Split an epoch's emission, in rao: half by incentive, half by dividends.

    Sums to the whole where somebody earned, rounding going to the greatest; else to nothing.
    """
    amount = rules.emission * rules.tempo
    by_incentive = _split(amount // 2, epoch.incentive)
    by_dividends = _split(amount - amount // 2, epoch.dividends)
    return [a + b for a, b in zip(by_incentive, by_dividends, strict=True)]


def _split(amount: int, shares: Array) -> list[int]:
    if not shares.any():
        return [0] * len(shares)
    parts = [int(amount * share) for share in shares]
    parts[int(shares.argmax())] += amount - sum(parts)
    return parts


def _matrix(weights: Weights, size: int) -> Array:
    """Rows normalised, nobody judging itself."""
    matrix = np.zeros((size, size))
    for giver, row in weights.items():
        for uid, weight in row.items():
            matrix[giver, uid] = weight
    np.fill_diagonal(matrix, 0.0)
    return _ratio(matrix, matrix.sum(axis=1, keepdims=True))


def _normalised(values: Array) -> Array:
    """Scale to sum one along the first axis; zeros stay."""
    return _ratio(values, values.sum(axis=0))


def _ratio(values: Array, by: Array) -> Array:
    return np.divide(values, by, out=np.zeros_like(values), where=by > 0)
