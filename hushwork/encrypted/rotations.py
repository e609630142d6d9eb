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
    def keys(self) -> frozenset[int]:
        """Rotations for which keys are needed."""
        steps = {*_distinct(self.anchor).tolist(), *_distinct(self.baby).tolist()}
        if self.giant.any():
            steps.add(self.step)
        return frozenset(steps - {0})

    def turns(self, places: Places) -> tuple[int, ...]:
        """How many rotations of each kind it takes, in the order of `Turns`."""
        span = int(self.anchor.max(initial=0)) + 1
        anchored = places.input * span + self.anchor
        anchors = _distinct(anchored)
        rotated = _distinct(anchored * self.step + self.baby)
        turned = anchors[anchors % span != 0]
        hoisted = int(np.count_nonzero(rotated % self.step))
        roots = turned // span * span
        decomposed = _distinct(np.concatenate([anchors, roots]) if hoisted else roots)
        highest = np.zeros(int(places.output.max(initial=-1)) + 1, dtype=np.int64)
        np.maximum.at(highest, places.output, self.giant)
        outputs = len(_distinct(places.output))
        return len(turned), len(decomposed), hoisted, int(highest.sum()), outputs


@dataclass(frozen=True, eq=False)
class _Weighed:
    """All splits by one giant step."""

    splits: list[Split]
    turns: Turns
    """Of each of them."""
    keys: Index
    """How many keys each of them needs."""


class Splits:
    """The splits of one linear step, over all sizes of anchors; each is counted once."""

    def __init__(self, places: Places, ring: int) -> None:
        self._places, self._ring = places, ring
        self._weighed: dict[int, _Weighed] = {}

    def cheapest(self, limbs: int, rotations: Rotations) -> tuple[Split, float]:
        """The cheapest with its keys, and the microseconds of its rotations."""
        weighed, model = self._by(rotations.step(limbs)), rotations.model
        costs = model.rotations(limbs, weighed.turns)
        best = int((costs + model.keys(limbs, 1) * weighed.keys).argmin())
        return weighed.splits[best], float(costs[best])

    def _by(self, step: int) -> _Weighed:
        if step not in self._weighed:
            self._weighed[step] = self._weigh(self._all(step))
        return self._weighed[step]

    def _all(self, step: int) -> list[Split]:
        """Of the sizes that need no anchors, the first."""
        ring, offset = self._ring, self._places.offset
        sizes = [ring >> k for k in range(max(1, ring.bit_length() - 3))]
        first, *others = (_split(offset, ring, size, step) for size in sizes)
        return [first, *(one for one in others if one.shift != first.shift or one.anchor.any())]

    def _weigh(self, splits: list[Split]) -> _Weighed:
        columns = zip(*(split.turns(self._places) for split in splits), strict=True)
        turns = Turns(*map(np.array, columns))
        return _Weighed(splits, turns, np.array([len(split.keys) for split in splits]))


def _split(offset: Index, ring: int, size: int, step: int) -> Split:
    """Anchors are multiples of `size`; the rests start behind their largest gap."""
    rest = _distinct(offset % size)
    gaps = np.diff(rest, append=rest[0] + size)
    low = int(rest[(int(gaps.argmax()) + 1) % len(rest)])
    within = (offset - low) % size
    giant, baby = np.divmod(within, step)
    return Split(low, step, (offset - low - within) % ring, giant, baby)


def _distinct(numbers: Index) -> Index:
    """`np.unique` of a few numbers from 0 on, which takes several times as long."""
    ordered = np.sort(numbers)
    found: Index = ordered[np.diff(ordered, prepend=-1) != 0]
    return found
