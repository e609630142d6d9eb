"""The ring that carries a network, and the layouts and tiers that are cheapest in it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

from hushwork.encrypted.arranged import MEMORY
from hushwork.encrypted.arrangement import Arrangement
from hushwork.encrypted.cost import Cost
from hushwork.encrypted.layouts import CIPHERTEXTS
from hushwork.encrypted.levels import Levels
from hushwork.encrypted.lowered import Lowered
from hushwork.encrypted.parameters import LOG_N, Chain, carrier, levels_at
from hushwork.encrypted.search import STEP, NoRoom, search
from hushwork.encrypted.stages import Stages
from hushwork.encrypted.tiers import Prices, Tier, Tiering, cheapest
from hushwork.errors import DoesNotFit
from hushwork.guarantee import Progress

ROTATIONS = 16
"""At each level, as far as is known before anything is laid out."""


def tiering_of(chain: Chain, prices: Prices) -> Tiering:
    """The cheapest tiers over all sizes of special primes."""
    limbs, sizes = len(chain.bits), chain.special_sizes()
    found = [cheapest(limbs, partial(chain.tiers, size=size), prices) for size in sizes]
    return min((one for one in found if one), key=lambda one: one.cost)


def whole(levels: Levels, images: int) -> Chain | None:
    """The chain in a ring with as many slots as images, where that carries the network."""
    log_n = images.bit_length() - 1
    return carrier(levels, log_n) if log_n in LOG_N else None


def _rough(slots: int) -> Prices:
    """Prices before anything is laid out: some rotations at every level, by keys of its own."""

    def prices(tier: Tier) -> list[tuple[float, int]]:
        model = Cost(slots, (tier,))
        work = [ROTATIONS * model.rotation(limbs) for limbs in range(tier.limbs, 0, -1)]
        keys = model.keys(tier.limbs, ROTATIONS)
        return [(cost + keys, STEP) for cost in accumulate(work)][::-1]

    return prices


@dataclass(frozen=True, eq=False)
class Fitted:
    """A network in the ring and the layouts that are cheapest."""

    lowered: Lowered
    chain: Chain
    levels: Levels
    """A level more where the input is spread."""
    found: Arrangement


def fit(lowered: Lowered, images: int, tell: Progress, *, masked: bool) -> Fitted:
    """The smallest ring that carries a network for so many images a run, and the arrangement.

    Averages get a level of their own where that is cheaper. Raises DoesNotFit.
    """
    best, index = _fit(lowered, images, tell, masked), 0
    while index < best.lowered.forks:
        with suppress(DoesNotFit):
            best = _fit(best.lowered.forked(index), images, tell, masked, best)
        index += 1
    return best


def _fit(
    lowered: Lowered, images: int, tell: Progress, masked: bool, before: Fitted | None = None
) -> Fitted:
    """As `fit`; unless it is cheaper, what was fitted before."""
    stages, levels = lowered.stages, lowered.levels
    blocked = ""
    for log_n in LOG_N:
        chain = carrier(levels, log_n)
        if chain and images <= 1 << log_n:
            slots, deeper = 1 << log_n, carrier(levels.deeper, log_n)
            spare = deeper is not None and deeper.scale_bits == chain.scale_bits
            model = Cost(slots, tiering_of(chain, _rough(slots)).tiers, images)
            like = before.found if before and before.chain.log_n == log_n else None
            try:
                found = search(stages, levels, model, like, masked=masked, spare=spare, tell=tell)
            except NoRoom as error:
                blocked = str(error)
                continue
            if before and found.cost >= before.found.cost:
                return before
            if deeper and found.condensed:
                return Fitted(lowered, deeper, levels.deeper, found)
            return Fitted(lowered, chain, levels, found)
    if blocked:
        raise DoesNotFit(
            f"layer {blocked!r} is too wide",
            expected=f"at most {CIPHERTEXTS} ciphertexts a value and {MEMORY >> 30} GiB a layer",
            got="more in every layout tried",
        )
    raise _too_deep(stages, levels)


def _too_deep(stages: Stages, levels: Levels) -> DoesNotFit:
    most = levels_at(LOG_N[-1])
    pairs = zip(stages.stages, levels.stage, strict=True)
    name = next(stage.name for stage, limbs in pairs if levels.input - limbs >= most)
    carried = ", ".join(f"{levels_at(log_n)} at N = {1 << log_n}" for log_n in LOG_N)
    return DoesNotFit(
        f"layer {name!r} comes when no level is left; a linear layer takes one, a polynomial of "
        "degree d takes log2(d) rounded up",
        expected=f"about {carried} levels",
        got=f"{levels.count} levels",
    )
