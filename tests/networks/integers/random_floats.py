"""Random networks of layers that quantise well, for property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.networks.models import Model


class Growing:
    """A random model, with the shape of its newest value."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.random = np.random.default_rng(draw(st.integers(0, 2**32)))
        self.shape = (self.pick(1, 3), self.pick(8, 11), self.pick(8, 9))
        self.model = Model(*self.shape)

    def pick(self, *values):
        return self.draw(st.sampled_from(values))

    def weights(self, *shape: int) -> str:
        size = np.sqrt(2 / max(1, np.prod(shape[1:])))
        return self.model.tensor(self.random.standard_normal(shape) * size)

    def convolve(self, channels: int, groups: int, stride: int, around: int) -> None:
        before, height, width = self.shape
        weight = self.weights(channels, before // groups, 3, 3)
        bias = self.model.tensor(self.random.standard_normal(channels) / 4)
        attributes = {"pads": [around] * 4, "strides": [stride] * 2, "group": groups}
        self.model.node("Conv", self.model.last, weight, bias, **attributes)
        size = [(n + 2 * around - 3) // stride + 1 for n in (height, width)]
        self.shape = (channels, *size)


def convolution(g: Growing) -> None:
    groups = g.pick(*(n for n in (1, 2, 4) if g.shape[0] % n == 0))
    stride = g.pick(1, 1, 2) if min(g.shape[1:]) > 4 else 1
    g.convolve(8, groups, stride, g.pick(0, 1) if min(g.shape[1:]) > 4 else 1)


def active_convolution(g: Growing) -> None:
    convolution(g)
    activation(g)


def activation(g: Growing) -> None:
    operator = g.pick("Relu", "Relu", "Relu", "LeakyRelu", "Sigmoid", "Tanh", "Clip", "square")
    if operator == "Clip":
        g.model.node("Clip", g.model.last, g.model.tensor(0.0), g.model.tensor(2.0))
    elif operator == "square":
        x = g.model.last
        square = g.model.node("Mul", g.model.node("Mul", x, x), g.model.tensor(0.2))
        g.model.node("Add", square, g.model.node("Mul", x, g.model.tensor(0.5)))
    else:
        g.model.node(operator)


def pool(g: Growing) -> None:
    channels, height, width = g.shape
    size = g.pick(2, 3)
    if min(height, width) < size:
        return
    around = g.pick(0, 1) if size == 3 else 0
    attributes = {"kernel_shape": [size] * 2, "strides": [2] * 2, "pads": [around] * 4}
    if g.pick(True, False):
        g.model.node("MaxPool", **attributes)
    else:
        g.model.node("AveragePool", **attributes, count_include_pad=1)
    g.shape = (channels, *((n + 2 * around - size) // 2 + 1 for n in (height, width)))


def residual(g: Growing) -> None:
    before, shape = g.model.last, g.shape
    g.convolve(shape[0], 1, 1, 1)
    if g.pick(True, False):
        activation(g)
        g.convolve(shape[0], 1, 1, 1)
    if g.pick(True, False):
        activation(g)
    g.model.node(g.pick("Add", "Add", "Sub"), g.model.last, before)
    if g.pick(True, True, False):
        activation(g)


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A model of up to four steps on images, and one or two dense layers."""
    g = Growing(draw)
    active_convolution(g)
    for step in draw(st.lists(st.sampled_from((active_convolution, pool, residual)), max_size=3)):
        step(g)
    features = int(np.prod(g.shape))
    if draw(st.booleans()):
        g.model.node("GlobalAveragePool")
        features = g.shape[0]
    g.model.node("Flatten")
    if draw(st.booleans()):
        g.model.node("Gemm", g.model.last, g.weights(16, features), transB=1)
        activation(g)
        features = 16
    weight, bias = g.weights(10, features), g.model.tensor(g.random.standard_normal(10))
    g.model.node("Gemm", g.model.last, weight, bias, transB=1)
    return g.model
