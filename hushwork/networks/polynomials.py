"""Polynomials with coefficients of each channel: arrays (degree + 1, channels or 1).

The reader carries every tensor as such a polynomial in the output of a layer, so that any
arithmetic on one value comes out as a single activation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from hushwork.networks.layers import Array

IDENTITY: Array = np.array([[0.0], [1.0]])


def constant(values: Array) -> Array:
    """The polynomial of degree 0 with these values, (channels,) or (1,)."""
    return values[None, :]


def add(p: Array, q: Array) -> Array:
    """Sum of two polynomials."""
    total = np.zeros((max(len(p), len(q)), max(p.shape[1], q.shape[1])))
    total[: len(p)] += p
    total[: len(q)] += q
    return trimmed(total)


def multiply(p: Array, q: Array) -> Array:
    """Product of two polynomials."""
    product = np.zeros((len(p) + len(q) - 1, max(p.shape[1], q.shape[1])))
    for power, coefficient in enumerate(p):
        product[power : power + len(q)] += coefficient * q
    return trimmed(product)


def raise_to(p: Array, exponent: int) -> Array:
    """Power of a polynomial, exponent >= 0."""
    result: Array = np.ones((1, 1))
    for _ in range(exponent):
        result = multiply(result, p)
    return result


def trimmed(p: Array) -> Array:
    """Without leading powers whose coefficients all vanish."""
    used = np.flatnonzero(p.any(axis=1))
    return p[: used[-1] + 1] if len(used) else p[:1]


def chebyshev_of(p: Array, bound: float = 1.0) -> Array:
    """Coefficients of T_0, T_1, ... in x / bound, of a polynomial in x; same shape."""
    columns = [chebyshev.poly2cheb(power[: k + 1]) for k, power in enumerate(np.eye(len(p)))]
    return _converted(columns, p * _powers(len(p), bound))


def monomials_of(series: Array, bound: float = 1.0) -> Array:
    """Coefficients of the powers of x, of a Chebyshev series in x / bound; same shape."""
    columns = [chebyshev.cheb2poly(unit[: k + 1]) for k, unit in enumerate(np.eye(len(series)))]
    return _converted(columns, series) / _powers(len(series), bound)


def _converted(columns: Sequence[NDArray[Any]], p: Array) -> Array:
    converted: Array = np.stack([np.pad(c, (0, len(p) - len(c))) for c in columns], axis=1) @ p
    return converted


def _powers(count: int, bound: float) -> Array:
    powers: Array = bound ** np.arange(count, dtype=np.float64)[:, None]
    return powers
