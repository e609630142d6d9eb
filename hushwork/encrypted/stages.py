"""A network as stages: affine maps and products of packed values.

Between two products everything is linear, so a value is kept as a *form*, a sum of matrices times
packed values plus a constant, until something must be multiplied. Batch norms, pooling, residual
sums, flattening and the coefficients of polynomials all disappear into the matrices of the next
affine stage and cost no level.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import comb

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted import matrix as matrices
from hushwork.encrypted.matrix import Matrix
from hushwork.errors import DoesNotFit
from hushwork.networks import (
    Add,
    AveragePool,
    Convolution,
    Flatten,
    Layer,
    Linear,
    Network,
    Polynomial,
)

Array = NDArray[np.float64]
Shape = tuple[int, ...]

FOLDED = 1 << 20
"""Two linear layers become one if that takes at most so many scalar products, or four times
those of the two."""
ENTRIES = 1 << 25
"""Most entries of one matrix."""
STEEP = 64.0
"""Largest |b / a| in units of |x| for which a x^2 + b x is computed as a x (x + b / a)."""


@dataclass(frozen=True, eq=False)
class Atom:
    """A value that is packed into ciphertexts."""

    name: str
    shape: Shape
    stride: tuple[int, int]
    """Input pixels from one position to the next; (0, 0) where there are no positions."""
    factor: float
    """The atom is this factor times the value it stands for."""


@dataclass(frozen=True, eq=False)
class Affine:
    """output = sum of matrices times inputs + bias: one level."""

    name: str
    output: int
    terms: tuple[tuple[int, Matrix], ...]
    bias: Array


@dataclass(frozen=True, eq=False)
class Product:
    """output = a * (b + shift): one level."""

    name: str
    output: int
    a: int
    b: int
    shift: Array | None


Stage = Affine | Product


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


@dataclass
class Stages:
    """The stages of a network, and the atoms that they make. Atom 0 is the input."""

    atoms: list[Atom]
    stages: list[Stage] = field(default_factory=list)
    output: int = 0


def lower(network: Network, magnitudes: dict[str, float], output_factor: float) -> Stages:
    """Stages of a network; `magnitudes` says how large each value usually gets."""
    return _Lowering(network, magnitudes).run(output_factor)


class _Lowering:
    def __init__(self, network: Network, magnitudes: dict[str, float]) -> None:
        shape = network.input_shape
        stride = (1, 1) if len(shape) == 3 else (0, 0)
        self.network, self.magnitudes = network, magnitudes
        self.result = Stages([Atom(network.input, shape, stride, 1.0)])
        self.forms = {network.input: self._form_of(0)}

    def run(self, output_factor: float) -> Stages:
        for layer in self.network.layers:
            self.forms[layer.output] = self._layer(layer)
        name = self.network.output
        self.result.output = self._packed(self.forms[name], name, output_factor)
        return self.result

    def _form_of(self, atom: int) -> Form:
        made = self.result.atoms[atom]
        size = int(np.prod(made.shape))
        scale = Matrix.diagonal(np.full(size, 1 / made.factor))
        return Form(made.shape, made.shape, made.stride, {atom: scale}, np.zeros(size))

    def atom(self, name: str, like: Form, factor: float) -> int:
        self.result.atoms.append(Atom(name, like.image, like.stride, factor))
        return len(self.result.atoms) - 1

    def _packed(self, form: Form, name: str, factor: float) -> int:
        """Spend a level: an atom that is `factor` times the form."""
        atom = self.atom(name, form, factor)
        scaled = form.scaled(np.full(len(form.constant), factor))
        stage = Affine(name, atom, tuple(scaled.terms.items()), scaled.constant)
        self.result.stages.append(stage)
        return atom

    def _layer(self, layer: Layer) -> Form:
        form = self.forms[layer.inputs[0]]
        shape = self.network.shapes[layer.output]
        match layer:
            case Add():
                return form.plus(self.forms[layer.inputs[1]])
            case Flatten():
                return replace(form, shape=shape)
            case Polynomial():
                return self._polynomial(layer, form)
            case Linear():
                _check_size(layer, layer.weight.size)
                return self._linear(layer, matrices.linear(layer), layer.bias, (0, 0))
            case Convolution():
                _check_size(layer, layer.weight.size * shape[1] * shape[2])
                matrix = matrices.convolution(layer, form.shape, shape)
                bias = np.repeat(layer.bias, shape[1] * shape[2])
                return self._linear(layer, matrix, bias, _times(form.stride, layer.stride))
            case AveragePool():
                _check_size(layer, int(np.prod(layer.kernel)) * int(np.prod(shape)))
                matrix = matrices.average_pool(layer, form.shape, shape)
                bias = np.zeros(matrix.rows)
                return self._linear(layer, matrix, bias, _times(form.stride, layer.stride))

    def _linear(self, layer: Layer, matrix: Matrix, bias: Array, stride: tuple[int, int]) -> Form:
        source = layer.inputs[0]
        if not all(_folds(matrix, term) for term in self.forms[source].terms.values()):
            self.forms[source] = self._pack_value(source)
        shape = self.network.shapes[layer.output]
        return self.forms[source].mapped(matrix, bias, shape, stride)

    def _pack_value(self, name: str) -> Form:
        factor = _power_of_two_below(1 / self.magnitudes[name])
        form = self.forms[name]
        packed = self._form_of(self._packed(form, name, factor))
        return replace(packed, shape=form.shape)

    def _polynomial(self, layer: Polynomial, form: Form) -> Form:
        coefficients = _by_element(layer.coefficients, form.shape)
        if len(coefficients) <= 2:
            slope = coefficients[1] if len(coefficients) == 2 else np.zeros(len(form.constant))
            scaled = form.scaled(slope)
            return replace(scaled, constant=scaled.constant + coefficients[0])
        source = layer.inputs[0]
        if not _is_one_atom(form):
            form = self.forms[source] = self._pack_value(source)
        ((atom, matrix),) = form.terms.items()
        slope = matrix.apply(np.ones(matrix.columns))
        coefficients = _substituted(coefficients, slope, form.constant)
        size = self.magnitudes[source] * self.result.atoms[atom].factor
        powers = _Powers(self, atom, layer.name, replace(form, terms={}, constant=coefficients[0]))
        return powers.form(coefficients, size)


def _is_one_atom(form: Form) -> bool:
    return len(form.terms) == 1 and all(term.is_diagonal for term in form.terms.values())


def _folds(matrix: Matrix, term: Matrix) -> bool:
    products = matrix.products(term)
    both = len(matrix.value) + len(term.value)
    return term.is_diagonal or products <= max(FOLDED, 4 * both)


class _Powers:
    """Powers of one atom, each made once."""

    def __init__(self, lowering: _Lowering, atom: int, name: str, empty: Form) -> None:
        self.lowering, self.name, self.empty = lowering, name, empty
        self.made = {1: atom}

    def form(self, coefficients: Array, size: float) -> Form:
        """The polynomial with these coefficients of each element."""
        degree = len(coefficients) - 1
        terms: dict[int, Matrix] = {}
        if degree == 2:
            slope, square = coefficients[1], coefficients[2]
            plain = np.abs(slope) <= STEEP * size * np.abs(square)
            shift = np.divide(slope, square, out=np.zeros_like(slope), where=plain & (square != 0))
            self._product(2, 1, 1, shift if shift.any() else None)
            coefficients = np.stack([coefficients[0], np.where(plain, 0, slope), square])
        for power in range(1, degree + 1):
            if coefficients[power].any():
                terms[self._power(power)] = Matrix.diagonal(coefficients[power])
        # A constant is still a ciphertext, for whatever reads it.
        return replace(self.empty, terms=terms or {self.made[1]: Matrix.diagonal(coefficients[1])})

    def _power(self, power: int) -> int:
        if power not in self.made:
            high = 1 << ((power - 1).bit_length() - 1)
            self._power(high)
            self._power(power - high)
            self._product(power, high, power - high, None)
        return self.made[power]

    def _product(self, power: int, a: int, b: int, shift: Array | None) -> None:
        output = self.lowering.atom(f"{self.name} ^{power}", self.empty, 1.0)
        stage = Product(self.name, output, self.made[a], self.made[b], shift)
        self.lowering.result.stages.append(stage)
        self.made[power] = output


def _by_element(coefficients: Array, shape: Shape) -> Array:
    """(degree + 1, elements), without leading powers that are zero everywhere."""
    used = np.flatnonzero(coefficients.any(axis=1))
    kept = coefficients[: max(used, default=0) + 1]
    whole = np.broadcast_to(kept, (len(kept), shape[0]))
    return np.repeat(whole, int(np.prod(shape[1:])), axis=1)


def _substituted(coefficients: Array, slope: Array, constant: Array) -> Array:
    """Coefficients of p(slope * u + constant) in u."""
    degree = len(coefficients) - 1
    result = np.zeros_like(coefficients)
    for power in range(degree + 1):
        for k in range(power + 1):
            part = comb(power, k) * constant ** (power - k) * slope**k
            result[k] += coefficients[power] * part
    return result


def _power_of_two_below(x: float) -> float:
    return float(2.0 ** np.floor(np.log2(x)))


def _times(stride: tuple[int, int], by: tuple[int, int]) -> tuple[int, int]:
    return stride[0] * by[0], stride[1] * by[1]


def _check_size(layer: Layer, entries: int) -> None:
    """Refuse matrices beyond memory, before they are made."""
    if entries > ENTRIES:
        most = f"at most {ENTRIES} weights, counted at every position"
        raise DoesNotFit(f"layer {layer.name!r} is too large", expected=most, got=entries)
