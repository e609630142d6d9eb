"""Parabolas with coefficients of each channel, as a square that is the same for all of them.

a x^2 + b x + c = sign(a) t^2 + c - b^2 / 4a with t = sqrt|a| (x + b / 2a): what comes before the
square goes into the weights before it, what comes after it into those of whoever reads it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from hushwork.errors import UnsupportedOperator
from hushwork.networks.integers.sums import (
    Largest,
    Multiple,
    Product,
    Sums,
    Term,
    Total,
    diagonal,
    reads,
)
from hushwork.networks.integers.windows import Array
from hushwork.networks.layers import Polynomial
from hushwork.networks.polynomials import powers

SQUARE = np.array([[0.5], [0.0], [0.5]])
"""x^2 as a Chebyshev series."""


def with_squares(sums: Sums) -> Sums:
    """The same network without coefficients of each channel.

    Raises UnsupportedOperator, naming the polynomial, where that cannot be.
    """
    rewriting = _Rewriting(sums)
    for name in list(rewriting.totals):
        match rewriting.totals[name].activations:
            case (Polynomial() as polynomial, *_) if polynomial.series.shape[1] > 1:
                rewriting.square(name, polynomial)
    return rewriting.finished()


@dataclass(frozen=True, eq=False)
class _Map:
    """scale * x + shift, of each channel."""

    scale: Array
    shift: Array


class _Rewriting:
    """The sums of a network, rewritten one by one."""

    def __init__(self, sums: Sums) -> None:
        self.sums = sums
        steps = (*sums.steps, sums.output)
        self.totals = {step.output: step for step in steps if isinstance(step, Total)}

    def finished(self) -> Sums:
        """All steps as they are now."""
        steps = tuple(self.totals.get(step.output, step) for step in self.sums.steps)
        return replace(self.sums, steps=steps, output=self.totals[self.sums.output.output])

    def square(self, name: str, polynomial: Polynomial) -> None:
        """Write the parabola of a sum as a square."""
        before, after = _maps(polynomial)
        step = _mapped(self.totals[name], before)
        self.totals[name] = replace(step, activations=(replace(polynomial, series=SQUARE),))
        _Absorbing(self, polynomial.name).value(name, after)


def _maps(polynomial: Polynomial) -> tuple[_Map, _Map]:
    """What comes before a square, and what after it."""
    if polynomial.degree > 2:
        raise _refusal(polynomial.name, "degree 2", f"degree {polynomial.degree}")
    constant, slope, square = powers(polynomial.series)
    if not square.all():
        raise _refusal(polynomial.name, "a square in every channel", "a straight line")
    root = np.sqrt(np.abs(square))
    before = _Map(root, root * slope / (2 * square))
    return before, _Map(np.sign(square), constant - slope**2 / (4 * square))


def _mapped(step: Total, before: _Map) -> Total:
    """A map of a sum, in the weights, which every term has then."""
    terms = tuple(
        replace(term, weight=term.weight * before.scale)
        if isinstance(term, Product)
        else diagonal(term, before.scale)
        for term in step.terms
    )
    return replace(step, terms=terms, bias=step.bias * before.scale + before.shift)


@dataclass(frozen=True)
class _Absorbing:
    """Gives the readers of a value the map that must still be taken of it."""

    rewriting: _Rewriting
    name: str
    """Of the polynomial."""

    def value(self, name: str, after: _Map) -> None:
        """All that read a value; maxima and means of it pass the map on."""
        for step in self.rewriting.sums.steps:
            if isinstance(step, Largest) and step.input == name:
                if after.scale.min() < 0:
                    raise _refusal(self.name, "squares that open upwards", "a maximum of others")
                self.value(step.output, after)
        totals = self.rewriting.totals
        for step in [step for step in totals.values() if name in reads(step)]:
            if self._passes(step, after):
                (term,) = step.multiples
                size = term.factor * prod(term.window.kernel)
                self.value(step.output, _Map(after.scale, after.shift * size))
            else:
                totals[step.output] = self._absorbed(step, name, after)

    def _passes(self, step: Total, after: _Map) -> bool:
        """Whether a sum is a mean that somebody else reads."""
        is_mean = len(step.terms) == len(step.multiples) == 1 and not step.activations
        is_last = step.output == self.rewriting.sums.output.output
        is_padded = any(any(term.window.padding) for term in step.terms)
        return is_mean and not is_last and not (is_padded and after.shift.any())

    def _absorbed(self, step: Total, name: str, after: _Map) -> Total:
        terms: list[Term] = []
        bias = step.bias
        for term in step.terms:
            if term.input != name:
                terms.append(term)
                continue
            product = self._read(term, after)
            bias = bias + np.einsum("hwio,i->o", product.weight, after.shift)
            terms.append(replace(product, weight=product.weight * after.scale[:, None]))
        return replace(step, terms=tuple(terms), bias=bias)

    def _read(self, term: Term, after: _Map) -> Product:
        """A term with weights, to which the map can be given."""
        if any(term.window.padding) and after.shift.any():
            raise _refusal(self.name, "no padding around what is computed from it", "padding")
        return diagonal(term, np.ones(len(after.scale))) if isinstance(term, Multiple) else term


def _refusal(name: str, expected: str, got: str) -> UnsupportedOperator:
    what = f"the polynomial {name} has coefficients of each channel"
    return UnsupportedOperator(what, expected=expected, got=got)
