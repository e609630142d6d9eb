"""How large the values of a network may get in an encrypted run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import hypot, log2

import numpy as np

from hushwork.encrypted.levels import Levels
from hushwork.encrypted.parameters import log2_range
from hushwork.encrypted.stages import Affine, Product, Stages

LARGEST = 2.0**64
"""No bound is said to be larger: a plain run in float32 is of no use there."""


def bounds(
    stages: Stages, levels: Levels, moduli: Sequence[int], scales: tuple[float, float]
) -> dict[str, float]:
    """Magnitudes from which packed values, by name, may wrap around the modulus or their products.

    `scales` are those of values within the network and of its output, which has a range of its own.
    """
    found: dict[int, float] = {}
    for stage, limbs in zip(stages.stages, levels.stage, strict=True):
        match stage:
            case Affine(in_place=False):
                scale = scales[stage.output == stages.output]
                found[stage.output] = room(moduli[: limbs - 1], scale)
            case Product():
                least = _factor(stage, room(moduli[:limbs], scales[0] ** 2))
                for atom in {stage.a, stage.b} & found.keys():
                    found[atom] = min(found[atom], least)
    found[stages.output] = min(found[stages.output], 2.0 ** log2_range())
    return {stages.atoms[i].name: room / stages.atoms[i].factor for i, room in found.items()}


def within(found: Mapping[str, float], stated: Mapping[str, float]) -> dict[str, float]:
    """The same, and no larger than what a network states of its values."""
    return {name: min(room, stated.get(name, room)) for name, room in found.items()}


def room(moduli: Sequence[int], scale: float) -> float:
    """What slots may reach: half the product of the moduli, by the scale.

    In this ring no coefficient is larger than the largest slot.
    """
    bits = sum(map(log2, moduli)) - 1 - log2(scale)
    return float(min(2.0 ** min(bits, 1000.0), LARGEST))


def _factor(stage: Product, room: float) -> float:
    """The largest |x| for which |x| (|x| + shift) stays within the room."""
    shift = 0.0 if stage.shift is None else float(np.abs(stage.shift).max())
    return (hypot(shift, 2 * room**0.5) - shift) / 2
