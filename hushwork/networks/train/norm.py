"""Batch norms of each channel, and their statistics."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class Norm(nn.BatchNorm1d):  # type: ignore[misc]
    """A batch norm of each channel, of values of any shape (n, channels, ...)."""

    def __init__(self, channels: int, *, affine: bool = False) -> None:
        super().__init__(channels, affine=affine)

    def _check_input_dim(self, input: Tensor) -> None:
        pass


@torch.no_grad()  # type: ignore[untyped-decorator]
def calibrate(model: nn.Module, batches: Iterable[Tensor], **options: bool) -> None:
    """Make the norms' statistics anew: means over what `batches`, with `options`, give.

    Those that training leaves follow its last batches, and one runaway image spoils them.
    """
    norms = [module for module in model.modules() if isinstance(module, Norm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    model.train()
    for x in batches:
        model(x, **options)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()
