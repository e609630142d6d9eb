"""Compare a staking advisor's advice with simpler rules, on simulated tables that it never met.

python -m hushwork.networks.train.advice staking-advisor
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

import numpy as np
import typer
from rich import print as show

from hushwork.networks import PlainRun, open_network
from hushwork.networks.train.validators import Array, drawn, foreseen, tables

PART = 2
"""Of a seed: tables that neither training nor any choice has read."""

Earned = tuple[float, float]
"""A mean return of one epoch, and its standard error."""


def compare(
    scores: Callable[[Array], Array], count: int, seed: int
) -> Iterator[tuple[str, Earned]]:
    """What is earned by staking where a rule scores highest, in each of so many worlds.

    `scores` is the advisor: tables (n, 8, 16, 1) to (n, 16).
    """
    generator = np.random.default_rng([seed, PART])
    state, returns = drawn(count, generator)
    seen = tables(state)
    rules = {
        "lowest commission": -seen[:, 0, :, 0],
        "highest past return": seen[:, 2, :, 0],
        "the advisor": scores(seen),
        "knowing what is hidden": foreseen(state, generator),
        "knowing the future": returns,
    }
    yield "at random", _mean(returns.mean(axis=1))
    for rule, scored in rules.items():
        yield rule, _mean(np.take_along_axis(returns, scored.argmax(axis=1)[:, None], axis=1))


def _mean(earned: Array) -> Earned:
    return float(earned.mean()), float(earned.std() / len(earned) ** 0.5)


def main(
    network: str,
    count: Annotated[int, typer.Option(help="worlds")] = 50_000,
    seed: int = 0,
) -> None:
    """Print the mean return of each rule for an epoch."""
    run = PlainRun(open_network(network))
    for rule, (mean, error) in compare(run, count, seed):
        show(f"{rule}: {mean:.4%} an epoch, within {error:.4%}")


if __name__ == "__main__":
    typer.run(main)
