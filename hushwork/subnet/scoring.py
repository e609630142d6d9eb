"""When an answer is right, and what a miner's answers are worth.

The reward is Brainlock's SimplifiedReward. It cubes speed and forgives one wrong answer in five,
so that "right" has to be strict: a small surrogate that guesses most labels must earn nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Agreement = Callable[[Array, Array], bool]

SCALE_SECONDS = 40.0
SHAPE = 3
FORGIVEN_RATE = 0.20
PENALTY_BASE = 2.5
TOLERANCE = 1e-2
LEAST_COSINE = 0.99


def simplified_reward(seconds: Sequence[float], failures: int) -> float:
    """Score of one miner at one task: `seconds` of its correct answers, and how many failed.

    (40 / median)^3; over a failure rate of 0.20 divided by 2.5^(100 * excess), which is what
    Brainlock's validators computed. Their README prints 1 + 2.5^(100 * excess) instead.
    A first answer alone earns (40 / t)^3 if it is right and 0 if not, by the same rule.
    """
    if not seconds:
        return 0.0
    excess = failures / (len(seconds) + failures) - FORGIVEN_RATE
    base = (SCALE_SECONDS / median(seconds)) ** SHAPE
    return max(0.0, base / penalty(excess))


def penalty(excess: float) -> float:
    """What the base is divided by: 1 up to the forgiven rate, then 2.5^(100 * excess)."""
    return 1.0 if excess <= 0 else PENALTY_BASE ** (100 * excess)


def agrees(output: Array, reference: Array, tolerance: float = TOLERANCE) -> bool:
    """Right label, and every logit within `tolerance` of the reference's logit range.

    The range is max - min of the reference's logits for this image. Nothing agrees with a
    reference that has no range or is not finite; NaN and infinity agree with nothing.
    """
    if output.shape != reference.shape or not np.isfinite(output).all():
        return False
    spread = logit_range(reference)
    if spread <= 0:
        return False
    same_label = int(np.argmax(output)) == int(np.argmax(reference))
    return same_label and float(np.abs(output - reference).max()) <= tolerance * spread


def logit_range(reference: Array) -> float:
    """max - min of the outputs of one image; 0 where that is not finite."""
    spread = float(np.max(reference) - np.min(reference)) if reference.size else 0.0
    return spread if np.isfinite(spread) else 0.0


def points_the_same_way(output: Array, reference: Array, least: float = LEAST_COSINE) -> bool:
    """Cosine similarity of at least `least`: the rule for language models.

    It is a threshold: Brainlock's (1 + cosine) / 2 gave half marks to orthogonal answers.
    """
    if output.shape != reference.shape or not np.isfinite(output).all():
        return False
    norms = float(np.linalg.norm(output) * np.linalg.norm(reference))
    return norms > 0 and float(np.vdot(output, reference)) >= least * norms


AGREEMENTS: Mapping[str, Agreement] = {"logits": agrees, "cosine": points_the_same_way}
