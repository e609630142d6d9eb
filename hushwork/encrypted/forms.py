"""A value as a linear function of what is packed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.matrix import Matrix

Array = NDArray[np.float64]
Shape = tuple[int, ...]

FOLDED = 1 << 20
"""A linear layer is joined with those before it if that takes at most so many scalar products, or
four times those of all of them."""


@dataclass(frozen=True, eq=False)
class Form:
    """A value as a linear function of atoms."""

    shape: Shape
    image: Shape
    """The shape before it was flattened: what its layout goes by."""
    stride: tuple[int, int]
    terms: dict[int, Matrix]
    constant: Array

    def mapped(self, matrix: Matrix, bias: Array, shape: Shape, stride: tuple[int, int]) -> Form:
        """matrix times this, plus bias."""
        terms = {atom: matrix @ term for atom, term in self.terms.items()}
        return Form(shape, shape, stride, terms, matrix.apply(self.constant) + bias)

    def scaled(self, factors: Array) -> Form:
        """Each element times its factor."""
        terms = {atom: term.scaled(factors) for atom, term in self.terms.items()}
        return replace(self, terms=terms, constant=self.constant * factors)

    def plus(self, other: Form) -> Form:
        """Sum of two forms of one shape."""
        terms = dict(self.terms)
        for atom, term in other.terms.items():
            terms[atom] = terms[atom] + term if atom in terms else term
        return replace(self, terms=terms, constant=self.constant + other.constant)


def is_one_atom(form: Form) -> bool:
    """Whether it only scales one atom, and shifts it."""
    return len(form.terms) == 1 and all(term.is_diagonal for term in form.terms.values())


def atom_of(form: Form) -> tuple[int, Array]:
    """The one atom of a form, and the factor of each element."""
    ((atom, matrix),) = form.terms.items()
    return atom, matrix.apply(np.ones(matrix.columns))


def folds(matrix: Matrix, terms: list[Matrix]) -> bool:
    """Whether a layer reads the atoms of a form, rather than the form packed as one."""
    products = sum(matrix.products(term) for term in terms)
    apart = len(matrix.value) + sum(len(term.value) for term in terms)
    is_scaled = len(terms) == 1 and terms[0].is_diagonal
    return is_scaled or products <= max(FOLDED, 4 * apart)
