"""A network in floats with the layers that it will have in whole numbers.

Values are named after the layers that give them; they are (height, width, channels).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from hushwork.errors import TooLarge
from hushwork.networks import functions, polynomials
from hushwork.networks.functions import Clip, Function, LeakyRelu, Relu
from hushwork.networks.integers import geometry, windows
from hushwork.networks.integers.layers import Window
from hushwork.networks.integers.windows import Array
from hushwork.networks.layers import Polynomial

Shape = tuple[int, int, int]
Activation = Function | Polynomial

POINT = Window((1, 1))


@dataclass(frozen=True, eq=False)
class Product:
    """A convolution, or a matrix product."""

    input: str
    window: Window
    weight: Array
    """(kernel height, kernel width, channels in, channels out)"""


@dataclass(frozen=True, eq=False)
class Multiple:
    """For each channel by itself the sum over a window, times a number."""

    input: str
    window: Window
    factor: float


Term = Product | Multiple


@dataclass(frozen=True, eq=False)
class Total:
    """A sum, and functions of it one after the other."""

    name: str
    """For people."""
    output: str
    terms: tuple[Term, ...]
    bias: Array
    """(channels,), zeros where no term is a product."""
    activations: tuple[Activation, ...] = ()

    @property
    def products(self) -> list[Product]:
        """The terms with weights."""
        return [term for term in self.terms if isinstance(term, Product)]

    @property
    def multiples(self) -> list[Multiple]:
        """The terms without."""
        return [term for term in self.terms if isinstance(term, Multiple)]

    @property
    def is_homogeneous(self) -> bool:
        """Whether positive factors of the sum are those of the output."""
        return all(isinstance(one, Relu | LeakyRelu) for one in self.activations)

    @property
    def rectifies(self) -> bool:
        """Whether all sums below 0 give what 0 gives."""
        first = next(iter(self.activations), None)
        return isinstance(first, Relu) or (isinstance(first, Clip) and first.low >= 0)


@dataclass(frozen=True, eq=False)
class Largest:
    """The maximum over a window."""

    output: str
    input: str
    window: Window


Step = Total | Largest


@dataclass(frozen=True, eq=False)
class Sums:
    """Steps in the order in which they run."""

    input: str
    shapes: Mapping[str, Shape]
    steps: tuple[Step, ...]
    output: Total
    """The last sum, without activations."""


def reads(step: Step) -> tuple[str, ...]:
    """The values that a step reads."""
    return (step.input,) if isinstance(step, Largest) else tuple(t.input for t in step.terms)


def total(step: Total, values: Mapping[str, Array]) -> Array:
    """A sum before its activations."""
    found: Array = step.bias + sum(_term(term, values[term.input]) for term in step.terms)
    return found


def _term(term: Term, x: Array) -> Array:
    if isinstance(term, Product):
        return windows.weighted(x, term.window, term.weight)
    return term.factor * windows.summed(x, term.window)


def activate(activations: Sequence[Activation], x: Array) -> Array:
    """Functions of each element, one after the other; the last axis is the channel."""
    for one in activations:
        if isinstance(one, Polynomial):
            x = polynomials.evaluate(one.series, x)
        else:
            x = functions.apply(one, x)
    return x


def diagonal(term: Multiple, scale: Array) -> Product:
    """The same, and times a number of each channel. Raises TooLarge."""
    weight = zeros(term.input, (*term.window.kernel, len(scale), len(scale)))
    weight[:, :, range(len(scale)), range(len(scale))] = term.factor * scale
    return Product(term.input, term.window, weight)


def zeros(source: str, shape: tuple[int, ...]) -> Array:
    """Weights that read a value, to be filled in. Raises TooLarge."""
    if prod(shape) > geometry.WEIGHTS:
        what = f"the weights, zeros between channels included, of what reads {source!r}"
        raise TooLarge(what, expected=f"at most {geometry.WEIGHTS}", got=prod(shape))
    return np.zeros(shape)
