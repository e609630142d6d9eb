"""Networks of ReLU and max pools, in PyTorch: images in [0, 1] to logits (n, 10).

LeNet-5 has Le Cun's layers of 1998 in today's form; VGG-9 is Zama's, as `vgg_model` has it, with
the pools after the activations of its second and fourth convolutions.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from hushwork.networks.train import vgg_model
from hushwork.networks.train.norm import Norm
from hushwork.networks.train.trainer import CLASSES


class Standard(nn.Module):  # type: ignore[misc]
    """Pixels (n, channels, h, w) less a mean, in deviations, by colour."""

    def __init__(self, mean: tuple[float, ...], deviation: tuple[float, ...]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(1, -1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Of the same shape."""
        return (x - self.mean) / self.deviation


def lenet5() -> nn.Sequential:
    """Two convolutions 5x5 (6, 16), each pooled, and 120, 84, 10; for 1x28x28. 44,426 weights."""
    return nn.Sequential(
        Standard((0.1307,), (0.3081,)),
        *_convolution(1, 6, 5),
        nn.MaxPool2d(2),
        *_convolution(6, 16, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        *_linear(256, 120),
        *_linear(120, 84),
        nn.Linear(84, CLASSES),
    )


def vgg9() -> nn.Sequential:
    """Six convolutions 3x3 (64, 64, 128, 128, 256, 256), 512, 512, 10; for 3x32x32."""
    return nn.Sequential(
        Standard(vgg_model.MEAN, vgg_model.DEVIATION),
        *_convolution(3, 64, 3),
        *_convolution(64, 64, 3),
        nn.MaxPool2d(2),
        *_convolution(64, 128, 3),
        *_convolution(128, 128, 3),
        nn.MaxPool2d(2),
        *_convolution(128, 256, 3),
        *_convolution(256, 256, 3),
        nn.Flatten(),
        *_linear(256, 512),
        *_linear(512, 512),
        nn.Linear(512, CLASSES),
    )


def banks(model: nn.Sequential) -> list[Tensor]:
    """The weights that a norm follows, set to a gain of one."""
    found = [layer.weight for layer, after in pairwise(model) if isinstance(after, Norm)]
    for weight in found:
        weight.data.mul_(weight.shape[0] ** 0.5 / weight.data.norm())
    return found


def _convolution(channels: int, made: int, size: int) -> list[nn.Module]:
    convolution = nn.Conv2d(channels, made, size, bias=False)
    return [convolution, Norm(made, affine=True), nn.ReLU()]


def _linear(features: int, made: int) -> list[nn.Module]:
    return [nn.Linear(features, made, bias=False), Norm(made, affine=True), nn.ReLU()]
