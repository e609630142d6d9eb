"""Networks written by hand, and random ones: the encrypted room needs no ONNX file."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.polynomial import chebyshev

from hushwork.networks import (
    Add,
    AveragePool,
    Convolution,
    Flatten,
    Linear,
    Network,
    Polynomial,
)


class Builder:
    """Appends layers to the newest value, `last`."""

    def __init__(self, shape, seed=0):
        self.random = np.random.default_rng(seed)
        self.shapes, self.layers, self.last = {"x": shape}, [], "x"

    @property
    def shape(self):
        return self.shapes[self.last]

    def weights(self, *shape):
        return self.random.standard_normal(shape) / np.sqrt(max(1, np.prod(shape[1:])))

    def add(self, kind, shape, *details, inputs=None, **named):
        name = f"{kind.__name__.lower()}{len(self.layers)}"
        self.layers.append(kind(name, inputs or (self.last,), name, *details, **named))
        self.shapes[name], self.last = shape, name
        return self

    def convolve(self, channels, kernel, stride=(1, 1), padding=(0, 0, 0, 0), groups=1):
        size = extent(self.shape, kernel, stride, padding)
        weight = self.weights(channels, self.shape[0] // groups, *kernel)
        bias = self.weights(channels) * 0.1
        return self.add(Convolution, (channels, *size), weight, bias, stride, padding, groups)

    def pool(self, kernel, stride, padding=(0, 0, 0, 0), count_padding=False):
        size = extent(self.shape, kernel, stride, padding)
        shape = (self.shape[0], *size)
        return self.add(AveragePool, shape, kernel, stride, padding, count_padding)

    def linear(self, features):
        weight, bias = self.weights(features, self.shape[0]), self.weights(features) * 0.1
        return self.add(Linear, (features,), weight, bias)

    def flatten(self):
        return self.add(Flatten, (int(np.prod(self.shape)),))

    def polynomial(self, *coefficients):
        """One number or one array per power, lowest first."""
        channels = max(np.size(c) for c in coefficients)
        rows = np.stack([np.broadcast_to(c, channels).astype(float) for c in coefficients])
        return self.add(Polynomial, self.shape, series_of(rows))

    def activate(self, degree=2):
        """A random polynomial of each channel."""
        return self.polynomial(*self.weights(degree + 1, self.shape[0]) * 0.5 + 0.2)

    def plus(self, other):
        return self.add(Add, self.shape, inputs=(self.last, other))

    def build(self, name="by hand"):
        labels = tuple(map(str, range(self.shape[0])))
        shapes, layers = dict(self.shapes), tuple(self.layers)
        return Network(name, "x", self.last, layers, shapes, labels, b"", "0" * 64)


def series_of(powers):
    """Chebyshev series (degree + 1, channels) of the powers' coefficients."""
    columns = [chebyshev.poly2cheb(column) for column in powers.T]
    return np.stack([np.pad(c, (0, len(powers) - len(c))) for c in columns], axis=1)


def extent(shape, kernel, stride, padding):
    top, left, bottom, right = padding
    height, width = shape[1] + top + bottom - kernel[0], shape[2] + left + right - kernel[1]
    return height // stride[0] + 1, width // stride[1] + 1


def small(seed=0):
    """Every kind of layer, small enough for many runs."""
    net = Builder((1, 9, 9), seed).convolve(4, (3, 3), (2, 2), (1, 1, 1, 1)).activate()
    trunk = net.last
    net.convolve(4, (3, 3), padding=(1, 1, 1, 1), groups=2).plus(trunk).activate()
    return net.pool((2, 2), (2, 2)).flatten().linear(3).build("small")


@st.composite
def random_networks(draw):
    """Feed-forward networks of all layer types."""

    def pick(*values):
        return draw(st.sampled_from(values))

    image = (pick(1, 2, 3), pick(5, 7, 8, 9), pick(4, 7, 10))
    shape = pick(image, image, (draw(st.integers(1, 40)),))
    net = Builder(shape, draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(0, 3))):
        if len(net.shape) == 3:
            image_layer(net, pick)
        else:
            net.linear(pick(1, 3, 16, 33))
        if pick(True, False):
            net.activate(pick(1, 2, 2, 3))
    if len(net.shape) == 3 and pick(True, True, False):
        net.flatten()
    if len(net.shape) == 1:
        net.linear(pick(1, 3, 10, 17))
    return net.build()


def image_layer(net, pick):
    channels, height, width = net.shape
    kind = pick("convolve", "convolve", "pool", "residual", "global")
    kernel, stride = (pick(1, 2, 3), pick(1, 3)), (pick(1, 2, 3), pick(1, 2))
    padding = tuple(pick(0, 0, 1) if side > 1 else 0 for side in (*kernel, *kernel))
    if kind == "residual":
        trunk = net.last
        net.convolve(channels, (3, 3), padding=(1, 1, 1, 1)).activate()
        net.convolve(channels, (1, 1)).plus(trunk)
    elif kind == "global":
        net.pool((height, width), (1, 1))
    elif min(extent(net.shape, kernel, (1, 1), padding)) < 1:
        net.activate()
    elif kind == "pool":
        net.pool(kernel, stride, padding, pick(True, False))
    else:
        groups = pick(1, channels)
        net.convolve(groups * pick(1, 2, 5), kernel, stride, padding, groups)
