"""Orion's LeNet with degree-2 activations, in PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

COEFFICIENTS = (0.2, 0.5, 0.2)
"""ReLU's least-squares parabola under a standard normal, rounded; lowest power first.

One parabola does for all channels: the batch norm before it shifts and scales each of them.
"""
RANGE = 8.0
"""Pre-activations are kept within this in training; outside training nothing is clamped."""


class LeNet(nn.Module):  # type: ignore[misc]
    """conv 5x5/2 to 32, conv 5x5/2 to 64, 512, 10; a batch norm before each activation."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(1, 32, 5, stride=2, padding=2, bias=False)
        self.norm1 = nn.BatchNorm2d(32)
        self.convolution2 = nn.Conv2d(32, 64, 5, stride=2, padding=2, bias=False)
        self.norm2 = nn.BatchNorm2d(64)
        self.linear1 = nn.Linear(64 * 7 * 7, 512, bias=False)
        self.norm3 = nn.BatchNorm1d(512)
        self.dropout = nn.Dropout(0.25)
        self.linear2 = nn.Linear(512, 10)

    def forward(self, x: Tensor, *, clamp: bool = False) -> tuple[Tensor, list[Tensor]]:
        """Images (n, 1, 28, 28) to logits (n, 10), and the three pre-activations."""
        before1 = self.norm1(self.convolution1(x))
        before2 = self.norm2(self.convolution2(activate(before1, clamp)))
        before3 = self.norm3(self.linear1(activate(before2, clamp).flatten(1)))
        logits = self.linear2(self.dropout(activate(before3, clamp)))
        return logits, [before1, before2, before3]


def activate(x: Tensor, clamp: bool) -> Tensor:
    """The parabola, on the clamped range if asked."""
    constant, slope, curvature = COEFFICIENTS
    x = x.clamp(-RANGE, RANGE) if clamp else x
    return torch.addcmul(constant + slope * x, x, x, value=curvature)


def excess(values: list[Tensor], limit: float) -> Tensor:
    """Log of the summed excess of each image's values over a limit, averaged over the images.

    The logarithm keeps one runaway image from drowning the others.
    """
    over = [functional.relu(value.abs() - limit).flatten(1).sum(1) for value in values]
    return torch.log1p(torch.stack(over).sum(0)).mean()
