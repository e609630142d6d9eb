"""Moduli for a schedule of levels: the smallest secure ring that carries it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count, pairwise
from math import ceil, log2

from hushwork._native import Parameters, find_primes, security_bound
from hushwork.encrypted.levels import Levels
from hushwork.encrypted.tiers import Tier
from hushwork.errors import InvalidParameters

LOG_N = (13, 14, 15, 16)
SCALE_BITS = (32, 30)
"""Of values, best first."""
AFFINE_BITS = 24
"""Of a prime that only affine stages use, the scale of their weights: more would only cost digits,
unless the weights meet garbage."""
MOST_LIMBS = 64
"""Moduli of a ciphertext."""
LAST_BITS = 46
"""Bits of the last prime: room for the outputs."""
ROOM = 14
"""Bits between the usual largest output and half the last prime."""
SPECIAL_BITS = (30, 46)
"""Least and most bits of a special prime; transforms are fastest below 2^46.5."""
MARGIN = 6
"""Bits by which the special primes exceed a digit."""


@dataclass(frozen=True)
class Chain:
    """Moduli by their sizes, before primes are looked for."""

    log_n: int
    bits: tuple[int, ...]
    """Last one first."""
    scale_bits: int

    @classmethod
    def supplied(cls, log_n: int, bits: Sequence[int], scale_bits: int) -> Chain:
        """With larger sizes where there are no more primes of a size."""
        taken: Counter[int] = Counter()
        sizes = []
        for least in bits:
            size = next(size for size in count(least) if taken[size] < _supply(log_n, size))
            taken[size] += 1
            sizes.append(size)
        return cls(log_n, tuple(sizes), scale_bits)

    def special_sizes(self) -> list[int]:
        """Bits of special primes that would be just enough for some digit of some tier."""
        least, most = SPECIAL_BITS
        counts = range(1, len(self.bits) + 1)
        needed = {self._needed(limbs, digit) for limbs in counts for digit in range(1, limbs + 1)}
        return sorted({max(least, ceil(bits / ceil(bits / most))) for bits in needed})

    def tiers(self, limbs: int, size: int) -> list[Tier]:
        """The secure tiers that begin at so many limbs, one for each number of digits."""
        smallest = {ceil(limbs / digit): digit for digit in range(limbs, 0, -1)}
        tiers = [
            Tier(limbs, digit, ceil(self._needed(limbs, digit) / size))
            for digit in smallest.values()
        ]
        bound = security_bound(self.log_n) - sum(self.bits[:limbs])
        return [tier for tier in tiers if size * tier.special <= bound]

    @property
    def is_secure(self) -> bool:
        """Whether any tier can begin at its top."""
        return any(self.tiers(len(self.bits), size) for size in self.special_sizes())

    def special_bits(self, tiers: Sequence[Tier]) -> list[int]:
        """Sizes of the special primes of chosen tiers: just enough for each, as even as can be."""
        least, most = SPECIAL_BITS
        needed = {0: 0}
        for tier in tiers:
            bits = self._needed(tier.limbs, tier.digit)
            needed[tier.special] = max(bits, needed.get(tier.special, 0))
        counts = sorted(needed)
        for fewer, more in reversed(list(pairwise(counts))):
            needed[fewer] = max(needed[fewer], needed[more] - most * (more - fewer))
        sizes: list[int] = []
        for fewer, more in pairwise(counts):
            count = more - fewer
            total = max(needed[more] - sum(sizes), least * count)
            sizes += [(total + place) // count for place in reversed(range(count))]
        return sizes

    def finer(self, bits: Mapping[int, int]) -> Chain:
        """With primes of at least so many bits at these numbers of limbs, if that is secure."""
        sizes = list(self.bits)
        for limbs, least in bits.items():
            sizes[limbs - 1] = max(sizes[limbs - 1], least)
        made = Chain.supplied(self.log_n, sizes, self.scale_bits)
        return made if made.is_secure else self

    def check(self, tiers: Sequence[Tier]) -> Parameters:
        """Find primes. Raises InsecureParameters over the bound."""
        count = len(self.bits)
        primes = find_primes(self.log_n, [*self.bits, *self.special_bits(tiers)])
        return Parameters(self.log_n, primes[:count], primes[count:], tiers)

    def _needed(self, limbs: int, digit: int) -> int:
        """Bits of special primes."""
        bits = self.bits[:limbs]
        return MARGIN + max(sum(bits[i : i + digit]) for i in range(0, limbs, digit))


def carrier(levels: Levels, log_n: int) -> Chain | None:
    """The chain of the best precision that one ring allows."""
    for scale_bits in SCALE_BITS:
        counts = range(2, levels.input + 1)
        bits = [scale_bits if limbs in levels.products else AFFINE_BITS for limbs in counts]
        made = Chain.supplied(log_n, [LAST_BITS, *bits], scale_bits)
        if made.is_secure:
            return made
    return None


@cache
def _supply(log_n: int, bits: int) -> int:
    """How many primes of one size there are, up to MOST_LIMBS."""

    def lacks(wanted: int) -> bool:
        try:
            find_primes(log_n, [bits] * wanted)
        except InvalidParameters:
            return True
        return False

    return bisect_left(range(MOST_LIMBS + 1), True, key=lacks) - 1


def levels_at(log_n: int) -> int:
    """About how many levels a ring carries: for people."""
    scale_bits, affine_bits = SCALE_BITS[-1], AFFINE_BITS
    count = 0
    while True:
        pairs = range(count + 1)
        bits = [LAST_BITS, *(affine_bits if k % 2 == 0 else scale_bits for k in pairs)]
        if not Chain.supplied(log_n, bits, scale_bits).is_secure:
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
