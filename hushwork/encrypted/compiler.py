"""From a network to a plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from hushwork._native import keep_memory
from hushwork.encrypted.cost import KEY
from hushwork.encrypted.fitting import fit, tiering_of, whole
from hushwork.encrypted.levels import Levels
from hushwork.encrypted.lowered import Lowered, ordinary
from hushwork.encrypted.packing import Packing
from hushwork.encrypted.parameters import LOG_N, Chain, levels_at
from hushwork.encrypted.plan import Plan, Step
from hushwork.encrypted.simulate import outputs, simulate
from hushwork.encrypted.slotwise import Slotwise
from hushwork.encrypted.strain import missing, parts
from hushwork.encrypted.tiers import Tiering
from hushwork.errors import DoesNotFit
from hushwork.guarantee import Progress
from hushwork.networks import Network

Array = NDArray[np.float64]

COMFORT = 2.0**-4
"""Strain of usual inputs beyond which weights are encoded more finely,"""
FINEST = 34
"""in so many bits at most."""
MASKED = 0.5
"""Strain of usual inputs beyond which garbage is masked away."""
SAMPLES = 3
"""Inputs whose median is usual."""
AGREEMENT = 1e-8
"""Largest error of the slot simulation, relative to the largest output."""
WEIGHT = 2.0**22
"""Largest weight."""
KEYS = 400_000_000
"""Bytes of keys from which they are made dearer,"""
DEARER = 1.5
"""by so much at a time,"""
DEAREST = 16 * KEY
"""as long as their price is below this."""


def compile_network(network: Network, progress: Progress | None = None, images: int = 1) -> Plan:
    """Plan a network for so many images in each run, a power of two.

    Raises UnsupportedOperator or DoesNotFit, naming the layer where one is to blame.
    """
    if images.bit_count() != 1:
        raise ValueError(f"{images} images are no power of two")
    if images > 1 << LOG_N[-1]:
        most = f"at most {1 << LOG_N[-1]}, one in each of its slots"
        raise DoesNotFit("no ring has so many slots as images", expected=most, got=images)
    tell = progress or (lambda _phase, _done, _total: None)
    with _kept_memory():
        tell("layers", 0, 1)
        lowered = Lowered.of(network)
        tell("layers", 1, 1)
        chain = whole(lowered.levels, images)
        plan = _spread_out(lowered, chain, tell) if chain else _packed(lowered, images, tell)
        tell("check", 1, 1)
    return plan


@contextmanager
def _kept_memory() -> Iterator[None]:
    """Matrices that come and go take the same pages."""
    keep_memory(True)
    try:
        yield
    finally:
        keep_memory(False)


def check(plan: Plan, network: Network) -> None:
    """Raise ValueError unless a plan computes a network, slot by slot."""
    values = ordinary(network)
    _check(plan, values[network.input], values[network.output])


def depth(network: Network) -> tuple[int, int]:
    """How many levels a network takes, and about how many the largest ring carries.

    Raises UnsupportedOperator or DoesNotFit.
    """
    return Lowered.of(network).levels.count, levels_at(LOG_N[-1])


def _spread_out(lowered: Lowered, chain: Chain, tell: Progress) -> Plan:
    """With an image in each slot."""
    tell("diagonals", 0, 1)
    made = Slotwise(lowered.stages, lowered.levels, 1 << chain.log_n)
    plan = made.plan(chain, tiering_of(chain, made.prices), lowered.factor)
    tell("check", 0, 1)
    if not np.isfinite(_check(plan, lowered.inputs, lowered.outputs)).all():
        raise ValueError("a plan without garbage leaves float64 on usual inputs")
    return plan


def _packed(lowered: Lowered, images: int, tell: Progress) -> Plan:
    """With layouts and rotations; garbage is masked away where it gets too large."""
    plan, strain = _laid_out(lowered, images, tell, masked=False)
    if strain > MASKED:
        plan, strain = _laid_out(lowered, images, tell, masked=True)
    if strain == np.inf:
        raise ValueError("a masked plan leaves float64 on usual inputs")
    return plan


def _laid_out(lowered: Lowered, images: int, tell: Progress, *, masked: bool) -> tuple[Plan, float]:
    """The plan, and its strain."""
    fitted = fit(lowered, images, tell, masked=masked)
    chain, levels, lowered = fitted.chain, fitted.levels, fitted.lowered
    packing = Packing(lowered.stages, levels, fitted.found, (1 << chain.log_n, images), tell)
    plan = packing.plan(chain, _afforded(chain, packing), lowered.factor)
    tell("check", 0, 1)
    reached = _check(plan, lowered.inputs, lowered.outputs)
    finer = chain.finer(_finer(chain, levels, missing(plan, reached, COMFORT)))
    if finer != chain:
        plan = packing.plan(finer, _afforded(finer, packing), lowered.factor)
        _check(plan, lowered.inputs, lowered.outputs)
    return plan, float(parts(plan, reached).max())


def _finer(chain: Chain, levels: Levels, missing: dict[int, int]) -> dict[int, int]:
    """Bits of the primes of levels at which only affine stages run: products keep their scale."""
    return {
        limbs: min(FINEST, chain.bits[limbs - 1] + more)
        for limbs, more in missing.items()
        if limbs not in levels.products
    }


def _afforded(chain: Chain, packing: Packing) -> Tiering:
    """The cheapest tiers whose keys are few enough, or the fewest keys found."""
    tiering = tiering_of(chain, packing.prices)
    while packing.key_bytes(chain, tiering) > KEYS and packing.key < DEAREST:
        packing.key *= DEARER
        tiering = tiering_of(chain, packing.prices)
    return tiering


def _check(plan: Plan, inputs: Array, wanted: Array) -> Array:
    """Run the slots of some samples; returns what is usually reached by each step, (steps, 2).

    A plan must be the network, slot by slot: anything else is a bug of this compiler.
    """
    _check_weights(plan)
    reached = []
    for x, y in zip(inputs[:SAMPLES], wanted, strict=False):
        with np.errstate(all="ignore"):
            slots, reach = simulate(plan, x)
        reached.append(reach)
        if not np.isfinite(reach).all():  # no value is left beside such garbage
            continue
        error = float(np.abs(outputs(plan, slots) - y.reshape(-1)).max())
        if not error <= AGREEMENT * max(1 / plan.factor, float(np.abs(y).max())):
            raise ValueError(f"the plan is off by {error:e}")
    usual: Array = np.median(reached, axis=0)
    return usual


def _check_weights(plan: Plan) -> None:
    """Weights are encoded in 60 bits, of which the scale takes up to 36."""
    for name, step in zip(plan.names, plan.steps, strict=True):
        if step["op"] in ("linear", "combine"):
            found = _largest(step)
            if found > WEIGHT:
                raise DoesNotFit(
                    f"layer {name!r} has too large a weight, for values of about one",
                    expected=f"at most {WEIGHT:g}",
                    got=f"{found:g}",
                )


def _largest(step: Step) -> float:
    """The largest weight of a linear step."""
    weights = [step["weights"]] if step["op"] == "combine" else [t[-1] for t in step["terms"]]
    return max(float(np.abs(some).max(initial=0.0)) for some in weights)
