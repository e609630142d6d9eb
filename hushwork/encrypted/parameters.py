"""Moduli for a schedule of levels: the smallest secure ring that carries it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, log2

from hushwork._native import Parameters, find_primes, security_bound
from hushwork.encrypted.levels import Levels

LOG_N = (13, 14, 15, 16)
PRECISIONS = ((36, 32), (35, 30), (34, 28), (32, 26))
"""Bits of the scale, and of a prime that only affine stages use, best first."""
LAST_BITS = 50
"""Bits of the last prime: room for the outputs."""
ROOM = 14
"""Bits between the usual largest output and half the last prime."""
SPECIAL_BITS = 50
MARGIN = 6
"""Bits by which the special primes exceed a digit."""


@dataclass(frozen=True)
class Literal:
    """Parameters by sizes, before primes are looked for."""

    log_n: int
    bits: tuple[int, ...]
    """Of the moduli, last one first."""
    special: int
    digit: int
    scale_bits: int

    @property
    def log_qp(self) -> int:
        """Bits of Q * P, rounded up."""
        return sum(self.bits) + SPECIAL_BITS * self.special

    def check(self) -> Parameters:
        """Find primes. Raises InsecureParameters over the bound."""
        primes = find_primes(self.log_n, [*self.bits, *[SPECIAL_BITS] * self.special])
        moduli, special = primes[: len(self.bits)], primes[len(self.bits) :]
        return Parameters(self.log_n, moduli, special, self.digit)


def literals(levels: Levels, log_n: int) -> Iterator[Literal]:
    """Secure sets for one ring, of the best precision that it allows, over all digit sizes."""
    bound = security_bound(log_n)
    for scale_bits, affine_bits in PRECISIONS:
        bits = (LAST_BITS, *_chain(levels, scale_bits, affine_bits))
        sets = [_with_digit(log_n, bits, digit, scale_bits) for digit in range(1, len(bits) + 1)]
        # The bound counts whole bits, and primes may lie just above their power of two.
        secure = [one for one in sets if one.log_qp < bound]
        if secure:
            yield from secure
            return


def _chain(levels: Levels, scale_bits: int, affine_bits: int) -> list[int]:
    counts = range(2, levels.input + 1)
    return [scale_bits if limbs in levels.products else affine_bits for limbs in counts]


def _with_digit(log_n: int, bits: tuple[int, ...], digit: int, scale_bits: int) -> Literal:
    largest = max(sum(bits[i : i + digit]) for i in range(0, len(bits), digit))
    return Literal(log_n, bits, ceil((largest + MARGIN) / SPECIAL_BITS), digit, scale_bits)


def levels_at(log_n: int) -> int:
    """About how many levels a ring carries: for people."""
    scale_bits, affine_bits = PRECISIONS[-1]
    count = 0
    while True:
        pairs = range(count + 1)
        bits = (LAST_BITS, *(affine_bits if k % 2 == 0 else scale_bits for k in pairs))
        sets = (_with_digit(log_n, bits, digit, scale_bits) for digit in range(1, len(bits) + 1))
        if min(one.log_qp for one in sets) >= security_bound(log_n):
            return count
        count += 1


def scale_of(bits: int) -> float:
    """A scale of so many bits."""
    return float(2**bits)


def output_scale() -> float:
    """Scale of the outputs, whose usual size is about one."""
    return scale_of(LAST_BITS - 1 - ROOM)


def log2_range() -> int:
    """log2 of the largest output, before its factor is taken out, that cannot wrap around."""
    return int(log2(2.0 ** (ROOM - 2)))
