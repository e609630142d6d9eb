"""Training images: shifts, turns and flips of real ones, and stress images."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional


def augment(x: Tensor, generator: Generator, *, flip: bool, degrees: float) -> Tensor:
    """Shift up to 2 pixels, turn and scale up to 10 %, and flip if asked. (n, 1, h, w)."""
    n = len(x)

    def uniform(limit: float) -> Tensor:
        return (torch.rand(n, generator=generator) * 2 - 1) * limit

    angle, scale = uniform(math.radians(degrees)), 1 + uniform(0.1 if degrees else 0.0)
    mirror = torch.where(uniform(1.0) < 0, -1.0, 1.0) if flip else torch.ones(n)
    shift = uniform(2.0 * 2 / x.shape[-1]), uniform(2.0 * 2 / x.shape[-1])
    if not degrees:
        shift = tuple((s * x.shape[-1] / 2).round() * 2 / x.shape[-1] for s in shift)
    cosine, sine = scale * torch.cos(angle), scale * torch.sin(angle)
    rows = torch.stack([mirror * cosine, -sine, shift[0], mirror * sine, cosine, shift[1]], 1)
    grid = functional.affine_grid(rows.view(n, 2, 3), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, align_corners=False)


def crop(x: Tensor, generator: Generator, shift: int, mirrored: Tensor) -> Tensor:
    """Move by up to `shift` pixels over reflected borders, and mirror some. (n, c, h, w)."""
    n, channels, height, width = x.shape
    padded = functional.pad(x, [shift] * 4, mode="reflect")
    down, across = torch.randint(2 * shift + 1, (2, n, 1, 1, 1), generator=generator)
    columns = torch.arange(width).expand(n, 1, 1, width)
    columns = torch.where(mirrored.view(n, 1, 1, 1), width - 1 - columns, columns) + across
    rows = torch.arange(height).view(1, 1, height, 1) + down
    return padded[
        torch.arange(n).view(n, 1, 1, 1), torch.arange(channels).view(1, -1, 1, 1), rows, columns
    ]


def erase(x: Tensor, generator: Generator, size: int) -> Tensor:
    """Blacken a square of each image, in place."""
    n, _, height, width = x.shape
    top = torch.randint(1 - size, height, (n, 1, 1, 1), generator=generator)
    left = torch.randint(1 - size, width, (n, 1, 1, 1), generator=generator)
    row = torch.arange(height).view(1, 1, -1, 1) - top
    column = torch.arange(width).view(1, 1, 1, -1) - left
    inside = (row >= 0) & (row < size) & (column >= 0) & (column < size)
    return x.masked_fill_(inside, 0.0)


def cut_mix(x: Tensor, targets: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """A square of each image from another one, targets (n, classes) by area (arXiv 1905.04899).

    The square is the same for all, and its area uniform between nothing and the whole image.
    """
    n, _, height, width = x.shape
    order = torch.randperm(n, generator=generator)
    side = torch.rand(1, generator=generator).sqrt().item()
    tall, wide = round(side * height), round(side * width)
    top = int(torch.randint(height - tall + 1, (1,), generator=generator))
    left = int(torch.randint(width - wide + 1, (1,), generator=generator))
    rows, columns = slice(top, top + tall), slice(left, left + wide)
    mixed = x.clone()
    mixed[:, :, rows, columns] = x[order][:, :, rows, columns]
    share = tall * wide / (height * width)
    return mixed, torch.lerp(targets, targets[order], share)


def stress(x: Tensor, generator: Generator) -> Tensor:
    """Images unlike the training set: noise, noisy, blended, inverted, blocks. Same shape."""
    noise = torch.rand(x.shape, generator=generator)
    blocks = functional.interpolate((noise[..., :7, :7] > 0.5).float(), size=x.shape[-2:])
    other = x[torch.randperm(len(x), generator=generator)]
    kinds = torch.stack([noise, 0.7 * x + 0.3 * noise, (x + other) / 2, 1 - x, blocks])
    kind = torch.randint(len(kinds), (len(x),), generator=generator)
    return kinds[kind, torch.arange(len(x))]
