"""Splitting the offsets of a linear step into anchors, giant steps and baby steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.cost import Cost, Turns
from hushwork.encrypted.fill import Places
from hushwork.encrypted.tiers import place

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Rotations:
    """What a plan has decided for the rotations of all its linear steps."""

    steps: tuple[int, ...]
    """The giant step of each tier; it serves all stages there, so that they share keys."""
    model: Cost

    def step(self, limbs: int) -> int:
        """The giant step at so many limbs."""
        return self.steps[place(self.model.tiers, limbs)]


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
        turned = anchors[anchors % span != 0]
        hoisted = int(np.count_nonzero(rotated % self.step))
        roots = turned // span * span
        decomposed = np.union1d(anchors, roots) if hoisted else np.unique(roots)
        outputs = np.unique(places.output)
        giants = sum(int(self.giant[places.output == output].max()) for output in outputs)
        turns = Turns(len(turned), len(decomposed), hoisted, giants, len(outputs))
        return model.rotations(limbs, turns)


def split(places: Places, ring: int, limbs: int, rotations: Rotations) -> Split:
    """The cheapest split over all sizes of anchors."""
    model, step = rotations.model, rotations.step(limbs)
    sizes = [ring >> k for k in range(max(1, ring.bit_length() - 3))]
    candidates = [_split(places.offset, ring, size, step) for size in sizes]
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
