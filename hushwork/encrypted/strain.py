"""How near the slots of an encrypted run come to the modulus, those that hold no value included.

Plans leave garbage in slots that nothing reads, such as a kernel's products across the border of
an image. No value of the network says how large it gets, and where it wraps around, the whole
ciphertext is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.bounds import room
from hushwork.encrypted.plan import Plan, Step
from hushwork.encrypted.simulate import run

Array = NDArray[np.float64]
Held = tuple[int, float]
"""Limbs and scale."""


def strain(plan: Plan, x: Array) -> float:
    """The largest part of its room that any slot of any step takes, for one input.

    From 1 on an encrypted run may wrap around; infinity where a slot leaves float64.
    """
    registers, largest = dict(enumerate(plan.pack(x))), 0.0
    with np.errstate(all="ignore"):
        for vectors, most in zip(run(plan, registers), rooms(plan), strict=True):
            reached = np.array([np.abs(vector).max() for vector in vectors.values()])
            largest = max(largest, *np.nan_to_num(reached / most, nan=np.inf))
    return float(largest)


def rooms(plan: Plan) -> Iterator[float]:
    """What the slots that each step makes may reach.

    No coefficient of a ciphertext is larger than its largest slot, at its scale.
    """
    held = dict.fromkeys(range(len(plan.gather)), (plan.request_limbs, plan.request_scale))
    for step in plan.steps:
        limbs, scale = _made(step, held)
        held |= dict.fromkeys(step.get("outputs", [step.get("output")]), (limbs, scale))
        yield room(plan.moduli[:limbs], scale)


def _made(step: Step, held: dict[int, Held]) -> Held:
    sources = step.get("inputs") or [step["input" if "input" in step else "a"]]
    limbs, scale = held[sources[0]]
    if "scale" in step:  # its output is divided by a prime
        return limbs - 1, step["scale"]
    return step.get("limbs", limbs), scale
