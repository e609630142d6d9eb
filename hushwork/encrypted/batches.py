"""How many images a run should take, so that many of them are served soonest."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, inf

from hushwork.encrypted.fitting import fit, tiering_of, whole
from hushwork.encrypted.lowered import Lowered
from hushwork.encrypted.parameters import LOG_N
from hushwork.encrypted.slotwise import Slotwise
from hushwork.errors import DoesNotFit
from hushwork.guarantee import Progress
from hushwork.networks import Network


def batch(network: Network, images: int, progress: Progress | None = None) -> int:
    """The images of a run, a power of two, by which so many take least by the cost model.

    Weighed are runs that share the slots of a ciphertext among 1, 2, 4 ... images, and those that
    give each slot to another. Raises UnsupportedOperator or DoesNotFit.
    """
    if images == 1:
        return 1
    tell = progress or (lambda _phase, _done, _total: None)
    lowered = Lowered.of(network)
    costs = {**dict(_shared(lowered, images, tell)), **dict(_alone(lowered))}
    if not costs:
        fit(lowered, 1, tell, masked=False)
    return min(costs, key=lambda size: ceil(images / size) * costs[size])


def _shared(lowered: Lowered, images: int, tell: Progress) -> Iterator[tuple[int, float]]:
    """Microseconds of a run by its images, while there is room and each image takes less."""
    least = inf
    for size in (1 << k for k in range((images - 1).bit_length() + 1)):
        if whole(lowered.levels, size):
            return
        try:
            cost = fit(lowered, size, tell, masked=False).found.cost
        except DoesNotFit:
            return
        yield size, cost
        if cost / size > least:
            return
        least = cost / size


def _alone(lowered: Lowered) -> Iterator[tuple[int, float]]:
    """The same with an image in each slot."""
    for log_n in LOG_N:
        chain = whole(lowered.levels, 1 << log_n)
        if chain:
            made = Slotwise(lowered.stages, lowered.levels, 1 << log_n)
            yield 1 << log_n, made.cost(tiering_of(chain, made.prices))
