"""Random networks of every supported operator, for property tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from tests.networks.models import Model


class Growing:
    """A random model, with the shape of its newest value."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.random = np.random.default_rng(draw(st.integers(0, 2**32)))
        self.shape = (self.pick(1, 2, 4), self.pick(5, 6, 8), self.pick(5, 7))
        self.model = Model(*self.shape, opset=self.pick(13, 17, 18, 20), batch=self.pick("n", 1))

    def pick(self, *values):
        return self.draw(st.sampled_from(values))

    def weights(self, *shape: int) -> np.ndarray:
        size = max(1, int(np.prod(shape[1:])))
        return self.random.normal(size=shape) / np.sqrt(size)

    def per_channel(self) -> str:
        """A constant that broadcasts by channel, in one of its forms."""
        ones = (1,) * (len(self.shape) - 1)
        shape = self.pick((), (self.shape[0], *ones), (1, self.shape[0], *ones))
        return self.model.tensor(self.random.uniform(0.3, 1.2, shape))


def convolve(g: Growing) -> None:
    channels, height, width = g.shape
    groups = g.pick(*(n for n in (1, 2, 4) if channels % n == 0))
    out, kernel = groups * g.pick(1, 2), (g.pick(1, 2, 3), g.pick(1, 3))
    dilation, stride = g.pick([1, 1], [2, 1]), [g.pick(1, 2), g.pick(1, 2)]
    weight = g.model.tensor(g.weights(out, channels // groups, *kernel))
    inputs = [g.model.last, weight, g.model.tensor(g.weights(out))][: g.pick(2, 3)]
    if dilation == [1, 1] and g.pick(True, False):
        padding = {"auto_pad": g.pick("SAME_UPPER", "SAME_LOWER")}
        size = (-(-height // stride[0]), -(-width // stride[1]))
    else:
        pads = [g.pick(0, 1, 2) for _ in range(4)]
        padding = {"pads": pads}
        spread = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        size = tuple(
            (n + pads[axis] + pads[axis + 2] - spread[axis]) // stride[axis] + 1
            for axis, n in enumerate((height, width))
        )
    if min(size) < 1:
        return
    g.model.node("Conv", *inputs, group=groups, strides=stride, dilations=dilation, **padding)
    g.shape = (out, *size)


def residual(g: Growing) -> None:
    before, channels = g.model.last, g.shape[0]
    weight = g.model.tensor(g.weights(channels, channels, 3, 3))
    after = g.model.node("Conv", before, weight, pads=[1, 1, 1, 1])
    g.model.node(g.pick("Add", "Sub"), *g.pick((before, after), (after, before)))


def normalise(g: Growing) -> None:
    vectors = [g.random.uniform(0.4, 1.1, g.shape[0]) for _ in range(4)]
    g.model.node("BatchNormalization", g.model.last, *map(g.model.tensor, vectors))


def activate(g: Growing) -> None:
    x = g.model.last
    square = g.model.node("Mul", x, x) if g.pick(True, False) else g.pick(power, negated)(g, x)
    curved = g.model.node("Mul", square, g.per_channel())
    sloped = g.model.node("Div", x, g.per_channel())
    total = g.model.node("Add", curved, sloped)
    g.model.node("Sub", *g.pick((total, g.per_channel()), (g.per_channel(), total)))


def power(g: Growing, x: str) -> str:
    return g.model.node("Pow", x, g.model.tensor(2.0))


def negated(g: Growing, x: str) -> str:
    return g.model.node("Mul", g.model.node("Neg", x), x)


def pool(g: Growing) -> None:
    channels, height, width = g.shape
    if min(height, width) < 2:
        return
    pads = [g.pick(0, 1) for _ in range(4)]
    counted = g.pick(0, 1)
    g.model.node(
        "AveragePool",
        g.model.last,
        kernel_shape=[2, 2],
        strides=[2, 1],
        pads=pads,
        count_include_pad=counted,
    )
    g.shape = (channels, (height + pads[0] + pads[2]) // 2, width + pads[1] + pads[3] - 1)


def rectify(g: Growing) -> None:
    operator = g.pick("Relu", "LeakyRelu", "Sigmoid", "Tanh", "Clip")
    if operator == "Clip":
        g.model.node("Clip", g.model.last, g.model.tensor(-0.5), g.model.tensor(0.5))
    else:
        g.model.node(operator)


def largest(g: Growing) -> None:
    channels, height, width = g.shape
    if min(height, width) < 3:
        return
    pads = [g.pick(0, 1) for _ in range(4)]
    g.model.node("MaxPool", kernel_shape=[3, 2], strides=[2, 1], pads=pads)
    size = (height + pads[0] + pads[2] - 3) // 2 + 1
    g.shape = (channels, size, width + pads[1] + pads[3] - 1)


def pad(g: Growing) -> None:
    channels, height, width = g.shape
    pads = [g.pick(0, 1, 2) for _ in range(4)]
    amounts = g.model.integers(0, 0, *pads[:2], 0, 0, *pads[2:])
    g.model.node("Pad", g.model.last, amounts)
    weight = g.model.tensor(g.weights(2, channels, 1, 1))
    g.model.node("Conv", g.model.last, weight)
    g.shape = (2, height + pads[0] + pads[2], width + pads[1] + pads[3])


def flatten(g: Growing) -> None:
    kind = g.pick("Flatten", "Reshape", "GlobalAveragePool", "ReduceMean")
    features = int(np.prod(g.shape))
    if kind == "Flatten":
        g.model.node("Flatten")
    elif kind == "Reshape":
        first = 1 if g.model.batch == 1 else 0
        shape = g.pick((0, -1), (-1, features), (first, features))
        g.model.node("Reshape", g.model.last, g.model.integers(*shape))
    elif kind == "GlobalAveragePool":
        g.model.node("GlobalAveragePool")
        features = g.shape[0]
        g.model.node("Squeeze", g.model.last, g.model.integers(2, 3))
    else:
        features = g.shape[0]
        if g.model.opset >= 18:
            g.model.node("ReduceMean", g.model.last, g.model.integers(2, -1), keepdims=0)
        else:
            g.model.node("ReduceMean", axes=[2, 3], keepdims=0)
    g.shape = (features,)


def linear(g: Growing) -> None:
    weight = g.weights(3, g.shape[0])
    if g.pick(True, False):
        matrix = g.model.node("MatMul", g.model.last, g.model.tensor(weight.T))
        g.model.node("Add", g.model.tensor(g.weights(3)), matrix)
    else:
        inputs = [g.model.last, g.model.tensor(weight.T), g.model.tensor(g.weights(1, 3))]
        g.model.node("Gemm", *inputs, alpha=0.5, beta=2.0)
    g.shape = (3,)


def skip(g: Growing) -> None:
    g.model.node(g.pick("Identity", "Dropout"))


IMAGE: tuple[Callable[[Growing], None], ...] = (
    convolve, residual, normalise, activate, rectify, pool, largest, pad, skip,
)  # fmt: skip
VECTOR = (linear, normalise, activate, rectify, skip)


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A model with up to six steps on images and three on vectors, and few activations."""
    g = Growing(draw)
    steps = [*draw(st.lists(st.sampled_from(IMAGE), max_size=6)), flatten]
    steps += draw(st.lists(st.sampled_from(VECTOR), max_size=3))
    activations = 0
    for step in steps:
        activations += step is activate
        if step is not activate or activations <= 3:
            step(g)
    g.model.node("Identity")
    return g.model
