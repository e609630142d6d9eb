"""VGG-9 for encrypted inference: Zama's layers, with degree-2 activations, in PyTorch.

Six 3x3 convolutions without padding and three fully connected layers (512, 512, 10). An average
taken before the activation makes one linear map of the convolution and itself, which costs fewer
encrypted products than the two apart.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from hushwork.networks.train.norm import Norm
from hushwork.networks.train.trainer import CLASSES

CHANNELS = (64, 128, 128, 128, 256, 256)
POOLED_BEFORE, POOLED_AFTER = (1,), (3,)
"""Convolutions whose output is averaged over 2x2, before or after the activation."""
HIDDEN = (512, 512)
RANGE = 8.0
"""Pre-activations are kept within this in training, in standard deviations of their channel."""
ROOM = 4.0
"""Times RANGE: beyond it a trained network means nothing."""
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
"""Of the training pixels by colour."""


class Parabola(nn.Module):  # type: ignore[misc]
    """g1 n(x) + g2 n(n(x)^2) + b for each channel, n being batch norms.

    Each term of the Hermite expansion has a norm of its own (AESPA, arXiv 2201.06699); it starts
    as ReLU's expansion under a standard normal.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = Norm(channels), Norm(channels)
        self.slope = nn.Parameter(torch.full((channels,), 0.5))
        self.curvature = nn.Parameter(torch.full((channels,), 0.2821))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, *, clamp: bool) -> tuple[Tensor, Tensor]:
        """(n, channels, ...) to the same, and the normalised x before it was clamped."""
        normal = self.first(x)
        clamped = normal.clamp(-RANGE, RANGE) if clamp else normal
        square = self.second(clamped.square())
        shape = (-1, *[1] * (x.dim() - 2))
        y = self.slope.view(shape) * clamped + self.curvature.view(shape) * square
        return y + self.shift.view(shape), normal

    def bound(self) -> float:
        """Magnitude of x that no channel reaches within ROOM * RANGE standard deviations."""
        mean, scale = _moments(self.first)
        return float((mean.abs() + ROOM * RANGE * scale).max())

    def coefficients(self) -> Tensor:
        """(3, channels) in float64, of x itself; lowest power first."""
        mean, scale = _moments(self.first)
        square_mean, square_scale = _moments(self.second)
        slope, curvature = self.slope.double() / scale, self.curvature.double() / square_scale
        a = curvature / scale**2
        constant = self.shift.double() - slope * mean + a * mean**2 - curvature * square_mean
        return torch.stack([constant, slope - 2 * a * mean, a])


def _moments(norm: Norm) -> tuple[Tensor, Tensor]:
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ValueError("a norm without running statistics")
    return mean.double(), (variance.double() + norm.eps).sqrt()


def averaged(convolution: nn.Conv2d, x: Tensor) -> Tensor:
    """The convolution and the average over 2x2 after it, as one convolution."""
    around = functional.pad(convolution.weight, (1, 1, 1, 1))
    return functional.conv2d(x, functional.avg_pool2d(around, 2, 1), stride=2)


class VGG9(nn.Module):  # type: ignore[misc]
    """Images (n, 3, 32, 32) in [0, 1] to logits (n, 10)."""

    def __init__(self) -> None:
        super().__init__()
        widths: tuple[int, ...] = (3, *CHANNELS)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, bias=False) for a, b in zip(widths, CHANNELS, strict=False)
        )
        widths = (CHANNELS[-1], *HIDDEN)
        self.hidden = nn.ModuleList(
            nn.Linear(a, b, bias=False) for a, b in zip(widths, HIDDEN, strict=False)
        )
        self.activations = nn.ModuleList(Parabola(n) for n in (*CHANNELS, *HIDDEN))
        for layer in (*self.convolutions, *self.hidden):
            layer.weight.data.mul_(layer.weight.shape[0] ** 0.5 / layer.weight.data.norm())
        self.last = nn.Linear(HIDDEN[-1], CLASSES)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1))

    def forward(
        self, x: Tensor, *, clamp: bool = False, around: bool = False
    ) -> tuple[Tensor, list[Tensor]]:
        """Logits, and the normalised pre-activations.

        `clamp` keeps what is squared within RANGE: for training only. `around` computes every
        position of the packed grid, the left-over ones past the right and lower borders included,
        where a kernel reads across the border.
        """
        x = (x - self.mean) / self.deviation
        inner: list[Tensor] = []
        for index, convolution in enumerate(self.convolutions):
            pooled = index in POOLED_BEFORE
            if around and index == len(self.convolutions) - 1:
                x = x[..., :3, :3]
            elif around:
                more = 3 if pooled else 2
                x = functional.pad(x, (0, more, 0, more), mode="circular")
            x = averaged(convolution, x) if pooled else convolution(x)
            x, before = self.activations[index](x, clamp=clamp)
            x = functional.avg_pool2d(x, 2) if index in POOLED_AFTER else x
            inner.append(before)
        x = x.flatten(1)
        for linear, activation in zip(self.hidden, self.activations[len(CHANNELS) :], strict=True):
            x, before = activation(linear(x), clamp=clamp)
            inner.append(before)
        return self.last(x), inner
