"""Polynomials for functions of one number, where the numbers that a network meets are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from hushwork.networks.adapt.nodes import Series

Array = NDArray[np.float64]
Function = Callable[[Array], Array]
"""Of (points, groups), where every group may have its own."""

POINTS = 256
"""Chebyshev points at which functions are fitted."""
NUMBERS = 1 << 15
"""Most numbers of a group by which the spread is judged; the range is that of all of them."""
EVERYWHERE = 0.05
"""Share of the weight that lies evenly on the whole range, so that nothing explodes in it."""
NARROWEST = 0.05
"""Least half-width of a group's range, as a part of the widest."""


@dataclass(frozen=True, eq=False)
class Range:
    """Where the numbers of each group lie, and how they are spread."""

    centre: Array
    """(groups,)"""
    half: Array
    """(groups,)"""
    weights: Array
    """(POINTS, groups): share of the numbers nearest to each Chebyshev point, by angle"""


@dataclass(frozen=True, eq=False)
class Fit:
    """A polynomial, and how far it is from the function."""

    series: Series
    error: float
    """Root mean square of the difference, over that of the function, as the numbers are spread."""


def points() -> Array:
    """Chebyshev points of the first kind, from 1 down to -1."""
    nodes: Array = np.cos((np.arange(POINTS) + 0.5) * np.pi / POINTS)
    return nodes


def spread(values: NDArray[Any], margin: float, *, symmetric: bool = False) -> Range:
    """Range of each row of (groups, numbers): that of the numbers, times a margin.

    With `symmetric` it lies about 0. No range is narrower than a part of the widest one.
    """
    low, high = (edge(axis=1).astype(np.float64) for edge in (values.min, values.max))
    if symmetric:
        high = np.maximum(np.abs(low), np.abs(high))
        low = -high
    centre, half = (high + low) / 2, (high - low) / 2 * margin
    half = np.maximum(half, max(NARROWEST * float(half.max()), 1e-6))
    if values.shape[1] > NUMBERS:
        values = values[:, np.random.default_rng(0).integers(values.shape[1], size=NUMBERS)]
    t = np.clip((values - centre[:, None]) / half[:, None], -1, 1)
    bins = np.minimum((np.arccos(t) * POINTS / np.pi).astype(int), POINTS - 1)
    counts = [np.bincount(row, minlength=POINTS) / values.shape[1] for row in bins]
    return Range(centre, half, np.stack(counts, axis=1))


def fit(function: Function, where: Range, degree: int, *, even: bool = False) -> Fit:
    """The polynomial of this degree that is closest to a function in the mean.

    For each group it minimises the sum over the 256 Chebyshev points t_j of the group's range of
    w_j (p(t_j) - f(t_j))^2, in the basis T_0, ..., T_degree, or of its even members alone. The
    weight w_j is 0.95 times the share of the observed numbers in the j-th of 256 cells of equal
    angle, plus 0.05 times the length of that cell over that of the range.
    """
    degree -= degree % 2 if even else 0
    t = points()
    lengths = np.sin(np.arccos(t))
    weights = (1 - EVERYWHERE) * where.weights + EVERYWHERE * (lengths / lengths.sum())[:, None]
    wanted = function(where.centre + where.half * t[:, None])
    basis = chebyshev.chebvander(t, degree)[:, :: 2 if even else 1]
    coefficients = np.zeros((degree + 1, len(where.half)))
    for group in range(len(where.half)):
        root = np.sqrt(weights[:, group])
        solved = np.linalg.lstsq(basis * root[:, None], wanted[:, group] * root)[0]
        coefficients[:: 2 if even else 1, group] = solved
    found = chebyshev.chebvander(t, degree) @ coefficients
    missed = (where.weights * (found - wanted) ** 2).sum()
    size = (where.weights * wanted**2).sum()
    error = float(np.sqrt(missed / size)) if size > 0 else 0.0
    return Fit(Series(where.centre, where.half, coefficients), error)
