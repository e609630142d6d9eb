"""Random quantised networks of every kind of layer, for property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from hushwork.networks.integers import (
    Architecture,
    Fixed,
    IntegerNetwork,
    Maximum,
    Parameters,
    Requantise,
    Sum,
    Weighted,
    Window,
    geometry,
)
from hushwork.networks.integers.geometry import Value
from hushwork.networks.integers.layers import inputs


class Growing:
    """A random network, with what its values can be."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.random = np.random.default_rng(draw(st.integers(0, 2**32)))
        shape = self.pick(1, 3, 5), self.pick(1, 4, 6), self.pick(1, 2, 3)
        self.values = [Value(shape, *self.pick((0, 255), (-255, 255), (-3, 9)))]
        self.layers: list[Requantise | Maximum] = []
        self.parameters: list[Parameters] = []

    def pick(self, *values):
        return self.draw(st.sampled_from(values))

    def window(self, shape) -> Window:
        """One that fits, with padding below its kernel."""
        kernel = tuple(self.pick(*range(1, min(size, 3) + 1)) for size in shape[:2])
        padding = tuple(self.pick(*range(kernel[axis % 2])) for axis in range(4))
        return Window(kernel, (self.pick(1, 2), self.pick(1, 2, 3)), padding)

    def grow(self) -> None:
        """Append a layer."""
        number = self.pick(*range(len(self.values)))
        window = self.window(self.values[number].shape)
        if self.pick(True, False, False):
            self.append(Maximum(number, window), Parameters())
            return
        same = [n for n, v in enumerate(self.values) if v.shape == self.values[number].shape]
        channels = self.values[number].shape[2]
        weighted = self.pick(True, True, False)
        terms = [Weighted(number, window, channels) if weighted else self.fixed(number, window)]
        for _ in range(self.pick(0, 0, 1, 2)):
            other = self.pick(*same)
            terms.append(self.pick(Weighted(other, window, channels), self.fixed(other, window)))
        parameters = self.drawn(terms)
        layer = Requantise(
            tuple(terms),
            parameters.bias is not None,
            self.pick(0, 1, 6, 9, 15),
            self.pick(True, False),
            self.table(),
        )
        self.append(layer, parameters)

    def fixed(self, number: int, window: Window) -> Fixed:
        return Fixed(number, window, self.pick(1, -1, 7, 300, -16383, 16383))

    def table(self) -> tuple[int, ...] | None:
        low, high = self.pick((0, 255), (-128, 127))
        drawn = self.random.integers(low, high + 1, 256).tolist()
        return self.pick(None, tuple(drawn))

    def drawn(self, terms) -> Parameters:
        """Weights, and perhaps a bias, where a term has them."""
        found = [term for term in terms if isinstance(term, Weighted)]
        shapes = [geometry.weight_shape(term, self.values[term.input]) for term in found]
        weights = tuple(self.random.integers(-128, 128, s).astype(np.int8) for s in shapes)
        if not found or self.pick(True, False):
            return Parameters(weights)
        most = geometry.bias_reach(terms, self.values)
        bias = self.random.integers(-most, most + 1, found[0].channels)
        return Parameters(weights, bias.astype(np.int32))

    def append(self, layer, parameters: Parameters) -> None:
        self.values.append(geometry.value_of("layer", layer, self.values))
        self.layers.append(layer)
        self.parameters.append(parameters)

    def finished(self) -> IntegerNetwork:
        """With an output that reads all that nobody reads yet."""
        read = {number for layer in self.layers for number in inputs(layer)}
        rest = [number for number in range(len(self.values)) if number not in read]
        labels = self.pick(1, 3)
        shapes = {number: self.values[number].shape for number in rest}
        terms = tuple(Weighted(n, Window(shape[:2]), labels) for n, shape in shapes.items())
        parameters = self.drawn(terms)
        architecture = Architecture(
            version=1,
            name="random",
            shape=self.values[0].shape,
            low=self.values[0].low,
            high=self.values[0].high,
            input_scale=1 / 255,
            layers=tuple(self.layers),
            output=Sum(terms, parameters.bias is not None),
            output_scale=0.5,
            labels=tuple("abc"[:labels]),
        )
        return IntegerNetwork(architecture, (*self.parameters, parameters))


@st.composite
def networks(draw: st.DrawFn) -> IntegerNetwork:
    """A network of up to five layers, and its output."""
    growing = Growing(draw)
    for _ in range(draw(st.integers(0, 5))):
        growing.grow()
    return growing.finished()


def images(network: IntegerNetwork, count: int, seed: int = 0) -> np.ndarray:
    """Random inputs, (count, height, width, channels)."""
    architecture = network.architecture
    random = np.random.default_rng(seed)
    low, high = architecture.low, architecture.high + 1
    return random.integers(low, high, (count, *architecture.shape))
