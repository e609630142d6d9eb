"""Splitting the offsets of a linear step into anchors, giant steps and baby steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.cost import Cost
from hushwork.encrypted.fill import Places

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Rotations:
    """What a plan has decided for the rotations of all its linear steps."""

    step: int
    """The giant step; one serves all stages, so that they share keys."""
    model: Cost


@dataclass(frozen=True, eq=False)
class Split:
    """offset = shift + anchor + giant * step + baby for each diagonal, modulo the ring."""

    shift: int
    """How far the output moves so that no giant and no baby is negative: it costs nothing."""
    step: int
    anchor: Index
    giant: Index
    baby: Index

    @property
    def keys(self) -> set[int]:
        """Rotations for which keys are needed."""
        steps = set(self.anchor.tolist()) | set(self.baby.tolist())
        if self.giant.any():
            steps.add(self.step)
        return steps - {0}

    def cost(self, places: Places, limbs: int, model: Cost) -> float:
        """Microseconds of its rotations."""
        span = int(self.anchor.max(initial=0)) + 1
        anchors = np.unique(places.input * span + self.anchor)
        rotated = np.unique((places.input * span + self.anchor) * self.step + self.baby)
        full = int(np.count_nonzero(anchors % span))
        decomposed = len(anchors)
        hoisted = int(np.count_nonzero(rotated % self.step))
        giants = sum(
            int(self.giant[places.output == output].max(initial=0))
            for output in np.unique(places.output)
        )
        return model.rotations(limbs, full, decomposed if hoisted else 0, hoisted, giants)


def split(places: Places, ring: int, limbs: int, rotations: Rotations) -> Split:
    """The cheapest split over all sizes of anchors."""
    model = rotations.model
    sizes = [ring >> k for k in range(max(1, ring.bit_length() - 3))]
    candidates = [_split(places.offset, ring, size, rotations.step) for size in sizes]
    return min(
        candidates,
        key=lambda one: one.cost(places, limbs, model) + model.keys(limbs, len(one.keys)),
    )


def _split(offset: Index, ring: int, size: int, step: int) -> Split:
    """Anchors are multiples of `size`; the rests start behind their largest gap."""
    rest = np.unique(offset % size)
    gaps = np.diff(rest, append=rest[0] + size)
    low = int(rest[(int(gaps.argmax()) + 1) % len(rest)])
    within = (offset - low) % size
    giant, baby = np.divmod(within, step)
    return Split(low, step, (offset - low - within) % ring, giant, baby)
