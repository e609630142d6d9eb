"""From the layers of a network to stages.

Between two products everything is linear, so a value is kept as a *form*, a sum of matrices times
packed values plus a constant, until something must be multiplied. Batch norms, pooling, residual
sums, flattening and the coefficients of polynomials all disappear into the matrices of the next
affine stage and cost no level.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted import dickson
from hushwork.encrypted import matrix as matrices
from hushwork.encrypted.dickson import Block
from hushwork.encrypted.forms import Form, atom_of, folds, is_one_atom
from hushwork.encrypted.matrix import Matrix
from hushwork.encrypted.stages import Affine, Atom, Product, Stages
from hushwork.errors import DoesNotFit
from hushwork.networks import (
    Add,
    Arithmetic,
    AveragePool,
    Convolution,
    Flatten,
    Linear,
    Network,
    Polynomial,
    arithmetic,
)
from hushwork.networks.polynomials import composed, powers, trimmed

Array = NDArray[np.float64]
Shape = tuple[int, ...]

ENTRIES = 1 << 25
"""Most entries of one matrix."""
STEEP = 64.0
"""Largest |b / a| in units of |x| for which a x^2 + b x is computed as a x (x + b / a)."""
SPREAD = 16.0
"""Most by which the coefficients of a polynomial may grow for an atom that is there already."""


def lower(network: Network, magnitudes: dict[str, float], output_factor: float) -> Lowering:
    """Lower a network; `magnitudes` says how large each value usually gets."""
    return Lowering(network, magnitudes, output_factor).finished()


class Lowering:
    """A network lowered up to some layer."""

    def __init__(
        self, network: Network, magnitudes: dict[str, float], output_factor: float
    ) -> None:
        shape = network.input_shape
        stride = (1, 1) if len(shape) == 3 else (0, 0)
        self.network, self.magnitudes, self.factor = network, magnitudes, output_factor
        self.layers = arithmetic(network)
        self.stages = Stages([Atom(network.input, shape, stride, 1.0)])
        self.forms = {network.input: self._form_of(0)}
        self.forks: list[Lowering] = []
        """At convolutions that were joined with an average, which may take a level of its own."""
        self._done = 0

    def finished(self) -> Lowering:
        """Lower the other layers."""
        for layer in self.layers[self._done :]:
            if isinstance(layer, Convolution) and self._averages(layer.inputs[0]):
                self.forks.append(self._copy())
            self.forms[layer.output] = self._layer(layer)
            self._done += 1
        name = self.network.output
        self.stages.output = self._packed(self.forms[name], name, self.factor)
        return self

    def taken(self) -> Lowering:
        """Of a fork: the average by itself, and the other layers. Earlier forks stay what they are,
        this one included."""
        made = self._copy()
        made.forks.append(self)
        source = self.layers[self._done].inputs[0]
        made._pack_value(source, self._usual(source))
        return made.finished()

    def _copy(self) -> Lowering:
        made = copy(self)
        made.stages = Stages(list(self.stages.atoms), list(self.stages.stages))
        made.forms, made.forks = dict(self.forms), list(self.forks)
        return made

    def _averages(self, name: str) -> bool:
        """Whether a value is averages that are no packed value yet."""
        layers = (layer for layer in self.layers if layer.output == name)
        return isinstance(next(layers, None), AveragePool) and not is_one_atom(self.forms[name])

    def _form_of(self, atom: int) -> Form:
        made = self.stages.atoms[atom]
        size = int(np.prod(made.shape))
        scale = Matrix.diagonal(np.full(size, 1 / made.factor))
        return Form(made.shape, made.shape, made.stride, {atom: scale}, np.zeros(size))

    def atom(self, name: str, like: Form, factor: float) -> int:
        """Number of a new atom, where a form lies."""
        self.stages.atoms.append(Atom(name, like.image, like.stride, factor))
        return len(self.stages.atoms) - 1

    def _packed(self, form: Form, name: str, factor: float) -> int:
        """Spend a level: an atom that is `factor` times the form."""
        atom = self.atom(name, form, factor)
        scaled = form.scaled(np.full(len(form.constant), factor))
        stage = Affine(name, atom, tuple(scaled.terms.items()), scaled.constant)
        self.stages.stages.append(stage)
        return atom

    def _layer(self, layer: Arithmetic) -> Form:
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

    def _linear(
        self, layer: Arithmetic, matrix: Matrix, bias: Array, stride: tuple[int, int]
    ) -> Form:
        source = layer.inputs[0]
        if not folds(matrix, list(self.forms[source].terms.values())):
            self._pack_value(source, self._usual(source))
        shape = self.network.shapes[layer.output]
        return self.forms[source].mapped(matrix, bias, shape, stride)

    def _pack_value(self, name: str, size: float) -> Form:
        """Spend a level: a value as one atom, which is so large where the value is about one."""
        form = self.forms[name]
        packed = self._form_of(self._packed(form, name, size))
        self.forms[name] = replace(packed, shape=form.shape)
        return self.forms[name]

    def _usual(self, name: str) -> float:
        """A power of two that makes a value about one."""
        return _power_of_two_below(1 / self.magnitudes[name])

    def _polynomial(self, layer: Polynomial, form: Form) -> Form:
        series = _by_element(layer.series, form.shape)
        if len(series) <= 2:
            slope = series[1] if len(series) == 2 else np.zeros(len(form.constant))
            scaled = form.scaled(slope)
            return replace(scaled, constant=scaled.constant + series[0])
        source = layer.inputs[0]
        if len(series) == 3:
            form = form if is_one_atom(form) else self._pack_value(source, self._usual(source))
            atom, slope = atom_of(form)
            size = self.magnitudes[source] * self.stages.atoms[atom].factor
            parabola = _substituted(powers(series), slope, form.constant)
            return _Products(self, layer.name, form).parabola(parabola, size)
        bound = self.network.bounds.get(source, 1 / self._usual(source))
        if not is_one_atom(form) or not _spans(form, series, bound):
            form = self._pack_value(source, 2 / bound)
        return _Products(self, layer.name, form).series(_in_atom(form, series))


def _in_atom(form: Form, series: Array) -> Array:
    """A polynomial of a form as a Chebyshev series in half of its atom."""
    return composed(series, 2 * atom_of(form)[1], form.constant)


def _spans(form: Form, series: Array, bound: float) -> bool:
    """Whether the atom stays within [-2, 2] while the form stays within its bound, and fills it.

    Where it fills a part only, the coefficients grow, and with them the noise.
    """
    _, slope = atom_of(form)
    if not (bound + np.abs(form.constant) <= 2.001 * np.abs(slope)).all():
        return False
    least = np.abs(composed(series, bound)).sum(axis=0)
    return bool((np.abs(_in_atom(form, series)).sum(axis=0) <= SPREAD * least).all())


class _Products:
    """Products of the one atom of a form with itself, each made once."""

    def __init__(self, lowering: Lowering, name: str, form: Form) -> None:
        self.lowering, self.name, self.form = lowering, name, form
        self.made = {1: atom_of(form)[0]}

    def parabola(self, coefficients: Array, size: float) -> Form:
        """a u^2 + b u as a u (u + b / a), unless that is too steep for an atom of this size."""
        constant, slope, square = coefficients
        plain = np.abs(slope) <= STEEP * size * np.abs(square)
        shift = np.divide(slope, square, out=np.zeros_like(slope), where=plain & (square != 0))
        u = self.made[1]
        squared = self._product(f"{self.name} ^2", (u, u), shift)
        return self._sum(constant, {u: np.where(plain, 0, slope), squared: square})

    def series(self, series: Array) -> Form:
        """The polynomial with this Chebyshev series in half of the atom."""
        way = dickson.fewest(series)
        constant, parts = dickson.in_terms(series, way)
        made: dict[int, Array] = {}
        for block in way:
            inside = {k - block.top: parts.pop(k) for k in block.degrees if k in parts}
            if inside:
                made |= self._block(block, inside)
        for k in parts:
            self._element(k)
        return self._sum(constant, {self.made[k]: part for k, part in parts.items()} | made)

    def _block(self, block: Block, parts: dict[int, Array]) -> dict[int, Array]:
        """The atom of a block, and what to multiply it with."""
        for k in (*parts, *block.giants):
            self._element(k)
        size = _power_of_two_below(1 / max(float(np.abs(part).max()) for part in parts.values()))
        stages, name = self.lowering.stages, f"{self.name} {block.top}+"
        terms = tuple((self.made[k], Matrix.diagonal(size * part)) for k, part in parts.items())
        atom = self.lowering.atom(name, self.form, 1.0)
        zero = np.zeros(len(self.form.constant))
        stages.stages.append(Affine(self.name, atom, terms, zero, in_place=True))
        for h in block.giants:
            atom = self._product(f"{name} {h}", (atom, self.made[h]), zero + dickson.missing(h))
        return {atom: zero + 1 / size}

    def _sum(self, constant: Array, parts: dict[int, Array]) -> Form:
        terms = {atom: Matrix.diagonal(part) for atom, part in parts.items() if part.any()}
        # A constant is still a ciphertext, for whatever reads it.
        nothing = {self.made[1]: Matrix.diagonal(np.zeros_like(constant))}
        return replace(self.form, terms=terms or nothing, constant=constant)

    def _element(self, k: int) -> None:
        if k not in self.made:
            a, b, shift = dickson.factors(k)
            self._element(a)
            self._element(b)
            shifts = np.full(len(self.form.constant), shift)
            pair = self.made[a], self.made[b]
            self.made[k] = self._product(f"{self.name} ^{k}", pair, shifts)

    def _product(self, name: str, pair: tuple[int, int], shift: Array) -> int:
        output = self.lowering.atom(name, self.form, 1.0)
        made = Product(self.name, output, *pair, shift if shift.any() else None)
        self.lowering.stages.stages.append(made)
        return output


def _by_element(series: Array, shape: Shape) -> Array:
    """(degree + 1, elements), without leading terms that are zero everywhere."""
    kept = trimmed(series)
    whole = np.broadcast_to(kept, (len(kept), shape[0]))
    return np.repeat(whole, int(np.prod(shape[1:])), axis=1)


def _substituted(parabola: Array, slope: Array, constant: Array) -> Array:
    """Coefficients of p(slope * u + constant) in u."""
    c, b, a = parabola
    return np.stack(
        [c + constant * (b + a * constant), slope * (b + 2 * a * constant), a * slope**2]
    )


def _power_of_two_below(x: float) -> float:
    return float(2.0 ** np.floor(np.log2(x)))


def _times(stride: tuple[int, int], by: tuple[int, int]) -> tuple[int, int]:
    return stride[0] * by[0], stride[1] * by[1]


def _check_size(layer: Arithmetic, entries: int) -> None:
    """Refuse matrices beyond memory, before they are made."""
    if entries > ENTRIES:
        most = f"at most {ENTRIES} weights, counted at every position"
        raise DoesNotFit(f"layer {layer.name!r} is too large", expected=most, got=entries)
