"""From a network in floats to one in whole numbers."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from hushwork.errors import InvalidNetwork
from hushwork.networks.integers import geometry, scales, windows
from hushwork.networks.integers.architecture import VERSION, Architecture
from hushwork.networks.integers.equalise import equalised
from hushwork.networks.integers.exact import channels_last, requantise
from hushwork.networks.integers.fold import folded
from hushwork.networks.integers.geometry import Value
from hushwork.networks.integers.layers import Layer, Maximum, Requantise, Sum
from hushwork.networks.integers.network import IntegerNetwork, Parameters
from hushwork.networks.integers.scales import Known, Rounded
from hushwork.networks.integers.search import choose
from hushwork.networks.integers.squares import with_squares
from hushwork.networks.integers.sums import Largest, Step, Total, activate, reads, total
from hushwork.networks.integers.windows import Array
from hushwork.networks.layers import Network
from hushwork.networks.reference import checked_batch

Progress = Callable[[str, int, int], None]
"""Called with (phase, done, total)."""

CALIBRATED = 1 << 24
"""Most elements of a value, for all calibration inputs together."""
COARSE = 1 << 10
"""Largest factor of an output that is a sum of several values."""


def quantise(
    network: Network, calibration: ArrayLike, progress: Progress | None = None
) -> IntegerNetwork:
    """Quantise a network by inputs such as it will meet, (n, *input_shape).

    Weights become int8 and activations bytes, with powers of two between them. Inputs in [0, 1]
    become bytes over 255; others their own range, in 255 steps to each side of 0. Ranges of
    channels are equalised through whatever passes positive factors on (Nagel et al. 2019); scales
    are searched sum by sum for the least square error at its output; biases are such that every
    sum is right in the mean. The same file and calibration give the same network.

    Raises InvalidInput, and InvalidNetwork, UnsupportedOperator, TooLarge or DoesNotFit, which
    name the layer.
    """
    tell = progress or (lambda _phase, _done, _total: None)
    batch = channels_last(checked_batch(calibration, network.input_shape))
    sums = equalised(with_squares(folded(network)))
    largest = max(prod(shape) for shape in sums.shapes.values())
    entry = _entry(batch[: max(1, CALIBRATED // largest)])
    making = _Making(sums.input, entry)
    for done, step in enumerate(sums.steps):
        tell("quantising", done, len(sums.steps))
        making.step(step)
        making.forget((*sums.steps[done + 1 :], sums.output))
    output, scale = making.output(sums.output)
    tell("quantising", 1, 1)
    architecture = Architecture(
        version=VERSION,
        name=network.name,
        shape=entry.value.shape,
        low=entry.value.low,
        high=entry.value.high,
        input_scale=entry.scale,
        layers=tuple(making.layers),
        output=output,
        output_scale=scale,
        labels=network.labels,
    )
    return IntegerNetwork(architecture, tuple(making.parameters))


def _entry(inputs: Array) -> Known:
    """The inputs, and what they are in whole numbers."""
    least, most = float(inputs.min()), float(inputs.max())
    is_image = least >= 0 and most <= 1
    scale = 1 / 255 if is_image else max(-least, most) / 255
    low = -255 if least < 0 else 0
    height, width, channels = inputs.shape[1:]
    whole = np.clip(np.floor(inputs / scale + 0.5), low, 255)
    return Known(0, Value((height, width, channels), low, 255), scale, inputs, whole)


def _require_finite(name: str, values: Array) -> None:
    if not np.isfinite(values).all():
        what = f"layer {name!r} leaves all bounds on the calibration"
        raise InvalidNetwork(what, expected="finite values", got="infinity, or no number")


class _Making:
    """A network quantised up to some step."""

    def __init__(self, name: str, entry: Known) -> None:
        self.known = {name: entry}
        self.values = [entry.value]
        self.layers: list[Layer] = []
        self.parameters: list[Parameters] = []

    def step(self, step: Step) -> None:
        """Quantise one more."""
        made = self._maximum(step) if isinstance(step, Largest) else self._total(step)
        self.known[step.output] = made
        self.values.append(made.value)

    def forget(self, steps: tuple[Step, ...]) -> None:
        """Keep only the values that later steps read."""
        later = {name for step in steps for name in reads(step)}
        self.known = {name: one for name, one in self.known.items() if name in later}

    def output(self, step: Total) -> tuple[Sum, float]:
        """The output as finely as its terms allow, and its scale."""
        scale = scales.least_scale(step, self.known)
        if not step.products:
            sizes = [abs(term.factor) * self.known[term.input].scale for term in step.multiples]
            scale = max(sizes) / (COARSE if len(sizes) > 1 else 1)
        made = scales.rounded(step, self.known, scale or 1.0)
        parameters, _ = self._corrected(step, made, self._before(step))
        layer = Sum(made.terms, parameters.bias is not None)
        geometry.value_of(f"layer {step.name!r}", layer, self.values)
        self.parameters.append(parameters)
        return layer, made.scale

    def _maximum(self, step: Largest) -> Known:
        source = self.known[step.input]
        layer = Maximum(source.number, step.window)
        self.layers.append(layer)
        self.parameters.append(Parameters())
        value = geometry.value_of(step.output, layer, self.values)
        real, whole = (windows.maximum(x, step.window) for x in (source.real, source.whole))
        return Known(len(self.layers), value, source.scale, real, whole)

    def _total(self, step: Total) -> Known:
        before = self._before(step)
        with np.errstate(all="ignore"):
            after = activate(step.activations, before)
        _require_finite(step.name, after)
        choice = choose(step, self.known, before, after)
        parameters, acc = self._corrected(step, choice.sum, before)
        has_bias = parameters.bias is not None
        layer = Requantise(choice.sum.terms, has_bias, choice.shift, choice.signed, choice.table)
        value = geometry.value_of(f"layer {step.name!r}", layer, self.values)
        self.layers.append(layer)
        self.parameters.append(parameters)
        return Known(len(self.layers), value, choice.scale, after, requantise(layer, acc))

    def _before(self, step: Total) -> Array:
        with np.errstate(all="ignore"):
            before = total(step, {name: one.real for name, one in self.known.items()})
        _require_finite(step.name, before)
        return before

    def _corrected(self, step: Total, made: Rounded, before: Array) -> tuple[Parameters, Array]:
        """A sum's parameters, with a bias if it has weights, and its accumulators."""
        acc = made.accumulators(self.known)
        if not step.products:
            return Parameters(), acc
        most = geometry.bias_reach(made.terms, self.values)
        bias = np.clip(scales.bias(before, acc, made.scale), -most, most)
        return Parameters(made.weights, bias.astype(np.int32)), acc + bias
