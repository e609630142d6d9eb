"""Polynomials on [-2, 2] in a basis made of products that all stay small.

With C_k(y) = 2 T_k(y / 2), the Dickson form of Chebyshev's polynomials, C_a C_b = C_(a+b) + C_|a-b|
(Lidl, Mullen and Turnwald, Dickson Polynomials, 1993, chapter 2): no factors of two, and no size
beyond 2. E_1 = y, E_2 = y y, and E_k = E_(k-h) (E_h + shift) with h the largest power of two below
k, where the shift makes C_h of E_h. A square E_2h = E_h (E_h + shift) is C_2h up to a constant, so
that each E_k is C_k plus few smaller ones with small whole coefficients. Each takes one product and
a depth of log2 k, rounded up.

Polynomials of many terms take fewer products in blocks: sums of the first few E_k are multiplied
by giants, C_h of powers of two, as in the method of Paterson and Stockmeyer (1973). A sum costs a
level before its products, where one of coefficients at the end costs none; so blocks grow narrower
towards the highest degree, and the depth stays what it is.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

Array = NDArray[np.float64]

NOTHING = 1e-13
"""Coefficients below this part of the largest one are rounding."""
SUM = 0.5
"""What a sum of elements costs, in products."""


def factors(k: int) -> tuple[int, int, float]:
    """E_k = E_a (E_b + shift), as (a, b, shift), for k >= 2."""
    high = 1 << ((k - 1).bit_length() - 1)
    is_square = k == 2 * high
    if high == 1:
        return 1, 1, 0.0
    if high == 2:
        return k - 2, 2, -4.0 if is_square else -2.0
    return k - high, high, 4.0 if is_square else 2.0


@cache
def element(k: int) -> tuple[float, ...]:
    """E_k by its coefficients of T_0 to T_k, in y / 2."""
    if k == 1:
        return 0.0, 2.0
    a, b, shift = factors(k)
    shifted = chebyshev.chebadd(element(b), (shift,))
    return tuple(chebyshev.chebmul(element(a), shifted).tolist())


@dataclass(frozen=True)
class Block:
    """Terms of the degrees top + 1 ... top + width: E_1 ... E_width, summed, times the C_h of top.

    `width` is a power of two, and `top` a multiple of it.
    """

    top: int
    width: int

    @property
    def giants(self) -> list[int]:
        """The powers of two that add up to `top`, rising."""
        return [1 << k for k in range(self.top.bit_length()) if self.top >> k & 1]

    @property
    def degrees(self) -> range:
        """Of its terms."""
        return range(self.top + 1, self.top + self.width + 1)

    @property
    def depth(self) -> int:
        """Of the product: the sum takes a level, and so does each giant."""
        return self.width.bit_length() + len(self.giants)

    def term(self, k: int) -> Array:
        """E_(k - top) times the C_h, as a Chebyshev series in y / 2."""
        made = np.array(element(k - self.top))
        for h in self.giants:
            made = chebyshev.chebmul(made, chebyshev.chebadd(element(h), (missing(h),)))
        return made


def missing(h: int) -> float:
    """C_h - E_h of a power of two."""
    return {1: 0.0, 2: -2.0}.get(h, 2.0)


def blocks(degree: int, width: int) -> list[Block]:
    """Blocks of at most this width for the degrees beyond it, as deep as the degree asks for.

    Narrower ones at the end of the range take fewer levels; degrees for which even two terms are
    too many are left out.
    """
    made, levels = [], (degree - 1).bit_length()
    waiting = [Block(top, width) for top in range(degree - 1 & -width, 0, -width)]
    while waiting:
        block = waiting.pop()
        half = block.width // 2
        if block.top >= degree or not half:
            continue
        if block.depth <= levels:
            made.append(block)
        else:
            waiting += [Block(block.top + half, half), Block(block.top, half)]
    return made


def fewest(series: Array) -> list[Block]:
    """The blocks that take the least work, for the terms that a series has."""
    there = np.abs(series).max(axis=1) > _least(series)
    used = {k for k in range(1, len(series)) if there[k]}
    degree = len(series) - 1
    ways = [[], *(blocks(degree, 1 << k) for k in range(1, degree.bit_length()))]
    return min(ways, key=lambda way: products(used, way) + SUM * len(way))


def products(used: Set[int], way: Sequence[Block]) -> int:
    """How many products terms of these degrees take."""
    single, made = set(used), 0
    for block in way:
        inside = used & set(block.degrees)
        if inside:
            made += len(block.giants)
            single = single - inside | {k - block.top for k in inside} | set(block.giants)
    return made + len(_factored(single) - {1})


def _factored(elements: Set[int]) -> set[int]:
    """With all that they are made of."""
    found: set[int] = set()
    waiting = list(elements)
    while waiting:
        k = waiting.pop()
        if k > 1 and k not in found:
            waiting += factors(k)[:2]
        found.add(k)
    return found


def in_terms(series: Array, way: Sequence[Block] = ()) -> tuple[Array, dict[int, Array]]:
    """The constant (n,) of a Chebyshev series, and the coefficient (n,) of each term it needs.

    The term of degree k is that of its block, else E_k. `series` is (degree + 1, n), in y / 2.
    """
    rest, used = series.copy(), {}
    owners = {k: block for block in way for k in block.degrees}
    least = _least(series)
    for k in range(len(series) - 1, 0, -1):
        if np.abs(rest[k]).max() > least:
            used[k] = rest[k] / 2
            term = owners[k].term(k) if k in owners else element(k)
            rest[: k + 1] -= np.outer(term, used[k])
    return rest[0], used


def _least(series: Array) -> float:
    """What is no larger is nothing."""
    return NOTHING * float(np.abs(series).max(initial=0.0))
