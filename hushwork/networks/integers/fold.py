"""From typed layers to sums: flattening, biases and functions go into the sums beside them."""

from __future__ import annotations

from collections import Counter
from math import prod

import numpy as np

from hushwork.errors import UnsupportedOperator
from hushwork.networks.functions import LeakyRelu
from hushwork.networks.integers.layers import TERMS, Window
from hushwork.networks.integers.sums import (
    POINT,
    Activation,
    Largest,
    Multiple,
    Product,
    Shape,
    Step,
    Sums,
    Term,
    Total,
    diagonal,
    zeros,
)
from hushwork.networks.integers.unroll import unrolled
from hushwork.networks.integers.windows import Array
from hushwork.networks.layers import (
    Add,
    AveragePool,
    Convolution,
    Flatten,
    Layer,
    Linear,
    MaxPool,
    Network,
    Pointwise,
    Polynomial,
)
from hushwork.networks.polynomials import trimmed


def folded(network: Network) -> Sums:
    """The network as sums. Raises UnsupportedOperator or TooLarge."""
    folding = _Folding(network)
    for layer in network.layers:
        folding.layer(layer)
    return folding.finished()


class _Folding:
    """The layers folded so far."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.steps: dict[str, Step] = {}
        self.shapes = {network.input: _channels_last(network.input_shape)}
        self.stands = {network.input: network.input}
        """The value here that has the elements of a value of the network."""
        self.readers: Counter[str] = Counter()
        """How many layers read a value here, in the form that it has now."""
        self._reads = _reads(network)
        self.readers[network.input] = self._reads[network.input]

    def layer(self, layer: Layer) -> None:
        """Fold one more."""
        source = self.stands[layer.inputs[0]]
        match layer:
            case Convolution():
                weight = _expanded(layer).transpose(2, 3, 1, 0)
                window = Window(layer.weight.shape[2:], layer.stride, layer.padding)
                self._total(layer, (Product(source, window, weight),), layer.bias)
            case Linear():
                self._total(layer, (self._dense(layer, source),), layer.bias)
            case AveragePool():
                window = Window(layer.kernel, layer.stride, layer.padding)
                factor = 1 / self._divisor(layer, source)
                self._total(layer, (Multiple(source, window, factor),))
            case MaxPool():
                window = Window(layer.kernel, layer.stride, layer.padding)
                self._add(layer, Largest(layer.output, source, window))
            case Flatten():
                self.stands[layer.output] = source
            case Add():
                self._sum(layer)
            case Polynomial():
                self._polynomial(layer, source)
            case Pointwise():
                self._activate(layer, source, layer.function)

    def finished(self) -> Sums:
        """All of them, and a sum for the output."""
        name = self.stands[self.network.output]
        last = self._own(name)
        if prod(self.shapes[name][:2]) != 1:
            if last is None:
                expected = "a sum: a dense layer, a convolution or a mean"
                raise UnsupportedOperator("the output", expected=expected, got="a flattened image")
            last = unrolled(last, self.shapes[name], self.shapes)
            self.shapes[name] = (1, 1, prod(self.shapes[name]))
        if last is not None:
            del self.steps[name]
        else:
            terms = (Multiple(name, POINT, 1.0),)
            last = Total(name, f"{name}.output", terms, np.zeros(self.shapes[name][2]))
        return Sums(self.network.input, self.shapes, tuple(self.steps.values()), last)

    def _add(self, layer: Layer, step: Step, shape: Shape | None = None) -> None:
        name = layer.output
        self.steps[name] = step
        self.stands[name] = name
        self.shapes[name] = shape or _channels_last(self.network.shapes[name])
        self.readers[name] = self._reads[name]

    def _total(
        self,
        layer: Layer,
        terms: tuple[Term, ...],
        bias: Array | None = None,
        activations: tuple[Activation, ...] = (),
        shape: Shape | None = None,
    ) -> None:
        shape = shape or _channels_last(self.network.shapes[layer.output])
        bias = np.zeros(shape[2]) if bias is None else bias
        self._add(layer, Total(layer.name, layer.output, terms, bias, activations), shape)

    def _dense(self, layer: Linear, source: str) -> Product:
        """A kernel as large as what was flattened, channels first."""
        height, width, channels = self.shapes[source]
        weight = layer.weight.reshape(-1, channels, height, width).transpose(2, 3, 1, 0)
        return Product(source, Window((height, width)), weight)

    def _divisor(self, layer: AveragePool, source: str) -> float:
        if layer.count_padding or not any(layer.padding):
            return prod(layer.kernel)
        height, width, _ = self.shapes[source]
        counts = np.outer(*(_counts(layer, axis, n) for axis, n in enumerate((height, width))))
        if counts.min() != counts.max():
            raise UnsupportedOperator(
                f"AveragePool (node {layer.name})",
                expected="padding that counts as zeros, or as many elements in every window",
                got=f"{counts.min():g} to {counts.max():g} elements",
            )
        return float(counts.max())

    def _sum(self, layer: Add) -> None:
        """Terms of sums that nobody else reads are terms of this one."""
        terms: list[Term] = []
        names = [self.stands[name] for name in layer.inputs]
        shape = self.shapes[names[0]]
        bias = np.zeros(shape[2])
        if shape != self.shapes[names[1]]:
            raise UnsupportedOperator(
                f"Add (node {layer.name})",
                expected="terms flattened alike",
                got=" and ".join(str(self.shapes[name]) for name in names),
            )
        for name in names:
            step = self._own(name)
            if step is not None and len(terms) + len(step.terms) < TERMS:
                del self.steps[name]
                terms += step.terms
                bias = bias + step.bias
            else:
                terms.append(Multiple(name, POINT, 1.0))
        self._total(layer, tuple(terms), bias, shape=shape)

    def _own(self, name: str) -> Total | None:
        """The sum behind a value that one layer reads."""
        step = self.steps.get(name)
        if not isinstance(step, Total) or step.activations or self.readers[name] > 1:
            return None
        return step

    def _polynomial(self, layer: Polynomial, source: str) -> None:
        shape = self.shapes[source]
        series = trimmed(layer.series)
        if bool((series == series[:, :1]).all()):
            series = series[:, :1]
        if series.shape[1] not in (1, shape[2]):
            raise UnsupportedOperator(
                f"the polynomial {layer.name}",
                expected="coefficients of each channel",
                got="coefficients of each element of a flattened image",
            )
        polynomial = Polynomial(layer.name, layer.inputs, layer.output, series)
        if len(series) > 2 or (series.shape[1] == 1 and self._is_active(source)):
            self._activate(layer, source, polynomial)
        else:
            self._affine(polynomial, source, shape)

    def _affine(self, layer: Polynomial, source: str, shape: Shape) -> None:
        """slope x + shift."""
        shift, slope = np.pad(layer.series, ((0, 2 - len(layer.series)), (0, 0)))
        if len(slope) == 1 and slope[0] != 0 and not shift.any():
            multiple = Multiple(source, POINT, float(slope[0]))
            self._total(layer, (multiple,), shape=shape)
            return
        product = diagonal(Multiple(source, POINT, 1.0), np.broadcast_to(slope, shape[2]))
        self._total(layer, (product,), np.broadcast_to(shift, shape[2]), shape=shape)

    def _is_active(self, source: str) -> bool:
        """Whether a function of each element is taken of a sum that nobody else reads."""
        step = self.steps.get(source)
        return isinstance(step, Total) and bool(step.activations) and self.readers[source] == 1

    def _activate(self, layer: Pointwise | Polynomial, source: str, one: Activation) -> None:
        """A function goes to the sum before it; a monotone one passes a maximum on the way."""
        step = self.steps.get(source)
        if isinstance(step, Largest) and self.readers[source] == 1 and _is_monotone(one):
            below = self._joined(step.input, one)
        else:
            below = self._joined(source, one)
        if below is None:
            term = Multiple(source, POINT, 1.0)
            self._total(layer, (term,), activations=(one,), shape=self.shapes[source])
            return
        self.steps[below.output] = below
        self.stands[layer.output] = source
        self.readers[source] = self._reads[layer.output]

    def _joined(self, source: str, one: Activation) -> Total | None:
        """A sum with one more function, if only that reads it."""
        step = self.steps.get(source)
        if not isinstance(step, Total) or self.readers[source] > 1:
            return None
        together = (*step.activations, one)
        if len(together) > 1 and any(_is_of_channels(activation) for activation in together):
            return None
        return Total(step.name, step.output, step.terms, step.bias, together)


def _reads(network: Network) -> Counter[str]:
    """How many layers that compute read each value, flattened or not."""
    origin: dict[str, str] = {}
    for layer in network.layers:
        if isinstance(layer, Flatten):
            origin[layer.output] = origin.get(layer.inputs[0], layer.inputs[0])
    names = [
        name for layer in network.layers if not isinstance(layer, Flatten) for name in layer.inputs
    ]
    counted = Counter(origin.get(name, name) for name in (*names, network.output))
    return counted + Counter({flat: counted[name] for flat, name in origin.items()})


def _channels_last(shape: tuple[int, ...]) -> Shape:
    if len(shape) == 1:
        return 1, 1, shape[0]
    channels, height, width = shape
    return height, width, channels


def _expanded(layer: Convolution) -> Array:
    """(out, in, kernel height, kernel width), zeros between groups."""
    out, per_group, *kernel = layer.weight.shape
    groups = layer.groups
    weight = zeros(layer.inputs[0], (groups, out // groups, groups, per_group, *kernel))
    parts = layer.weight.reshape(groups, out // groups, per_group, *kernel)
    weight[range(groups), :, range(groups)] = parts
    return weight.reshape(out, groups * per_group, *kernel)


def _counts(layer: AveragePool, axis: int, size: int) -> Array:
    """Elements of each window along an axis that are not padding."""
    inside = np.zeros(size + layer.padding[axis] + layer.padding[axis + 2])
    inside[layer.padding[axis] : layer.padding[axis] + size] = 1
    windows = np.lib.stride_tricks.sliding_window_view(inside, layer.kernel[axis])
    counts: Array = windows[:: layer.stride[axis]].sum(axis=1)
    return counts


def _is_monotone(one: Activation) -> bool:
    """Whether a larger number never has a smaller value."""
    if isinstance(one, LeakyRelu):
        return one.slope >= 0
    return not isinstance(one, Polynomial)


def _is_of_channels(one: Activation) -> bool:
    return isinstance(one, Polynomial) and one.series.shape[1] > 1
