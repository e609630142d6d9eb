"""From a network to a plan."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.arranged import MEMORY
from hushwork.encrypted.cost import KEY, Cost
from hushwork.encrypted.fusing import fused
from hushwork.encrypted.layouts import CIPHERTEXTS
from hushwork.encrypted.levels import Levels, schedule
from hushwork.encrypted.packing import Packing
from hushwork.encrypted.parameters import LOG_N, Chain, carrier, levels_at
from hushwork.encrypted.plan import Plan
from hushwork.encrypted.samples import samples
from hushwork.encrypted.search import STEP, Arrangement, NoRoom, search
from hushwork.encrypted.simulate import outputs, simulate
from hushwork.encrypted.stages import Stages, lower
from hushwork.encrypted.tiers import Price, Tier, Tiering, cheapest
from hushwork.errors import DoesNotFit
from hushwork.guarantee import Progress
from hushwork.networks import Network, trace

Array = NDArray[np.float64]
Index = NDArray[np.int64]

ROTATIONS = 16
"""At each level, as far as is known before anything is laid out."""
LARGEST = 2.0**12
"""Largest magnitude of any slot, where values are about one, before garbage is masked away."""
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


def compile_network(
    network: Network, progress: Progress | None = None, images: int = 1
) -> Plan:
    """Plan a network. Raises DoesNotFit, naming the layer where one is to blame."""
    tell = progress or (lambda _phase, _done, _total: None)
    tell("layers", 0, 1)
    values = _ordinary(network)
    stages, factor = _lowered(network, values)
    levels = schedule(stages)
    tell("layers", 1, 1)
    plan = _planned(stages, levels, factor, images, tell, masked=False)
    tell("check", 0, 1)
    if _check(plan, values[network.input], values[network.output]) > LARGEST:
        plan = _planned(stages, levels, factor, images, tell, masked=True)
        _check(plan, values[network.input], values[network.output])
    tell("check", 1, 1)
    return plan


def check(plan: Plan, network: Network) -> None:
    """Raise ValueError unless a plan computes a network, slot by slot."""
    values = _ordinary(network)
    _check(plan, values[network.input], values[network.output])


def depth(network: Network) -> tuple[int, int]:
    """How many levels a network takes, and about how many the largest ring carries.

    Raises DoesNotFit.
    """
    stages, _ = _lowered(network, _ordinary(network))
    return schedule(stages).count, levels_at(LOG_N[-1])


def _lowered(network: Network, values: dict[str, Array]) -> tuple[Stages, float]:
    """The stages, and what the answer holds of the outputs."""
    magnitudes = {name: _magnitude(batch) for name, batch in values.items()}
    factor = float(2.0 ** -np.round(np.log2(magnitudes[network.output])))
    return lower(fused(network), magnitudes, factor), factor


def _ordinary(network: Network) -> dict[str, Array]:
    """Every value of the samples for which all of them are finite. Raises DoesNotFit."""
    with np.errstate(all="ignore"):
        values = trace(network, np.stack(samples(network)))
    flat = {name: batch.reshape(len(batch), -1) for name, batch in values.items()}
    finite = np.all([np.isfinite(batch).all(axis=1) for batch in flat.values()], axis=0)
    if not finite.any():
        made = {layer.output: layer.name for layer in network.layers}
        name = next(made[name] for name in made if not np.isfinite(flat[name]).all())
        raise DoesNotFit(
            f"layer {name!r} leaves all bounds on ordinary inputs",
            expected="finite values",
            got="infinity, or no number",
        )
    return {name: batch[finite] for name, batch in values.items()}


def _magnitude(batch: Array) -> float:
    """How large a value usually gets: the median over samples of the largest element."""
    size = float(np.median(np.abs(batch).reshape(len(batch), -1).max(axis=1)))
    return size if size > 0 else 1.0


def _planned(
    stages: Stages, levels: Levels, factor: float, images: int, tell: Progress, *, masked: bool
) -> Plan:
    chain, levels, found = _fit(stages, levels, images, tell, masked=masked)
    packing = Packing(stages, levels, found, (1 << chain.log_n, images), tell)
    return packing.plan(chain, _afforded(chain, packing), factor)


def _afforded(chain: Chain, packing: Packing) -> Tiering:
    """The cheapest tiers whose keys are few enough, or the fewest keys found."""
    tiering = _tiering(chain, packing.price)
    while packing.key_bytes(chain, tiering) > KEYS and packing.key < DEAREST:
        packing.key *= DEARER
        tiering = _tiering(chain, packing.price)
    return tiering


def _tiering(chain: Chain, price: Price) -> Tiering:
    """The cheapest tiers over all sizes of special primes."""
    limbs, sizes = len(chain.bits), chain.special_sizes()
    found = [cheapest(limbs, partial(chain.tiers, size=size), price) for size in sizes]
    return min((one for one in found if one), key=lambda one: one.cost)


def _rough(slots: int) -> Price:
    """A price before anything is laid out: some rotations at every level, by keys of its own."""

    def price(low: int, tier: Tier) -> tuple[float, int]:
        model = Cost(slots, (tier,))
        levels = range(low + 1, tier.limbs + 1)
        work = sum(ROTATIONS * model.rotation(limbs) for limbs in levels)
        return work + model.keys(tier.limbs, ROTATIONS), STEP

    return price


def _fit(
    stages: Stages, levels: Levels, images: int, tell: Progress, *, masked: bool
) -> tuple[Chain, Levels, Arrangement]:
    """The smallest ring that carries the network, and the arrangement in it.

    Where the input is spread, that takes a level more.
    """
    blocked = ""
    for log_n in LOG_N:
        chain = carrier(levels, log_n)
        if chain:
            slots, deeper = 1 << log_n, carrier(levels.deeper, log_n)
            spare = deeper is not None and deeper.scale_bits == chain.scale_bits
            model = Cost(slots, _tiering(chain, _rough(slots)).tiers, images)
            try:
                found = search(stages, levels, model, masked=masked, spare=spare, tell=tell)
            except NoRoom as error:
                blocked = str(error)
                continue
            if deeper and found.condensed:
                return deeper, levels.deeper, found
            return chain, levels, found
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


def _check(plan: Plan, inputs: Array, wanted: Array) -> float:
    """Run the slots; returns the largest magnitude in any slot, garbage included.

    A plan must be the network, slot by slot: anything else is a bug of this compiler.
    """
    _check_weights(plan)
    largest = 0.0
    for x, y in zip(inputs[:2], wanted, strict=False):
        slots, reach = simulate(plan, x)
        largest = max(largest, reach)
        error = float(np.abs(outputs(plan, slots) - y.reshape(-1)).max())
        if not error <= AGREEMENT * max(1 / plan.factor, float(np.abs(y).max())):
            raise ValueError(f"the plan is off by {error:e}")
    return largest


def _check_weights(plan: Plan) -> None:
    """Weights are encoded in 60 bits, of which the scale takes up to 36."""
    for name, step in zip(plan.names, plan.steps, strict=True):
        if step["op"] == "linear":
            found = max(float(np.abs(term[-1]).max()) for term in step["terms"])
            if found > WEIGHT:
                raise DoesNotFit(
                    f"layer {name!r} has too large a weight, for values of about one",
                    expected=f"at most {WEIGHT:g}",
                    got=f"{found:g}",
                )
