"""Polynomials of each channel, as Chebyshev series: arrays (degree + 1, channels or 1).

Row k holds coefficients of T_k of the argument itself. Where it lies in [-1, 1], the coefficients
of a polynomial are no larger than twice the polynomial, whatever the degree; those of its powers
grow by 2.4 with each degree, which takes all digits of float64 at 42. The reader carries every
tensor as such a series in the output of a layer, so that any arithmetic on one value comes out as
one activation.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import chebyshev

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
    """Product of two polynomials: 2 T_j T_k = T_(j+k) + T_|j-k|."""
    product = np.zeros((len(p) + len(q) - 1, max(p.shape[1], q.shape[1])))
    for k, coefficient in enumerate(p):
        half = coefficient * q / 2
        product[k : k + len(q)] += half
        np.add.at(product, np.abs(k - np.arange(len(q))), half)
    return trimmed(product)


def raise_to(p: Array, exponent: int) -> Array:
    """Power of a polynomial, exponent >= 0."""
    result: Array = np.ones((1, 1))
    for _ in range(exponent):
        result = multiply(result, p)
    return result


def trimmed(p: Array) -> Array:
    """Without leading terms whose coefficients all vanish."""
    used = np.flatnonzero(p.any(axis=1))
    return p[: used[-1] + 1] if len(used) else p[:1]


def evaluate(p: Array, x: Array) -> Array:
    """p(x) by Clenshaw's recurrence; x is (..., channels or 1)."""
    one, two = np.zeros_like(x), np.zeros_like(x)
    for row in p[:0:-1]:
        one, two = row + 2 * x * one - two, one
    value: Array = p[0] + x * one - two
    return value


def composed(p: Array, scale: Array | float, shift: Array | float = 0.0) -> Array:
    """The polynomial t -> p(scale t + shift), each (channels,) or one number."""
    count = len(p)
    angles = (np.arange(count) + 0.5) * np.pi / count
    values = evaluate(p, np.cos(angles)[:, None] * scale + shift)
    basis = np.cos(np.outer(np.arange(count), angles)) * (2 / count)
    basis[0] /= 2
    series: Array = basis @ values
    return series


def powers(p: Array) -> Array:
    """Coefficients of the powers of the argument, lowest first; of small degrees only."""
    columns = [chebyshev.cheb2poly(unit[: k + 1]) for k, unit in enumerate(np.eye(len(p)))]
    converted: Array = np.stack([np.pad(c, (0, len(p) - len(c))) for c in columns], axis=1) @ p
    return converted
