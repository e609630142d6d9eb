"""CKKS over the conjugate-invariant ring, exactly: encoding, decryption and what each
operation must give, with the noise it may add.

Bounds are `MARGIN` standard deviations of the worst distribution that the operation allows, so
that a right implementation never exceeds them and a wrong one always does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, fsum, pi, prod, sqrt
from random import Random

from tests.reference import ring
from tests.reference.ring import Polynomial

SIGMA = 3.2
MARGIN = 10


def encode(values: Sequence[float], scale: float, n: int) -> list[float]:
    """Coefficients before rounding, so that a test may allow half a unit around them."""
    repeated = list(values) * (n // len(values))
    table = [cos(2 * pi * i / (4 * n)) for i in range(4 * n)]
    exponents = ring.orbit(n)
    return [
        scale
        * fsum(v * table[e * i % (4 * n)] for v, e in zip(repeated, exponents, strict=True))
        / n
        for i in range(n)
    ]


def decode(coefficients: Sequence[int], scale: float) -> list[float]:
    """Slot k is the value at exp(2 pi i 5^k / 4N), divided by the scale."""
    n = len(coefficients)
    table = [2 * cos(2 * pi * i / (4 * n)) for i in range(4 * n)]
    return [
        fsum(
            [
                float(coefficients[0]),
                *(coefficients[i] * table[e * i % (4 * n)] for i in range(1, n)),
            ]
        )
        / scale
        for e in ring.orbit(n)
    ]


@dataclass(frozen=True)
class Ciphertext:
    """c0[l] and c1[l] are coefficients modulo moduli[l]."""

    scale: float
    moduli: Sequence[int]
    c0: Sequence[Sequence[int]]
    c1: Sequence[Sequence[int]]

    def decrypt(self, secret: Sequence[int]) -> Polynomial:
        """c0 + c1 s, centred modulo the product of the moduli."""
        product = ring.multiply(ring.from_residues(self.c1, self.moduli), secret)
        whole = ring.add(ring.from_residues(self.c0, self.moduli), product)
        return ring.centre(whole, prod(self.moduli))


@dataclass(frozen=True)
class Projected:
    """Of c0 only the coefficients at the multiples of N / p, p of them; c1 is whole."""

    scale: float
    moduli: Sequence[int]
    c0: Sequence[Sequence[int]]
    c1: Sequence[Sequence[int]]

    def decrypt(self, secret: Sequence[int]) -> Polynomial:
        """Those coefficients of c0 + c1 s, centred modulo the product of the moduli."""
        c0 = ring.from_residues(self.c0, self.moduli)
        product = ring.multiply(ring.from_residues(self.c1, self.moduli), secret)
        return ring.centre(ring.add(c0, product[:: len(secret) // len(c0)]), prod(self.moduli))


def encrypt(
    message: Sequence[int], scale: float, secret: Sequence[int], moduli: Sequence[int], rng: Random
) -> Ciphertext:
    """A ciphertext made here, for others to decrypt."""
    c1 = [rng.randrange(prod(moduli)) for _ in message]
    error = [round(rng.gauss(0, SIGMA)) for _ in message]
    c0 = ring.subtract(ring.add(message, error), ring.multiply(c1, secret))
    return Ciphertext(
        scale, moduli, [[x % q for x in c0] for q in moduli], [[x % q for x in c1] for q in moduli]
    )


def tier_of(tiers: Sequence[tuple[int, int, int]], limbs: int) -> tuple[int, int, int]:
    """The lowest tier that reaches so many limbs."""
    return min(tier for tier in tiers if tier[0] >= limbs)


@dataclass(frozen=True)
class Noise:
    """How far the coefficients of a decryption may be from what they should be."""

    n: int
    moduli: Sequence[int]
    special: Sequence[int]
    tiers: Sequence[tuple[int, int, int]]

    def product_deviation(self, first: float, second: float) -> float:
        """Largest deviation of a product's coefficients: that of the constant one."""
        return sqrt(4 * self.n) * first * second

    @property
    def fresh_secret(self) -> float:
        """Encoding is rounded, and one error is added."""
        return MARGIN * SIGMA + 0.5

    @property
    def fresh_public(self) -> float:
        """m + e0 + v e + s e1 with ternary v and s."""
        ternary = sqrt(2 / 3)
        return MARGIN * sqrt(SIGMA**2 + 2 * self.product_deviation(SIGMA, ternary) ** 2) + 0.5

    @property
    def rescale(self) -> float:
        """Both halves are rounded to whole numbers: r0 + r1 s."""
        rounding, ternary = sqrt(1 / 12), sqrt(2 / 3)
        return MARGIN * sqrt(rounding**2 + self.product_deviation(rounding, ternary) ** 2)

    def key_switch(self, limbs: int) -> float:
        """Sum over the centred digits of digit times error, divided by P and rounded."""
        moduli = self.moduli[:limbs]
        _, digit, special = tier_of(self.tiers, limbs)
        digits = [prod(moduli[i : i + digit]) for i in range(0, limbs, digit)]
        together = sqrt(sum(d * d / 12 for d in digits))
        switched = self.product_deviation(together, SIGMA) / prod(self.special[:special])
        return MARGIN * switched + self.rescale
