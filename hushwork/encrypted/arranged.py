"""One affine stage between chosen layouts: what it takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.cost import Cost, Use
from hushwork.encrypted.diagonals import Diagonals, Placed, build, estimate
from hushwork.encrypted.rotations import Rotations, Splits

Index = NDArray[np.int64]

MEMORY = 6 << 30
"""Most bytes of one stage: its weights, and its rotated inputs."""
ROTATED = 128
"""Rotations of one input that are held at once, about."""


@dataclass(frozen=True, eq=False)
class Arranged:
    """One affine stage between chosen layouts."""

    copies: list[tuple[int, ...]]
    """Rotations that first copy each input, where any."""
    ciphertexts: list[int]
    """Ciphertexts of each input."""
    diagonals: Diagonals

    @cached_property
    def splits(self) -> Splits:
        """Ways to split its rotations."""
        return Splits(self.diagonals.places, self.diagonals.ring)

    def fits(self, limbs: int, model: Cost) -> bool:
        """Whether the weights, and the rotated inputs, stay within memory."""
        made = self.diagonals
        weights = 8 * sum(map(len, made.weights)) * model.images
        rotated = min(len(made.weights), ROTATED * sum(self.ciphertexts))
        return weights + rotated * 16 * limbs * model.slots <= MEMORY

    def cost(self, limbs: int, rotations: Rotations) -> float:
        """Microseconds, keys priced in."""
        uses = (self.linear(limbs, rotations), self.summed(limbs - 1, rotations.model))
        return sum(use.cost + rotations.model.keys(use.limbs, len(use.keys)) for use in uses)

    def linear(self, limbs: int, rotations: Rotations) -> Use:
        """Copies of the inputs, and the linear step."""
        made, model = self.diagonals, rotations.model
        divided, turned = self.splits.cheapest(limbs, rotations)
        long = model.long(map(len, made.weights))
        copied = sum(
            len(steps) * count for steps, count in zip(self.copies, self.ciphertexts, strict=True)
        )
        cost = (
            turned + model.products(limbs, len(made.weights), long) + copied * model.rotation(limbs)
        )
        return Use(limbs, cost, divided.keys.union(*self.copies))

    def summed(self, limbs: int, model: Cost) -> Use:
        """Cyclic sums of the outputs."""
        made = self.diagonals
        cost = len(made.sums) * made.layout.ciphertexts * model.rotation(limbs)
        return Use(limbs, cost, frozenset(made.sums))


@dataclass(frozen=True, eq=False)
class Prepared:
    """One affine stage between chosen layouts, before its weights are filled in."""

    copies: list[tuple[int, ...]]
    ciphertexts: list[int]
    placed: Placed

    def least(self) -> Arranged:
        """At its cheapest."""
        return Arranged(self.copies, self.ciphertexts, self.placed.least())

    def estimate(self, masked: bool, rows: Index) -> Arranged:
        """About as it will be, from some rows."""
        return Arranged(self.copies, self.ciphertexts, estimate(self.placed, masked, rows))

    def arranged(self, masked: bool) -> Arranged:
        """Filled."""
        return Arranged(self.copies, self.ciphertexts, build(self.placed, masked))
