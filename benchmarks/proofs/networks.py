"""Networks whose proofs are measured: shipped ones, and growing random ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hushwork.networks import Network, open_network, read_onnx
from tests.networks.models import Model

LENET5, VGG9 = "lenet5-mnist", "vgg9-relu-cifar-10"


class Builder:
    """A network under construction, with random weights: times do not depend on them."""

    def __init__(self, *shape: int) -> None:
        self.random = np.random.default_rng(0)
        self.model, self.shape = Model(*shape), shape

    def convolve(self, channels: int, kernel: int, padding: int = 0, stride: int = 1) -> Builder:
        """A convolution without what follows it."""
        weight = self._weights(channels, self.shape[0], kernel, kernel)
        bias = self.model.tensor(np.zeros(channels))
        places = {"strides": [stride] * 2, "pads": [padding] * 4, "kernel_shape": [kernel] * 2}
        self.model.node("Conv", self.model.last, weight, bias, **places)
        sides = ((side + 2 * padding - kernel) // stride + 1 for side in self.shape[1:])
        self.shape = (channels, *sides)
        return self

    def relu(self) -> Builder:
        self.model.node("Relu")
        return self

    def pool(self, side: int = 2) -> Builder:
        """Maxima."""
        self.model.node("MaxPool", kernel_shape=[side] * 2, strides=[side] * 2)
        self.shape = (self.shape[0], *(length // side for length in self.shape[1:]))
        return self

    def mean(self) -> Builder:
        """Over all positions."""
        self.model.node("GlobalAveragePool")
        self.shape = (self.shape[0], 1, 1)
        return self

    def linear(self, features: int) -> Builder:
        if len(self.shape) > 1:
            self.model.node("Flatten")
            self.shape = (int(np.prod(self.shape)),)
        weight = self._weights(features, self.shape[0])
        bias = self.model.tensor(np.zeros(features))
        self.model.node("Gemm", self.model.last, weight, bias, transB=1)
        self.shape = (features,)
        return self

    def residual(self, channels: int, stride: int) -> Builder:
        """Two convolutions beside what they read."""
        entry, shape = self.model.last, self.shape
        if stride > 1 or channels != shape[0]:
            self.convolve(channels, 1, stride=stride)
        beside = self.model.last
        self.model.last, self.shape = entry, shape
        self.convolve(channels, 3, 1, stride).relu().convolve(channels, 3, 1)
        self.model.node("Add", self.model.last, beside)
        return self.relu()

    def build(self) -> Network:
        return read_onnx(self.model.encoded())

    def _weights(self, *shape: int) -> str:
        spread = np.sqrt(2 / np.prod(shape[1:]))
        return self.model.tensor(self.random.normal(size=shape) * spread)


def mlp() -> Network:
    return Builder(1, 28, 28).linear(128).relu().linear(10).build()


def mlp_wide() -> Network:
    """As many multiply-adds as conv3, in few activations."""
    return Builder(1, 28, 28).linear(2048).relu().linear(512).relu().linear(10).build()


def conv3() -> Network:
    net = Builder(3, 32, 32)
    for channels in (16, 32, 64):
        net.convolve(channels, 3, 1).relu().pool()
    return net.linear(10).build()


def thin() -> Network:
    """As many activations as VGG-9, with few multiply-adds."""
    net = Builder(3, 64, 64)
    for channels in (8, 8, 8, 16):
        net.convolve(channels, 3, 1).relu()
    return net.pool(8).linear(10).build()


def resnet8() -> Network:
    net = Builder(3, 32, 32).convolve(16, 3, 1).relu()
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        net.residual(channels, stride)
    return net.mean().linear(10).build()


def resnet20() -> Network:
    """He's, of 2015."""
    net = Builder(3, 32, 32).convolve(16, 3, 1).relu()
    for channels, first in ((16, 1), (32, 2), (64, 2)):
        for block in range(3):
            net.residual(channels, first if block == 0 else 1)
    return net.mean().linear(10).build()


def vgg9_wide() -> Network:
    """VGG-9's layers with half as many channels more."""
    net = Builder(3, 32, 32)
    for index, channels in enumerate((96, 96, 192, 192, 384, 384)):
        net.convolve(channels, 3).relu()
        if index in {1, 3}:
            net.pool()
    return net.linear(512).relu().linear(512).relu().linear(10).build()


def vgg11() -> Network:
    """Simonyan's configuration A on 32x32, padded, with one dense layer."""
    net = Builder(3, 32, 32)
    for channels in ((64,), (128,), (256, 256), (512, 512), (512, 512)):
        for count in channels:
            net.convolve(count, 3, 1).relu()
        net.pool()
    return net.linear(10).build()


MADE: dict[str, Callable[[], Network]] = {
    made.__name__: made
    for made in (mlp, mlp_wide, conv3, thin, resnet8, resnet20, vgg9_wide, vgg11)
}
GROWING = (
    "mlp",
    LENET5,
    "conv3",
    "thin",
    "resnet8",
    "mlp_wide",
    "resnet20",
    VGG9,
    "vgg9_wide",
    "vgg11",
)


def opened(name: str) -> Network:
    """One of these, a shipped one, or a file. Raises NotFound, and what read_onnx raises."""
    return MADE[name]() if name in MADE else open_network(name)
