"""How near the slots of an encrypted run come to what they may reach, those without values too.

Plans leave garbage in slots that nothing reads, such as a kernel's products across the border of
an image. No value of the network says how large it gets. Where it wraps around the modulus, the
whole ciphertext is lost; and long before, it may spoil the values that lie in other slots, since
weights are rounded to integers at their scale: a weight of zero lets a little of it through.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log2, sqrt

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.bounds import room
from hushwork.encrypted.lifetimes import used
from hushwork.encrypted.plan import Plan, Step
from hushwork.encrypted.simulate import simulate

Array = NDArray[np.float64]
Held = tuple[int, float]
"""Limbs and scale."""

ERROR = 2.0**-10
"""Standard deviation of what rounded weights may do to values, which are about one."""


def strain(plan: Plan, x: Array) -> float:
    """The largest part of its limit that any slot of any step reaches, for one input.

    From 1 on an encrypted run may wrap around or be far off; infinity where a slot leaves float64.
    """
    with np.errstate(all="ignore"):
        _, reached = simulate(plan, x)
    return float(parts(plan, reached).max())


def parts(plan: Plan, reached: Array) -> Array:
    """Of their limits, that the slots of each step reach, (steps, 2); infinity beyond float64."""
    with np.errstate(invalid="ignore"):
        found: Array = np.nan_to_num(reached / limits(plan), nan=np.inf, posinf=np.inf)
    return found


def limits(plan: Plan) -> Array:
    """What the slots that each step reads and makes may reach, (steps, 2), as `simulate` has it.

    No coefficient of a ciphertext is larger than its largest slot, at its scale.
    """
    found, summed = [], _summed(plan)
    for step, source in zip(plan.steps, _sources(plan), strict=True):
        limbs, scale = _made(step, source)
        read = np.inf
        if step["op"] == "linear":
            weight_scale = scale * plan.moduli[limbs] / source[1]
            slots = max(summed.get(output, 1) for output in step["outputs"])
            read = ERROR * weight_scale / (rounding(step, plan.images) * sqrt(slots))
        found.append((read, room(plan.moduli[:limbs], scale)))
    return np.array(found).reshape(-1, 2)


def missing(plan: Plan, reached: Array, comfort: float) -> dict[int, int]:
    """By numbers of limbs: bits that weights there lack, for what is `reached` to strain them no
    more than is comfortable."""
    bits: dict[int, int] = {}
    for (limbs, _), (strain, _) in zip(_sources(plan), parts(plan, reached), strict=True):
        if comfort < strain < np.inf:
            bits[limbs] = max(bits.get(limbs, 0), ceil(log2(strain / comfort)))
    return bits


def _summed(plan: Plan) -> dict[int, int]:
    """How many slots of a register are then added up, where any."""
    steps = (step for step in plan.steps if step["op"] == "rotate_add")
    return {step["input"]: 1 << len(step["steps"]) for step in steps}


def _sources(plan: Plan) -> Iterator[Held]:
    """Of what each step reads."""
    held = dict.fromkeys(range(len(plan.gather)), (plan.request_limbs, plan.request_scale))
    for step in plan.steps:
        read, written = used(step)
        yield held[read[0]]
        held |= dict.fromkeys(written, _made(step, held[read[0]]))


def rounding(step: Step, images: int) -> float:
    """Standard deviation of an output slot of a linear step, if the root mean square of its inputs
    is one and each coefficient of its weights is off by up to a half.

    A slot adds up the coefficients, each times twice a cosine; a vector that repeats after p slots
    has p of them.
    """
    variance = np.zeros(len(step["outputs"]))
    for output, *_, weights in step["terms"]:
        variance[output] += len(weights) * images / 6
    return float(np.sqrt(variance.max()))


def _made(step: Step, source: Held) -> Held:
    limbs, scale = source
    if "scale" in step:  # its output is divided by a prime
        return limbs - 1, step["scale"]
    return step.get("limbs", limbs), scale
