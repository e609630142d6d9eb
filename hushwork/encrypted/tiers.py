"""How keys are switched at which levels.

Low levels leave room under the security bound for more special primes, and with them for fewer,
larger digits; but a key serves one tier alone, so each tier costs keys of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

MOST = 4
"""Most tiers tried."""


class Tier(NamedTuple):
    """Key switching at `limbs` limbs and fewer, down to the next tier."""

    limbs: int
    digit: int
    """Limbs of a digit."""
    special: int
    """Special primes, the first of the list that all tiers share."""


Ways = Callable[[int], Sequence[Tier]]
"""The tiers that may begin at so many limbs."""
Prices = Callable[[Tier], Sequence[tuple[float, int]]]
"""What everything within a tier costs, and its best giant step, if the tier ends at 0 limbs, if it
ends at 1, and so on."""


@dataclass(frozen=True)
class Tiering:
    """Tiers, highest first, with the giant step of each."""

    cost: float = 0.0
    tiers: tuple[Tier, ...] = ()
    steps: tuple[int, ...] = ()


def place(tiers: Sequence[Tier], limbs: int) -> int:
    """Which tier so many limbs are in: the lowest that reaches them."""
    return max(index for index, tier in enumerate(tiers) if tier.limbs >= limbs)


def cheapest(limbs: int, ways: Ways, prices: Prices) -> Tiering | None:
    """The cheapest tiers from so many limbs down, if there are any; of equals the fewest."""
    priced = cache(prices)

    @cache
    def best(limbs: int, most: int) -> Tiering | None:
        if limbs == 0:
            return Tiering()
        found: Tiering | None = None
        for low in range(limbs) if most > 0 else ():
            rest = best(low, most - 1)
            for tier in ways(limbs) if rest else ():
                cost, step = priced(tier)[low]
                if rest and (found is None or cost + rest.cost < found.cost):
                    tiers, steps = (tier, *rest.tiers), (step, *rest.steps)
                    found = Tiering(cost + rest.cost, tiers, steps)
        return found

    return best(limbs, MOST)
