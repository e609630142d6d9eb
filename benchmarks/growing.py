"""Networks of growing size, with random weights: times do not depend on them.

Each may be made narrow, with so many times fewer channels, for tests.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hushwork.networks import Convolution, Linear, Network, open_network
from tests.encrypted.networks import Builder

ACTIVATION = (0.2, 0.5, 0.2)
"""The parabola nearest to ReLU under a standard normal, rounded."""
AROUND = (1, 1, 1, 1)


def mlp(narrow: int = 1) -> Network:
    """784 features, 128, 10."""
    net = _active(Builder((1, 28, 28)).flatten().linear(128 // narrow))
    return net.linear(10).build("mlp")


def lenet(narrow: int = 1) -> Network:
    """Orion's, for images of one colour."""
    net = Builder((1, 28, 28))
    for channels in (32, 64):
        _active(net.convolve(channels // narrow, (5, 5), (2, 2), (2, 2, 2, 2)))
    return _active(net.flatten().linear(512 // narrow)).linear(10).build("lenet")


def conv3(narrow: int = 1) -> Network:
    """Three padded convolutions, each with means."""
    net = Builder((3, 32, 32))
    for channels in (16, 32, 64):
        _active(net.convolve(channels // narrow, (3, 3), padding=AROUND).pool((2, 2), (2, 2)))
    return net.flatten().linear(10).build("conv3")


def vgg6(narrow: int = 1) -> Network:
    """Five convolutions and a dense layer."""
    net = Builder((3, 32, 32))
    _convolutions(net, (32, 32, 64, 64, 128), narrow)
    return net.flatten().linear(10).build("vgg6")


def resnet8(narrow: int = 1) -> Network:
    """Three residual blocks, the last two of half the size and twice the channels."""
    net = _active(Builder((3, 32, 32)).convolve(16 // narrow, (3, 3), padding=AROUND))
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        _residual(net, channels // narrow, stride)
    return net.pool((8, 8), (8, 8)).flatten().linear(10).build("resnet8")


def vgg9_64(narrow: int = 1) -> Network:
    """Zama's layers; means come before activations."""
    net = Builder((3, 32, 32))
    _convolutions(net, (64, 64, 128, 128, 256, 256), narrow)
    return _dense(net, narrow).build("vgg9_64")


def vgg9_96(narrow: int = 1) -> Network:
    """The same with half as many channels more."""
    net = Builder((3, 32, 32))
    _convolutions(net, (96, 96, 192, 192, 384, 384), narrow)
    return _dense(net, narrow).build("vgg9_96")


NETWORKS: dict[str, Callable[..., Network]] = {
    made.__name__: made for made in (mlp, conv3, lenet, resnet8, vgg6, vgg9_64, vgg9_96)
}


def opened(name: str) -> Network:
    """One of these, a shipped one, or a file. Raises NotFound, and what read_onnx raises."""
    return NETWORKS[name]() if name in NETWORKS else open_network(name)


def multiply_adds(network: Network) -> int:
    """Of convolutions and dense layers, as in the clear."""
    return sum(_multiply_adds(network, layer) for layer in network.layers)


def _multiply_adds(network: Network, layer: object) -> int:
    match layer:
        case Convolution():
            positions = np.prod(network.shapes[layer.output][1:])
            return int(positions) * layer.weight.size
        case Linear():
            return layer.weight.size
        case _:
            return 0


def _active(net: Builder) -> Builder:
    return net.polynomial(*ACTIVATION)


def _convolutions(net: Builder, channels: tuple[int, ...], narrow: int) -> None:
    """3x3, with means after the second and the fourth."""
    for index, count in enumerate(channels):
        net.convolve(count // narrow, (3, 3))
        _active(net.pool((2, 2), (2, 2)) if index in {1, 3} else net)


def _residual(net: Builder, channels: int, stride: int) -> None:
    trunk = net.last
    if stride > 1:
        net.convolve(channels, (1, 1), (stride, stride))
    shortcut, net.last = net.last, trunk
    _active(net.convolve(channels, (3, 3), (stride, stride), AROUND))
    _active(net.convolve(channels, (3, 3), padding=AROUND).plus(shortcut))


def _dense(net: Builder, narrow: int) -> Builder:
    net.flatten()
    for _ in range(2):
        _active(net.linear(512 // narrow))
    return net.linear(10)
