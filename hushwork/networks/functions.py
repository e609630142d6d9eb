"""Functions of one number that are no polynomials, as `Pointwise` layers apply them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Relu:
    """max(x, 0)."""


@dataclass(frozen=True)
class LeakyRelu:
    """x above 0, and slope * x below."""

    slope: float


@dataclass(frozen=True)
class Clip:
    """The nearest number in [low, high]; either end may be infinite."""

    low: float
    high: float


@dataclass(frozen=True)
class Sigmoid:
    """1 / (1 + exp(-x))."""


@dataclass(frozen=True)
class Tanh:
    """Hyperbolic tangent."""


Function = Relu | LeakyRelu | Clip | Sigmoid | Tanh


def apply(function: Function, x: Array) -> Array:
    """The function of each element."""
    match function:
        case Relu():
            return np.maximum(x, 0.0)
        case LeakyRelu(slope):
            return np.where(x < 0, slope * x, x)
        case Clip(low, high):
            return np.clip(x, low, high)
        case Sigmoid():
            return 0.5 + 0.5 * np.tanh(x / 2)
        case Tanh():
            return np.tanh(x)
