"""Sums in whole numbers at a given scale: what one unit of an integer stands for.

All terms of a sum share the scale of its accumulator, from which those of its weights follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import floor, prod

import numpy as np
from numpy.typing import NDArray

from hushwork.networks.integers import geometry
from hushwork.networks.integers.exact import accumulate
from hushwork.networks.integers.geometry import Value
from hushwork.networks.integers.layers import FACTOR, Fixed, Sum, Term, Weighted
from hushwork.networks.integers.network import Parameters
from hushwork.networks.integers.sums import Product, Total
from hushwork.networks.integers.windows import Array

LARGEST = 127
"""Of the weights that are made here."""


@dataclass(frozen=True, eq=False)
class Known:
    """A value that has been quantised, and what it is for some inputs."""

    number: int
    value: Value
    scale: float
    real: Array
    """(n, height, width, channels), as the network has it,"""
    whole: Array
    """and in whole numbers, as the quantised network has it."""

    def first(self, count: int) -> Known:
        """For fewer inputs."""
        return replace(self, real=self.real[:count], whole=self.whole[:count])


Values = Mapping[str, Known]


@dataclass(frozen=True, eq=False)
class Rounded:
    """A sum in whole numbers, without its bias."""

    terms: tuple[Term, ...]
    weights: tuple[NDArray[np.int8], ...]
    scale: float

    def accumulators(self, known: Values) -> Array:
        """What it gives, exactly."""
        values = {one.number: one.whole for one in known.values()}
        return accumulate(Sum(self.terms, False), Parameters(self.weights), values)


def rounded(step: Total, known: Values, scale: float) -> Rounded:
    """A sum at a scale, or the next one for which the largest factor is a whole number."""
    sizes = [abs(term.factor) * known[term.input].scale for term in step.multiples]
    if sizes:
        scale = max(sizes) / _factor(floor(max(sizes) / scale))
    terms: list[Term] = []
    weights = []
    for term in step.terms:
        source = known[term.input]
        ratio = source.scale / scale
        if isinstance(term, Product):
            whole = np.clip(np.rint(term.weight * ratio), -LARGEST, LARGEST)
            weights.append(whole.astype(np.int8))
            terms.append(Weighted(source.number, term.window, term.weight.shape[3]))
        else:
            factor = _factor(round(abs(term.factor) * ratio))
            terms.append(Fixed(source.number, term.window, factor if term.factor > 0 else -factor))
    return Rounded(tuple(terms), tuple(weights), scale)


def _factor(wanted: int) -> int:
    return min(FACTOR, max(1, wanted))


def least_scale(step: Total, known: Values) -> float:
    """The finest scale at which weights, factors and bias are within their ranges."""
    reach = sum(
        geometry.LARGEST_WEIGHT * prod(term.weight.shape[:3]) * known[term.input].value.reach
        for term in step.products
    )
    found: float = max(
        np.abs(step.bias).max() / max(reach, 1),
        *(np.abs(t.weight).max() * known[t.input].scale / LARGEST for t in step.products),
        *(abs(t.factor) * known[t.input].scale / FACTOR for t in step.multiples),
    )
    return float(found)


def bias(before: Array, acc: Array, scale: float) -> Array:
    """The whole bias with which a sum is right in the mean, for each channel.

    That is the bias of the network, plus what rounding has taken away in the mean; `before` is what
    the sum should be, and `acc` its accumulators without a bias.
    """
    missing: Array = before.mean(axis=(0, 1, 2)) / scale - acc.mean(axis=(0, 1, 2))
    return np.floor(missing + 0.5)
