"""Polynomials on [-2, 2] in a basis made of products that all stay small.

With C_k(y) = 2 T_k(y / 2), the Dickson form of Chebyshev's polynomials, C_a C_b = C_(a+b) + C_|a-b|
(Lidl, Mullen and Turnwald, Dickson Polynomials, 1993, chapter 2): no factors of two, and no size
beyond 2. E_1 = y, E_2 = y y, and E_k = E_(k-h) (E_h + shift) with h the largest power of two below
k, where the shift makes C_h of E_h. A square E_2h = E_h (E_h + shift) is C_2h up to a constant, so
that each E_k is C_k plus few smaller ones with small whole coefficients. Each takes one product and
a depth of log2 k, rounded up.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

Array = NDArray[np.float64]

NOTHING = 1e-13
"""Coefficients below this part of the largest one are rounding."""


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


def in_elements(series: Array) -> tuple[Array, dict[int, Array]]:
    """The constant (n,) of a Chebyshev series, and the coefficient (n,) of each E_k it needs.

    `series` is (degree + 1, n), in y / 2.
    """
    rest, used = series.copy(), {}
    least = NOTHING * np.abs(series).max(initial=0.0)
    for k in range(len(series) - 1, 0, -1):
        if np.abs(rest[k]).max() > least:
            used[k] = rest[k] / 2
            rest[: k + 1] -= np.outer(element(k), used[k])
    return rest[0], used
