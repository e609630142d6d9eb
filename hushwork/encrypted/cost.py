"""What a plan costs: one model, in microseconds of one core, for the compiler's choices.

The unit costs were measured with the AVX-512 IFMA kernel. Counts of transforms and multiply-adds
follow the hybrid key switching of Han and Ki (eprint 2019/688): L limbs, K special primes, d
digits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.tiers import Tier, place

Array = NDArray[np.float64]
Index = NDArray[np.int64]

TRANSFORMED = 4096
"""Weight vectors up to this period stay in cache; longer ones are read from memory at use."""

TRANSFORM = 1.1e-4
"""Of a limb, for each slot and binary digit of the degree."""
PRODUCT = 8e-5
"""A multiply-add of a limb by a weight in cache, for each slot."""
SWITCH = 1.6e-4
"""The same by a key, which comes from memory."""
COMBINE = 1e-4
"""The same by a scalar, many at a time, in ciphertexts without special primes."""
LIFT = 1e-4
"""The same by a constant, between bases."""
REDUCE = 2.5e-4
"""Reducing a sum of products and storing it, for each slot."""
READ = 5e-4
"""Reading a long weight from memory, for each slot of a limb."""
MAKE = 6e-3
"""Making one from its coefficients at use, for each slot of a limb."""
KEPT = 1 << 30
"""Bytes of long weights of a step that are ready to be read."""

RESIDUE = 0.45
"""Price of a residue of a request: four and a half bytes, sent at 80 Mbit/s."""
KEY = 6.0
"""Price of a key, in inner products with it: making, sending and expanding it, spread over the
requests of a session."""
RELINEARISATION = 0
"""Stands for its key, since a rotation by 0 needs none."""


@dataclass(frozen=True)
class Use:
    """Work at one number of limbs, and the rotations whose keys it needs."""

    limbs: int
    cost: float
    keys: frozenset[int]


@dataclass(frozen=True)
class Turns:
    """How many rotations of each kind a linear step takes, by each of some ways."""

    full: Index
    """By an anchor: only the half that is decomposed again is divided by P."""
    decomposed: Index
    """Inputs, as they are and under anchors, whose digits are made."""
    hoisted: Index
    """By a baby, from digits that are there."""
    giants: Index
    """As by an anchor, digits included."""
    outputs: Index


@dataclass(frozen=True)
class Cost:
    """Unit costs at one ring size and one choice of tiers."""

    slots: int
    tiers: tuple[Tier, ...]
    images: int = 1
    """In each run: slots s * images to s * images + images - 1 are slot s of each."""
    key: float = KEY
    """Price of a key."""

    @property
    def period(self) -> int:
        """Slots of each image."""
        return self.slots // self.images

    def _tier(self, limbs: int) -> tuple[int, int]:
        """Digits and special primes at so many limbs."""
        tier = self.tiers[place(self.tiers, limbs)]
        return ceil(limbs / tier.digit), tier.special

    @property
    def _transform(self) -> float:
        return self.slots * (self.slots.bit_length() - 1) * TRANSFORM

    def _decompose(self, limbs: int) -> float:
        digits, special = self._tier(limbs)
        extended = limbs + special
        lifts = limbs * extended * self.slots * LIFT
        return (limbs + digits * extended) * self._transform + lifts

    def _inner(self, limbs: int) -> float:
        digits, special = self._tier(limbs)
        return 2 * (limbs + special) * self.slots * (digits * SWITCH + REDUCE)

    def _down(self, limbs: int) -> float:
        _, special = self._tier(limbs)
        transforms = 2 * (limbs + special) * self._transform
        return transforms + 2 * limbs * special * self.slots * LIFT

    def rotation(self, limbs: int) -> float:
        """One rotation on its own, or one relinearisation."""
        return self._decompose(limbs) + self._inner(limbs) + self._down(limbs)

    def rotations(self, limbs: int, turns: Turns) -> Array:
        """Rotations of a linear step, all of it over Q * P until each output is divided by P."""
        half = self._down(limbs) / 2
        costs: Array = (
            (turns.full + turns.hoisted + turns.giants) * self._inner(limbs)
            + (turns.decomposed + turns.giants) * self._decompose(limbs)
            + (turns.full + turns.giants) * half
            + turns.outputs * 2 * half
        )
        return costs

    def long(self, lengths: Iterable[int]) -> int:
        """Slots that are too long for the cache, of weights so long for one image."""
        alike = (length * self.images for length in lengths if length > 1)
        return sum(length for length in alike if length > TRANSFORMED)

    def products(self, limbs: int, count: int, long: int) -> float:
        """Plaintext products; `long` slots of weights are too long for the cache."""
        _, special = self._tier(limbs)
        rows = limbs + special
        made = max(0, long - KEPT // (8 * rows))
        return rows * (count * 2 * self.slots * PRODUCT + long * READ + made * MAKE)

    def combine(self, limbs: int, entries: int, outputs: int) -> float:
        """Sums of ciphertexts times scalars, rescaled."""
        summed = limbs * entries * COMBINE + outputs * limbs * REDUCE
        return 2 * (summed * self.slots + outputs * limbs * self._transform)

    def multiply(self, limbs: int) -> float:
        """A product of ciphertexts with relinearisation and rescaling."""
        return self.rotation(limbs) + 4 * limbs * self.slots * LIFT + 2 * limbs * self._transform

    def request(self, limbs: int, ciphertexts: int, copies: int) -> float:
        """The price of sending ciphertexts of which one copy of the slots travels, and of summing
        the copies."""
        sums = copies.bit_length() - 1
        sent = limbs * RESIDUE * self.slots / copies + sums * self.rotation(limbs)
        return ciphertexts * sent + self.keys(limbs, sums)

    def spread(self, limbs: int, ciphertexts: int, copies: int) -> float:
        """About the price of spreading an input over parts of the ring with masks."""
        turns = 2 * (copies - 1)
        rotated = self._decompose(limbs) + turns * self._inner(limbs) + self._down(limbs)
        products = (turns + 1) * ciphertexts
        masked = self.products(limbs, products, products * self.slots)
        return ciphertexts * rotated + masked + self.keys(limbs, turns)

    def keys(self, limbs: int, count: int) -> float:
        """The price of keys."""
        return count * self._inner(limbs) * self.key
