"""Muon: momentum made orthogonal (Jordan 2024), for weights that a norm follows."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim import Optimizer

STEPS = 4
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the odd polynomial that drives singular values towards one."""


class Muon(Optimizer):  # type: ignore[misc]
    """Steps of size `lr` on matrices (out, ...) that are kept at the norm they begin with."""

    def __init__(self, parameters: list[Tensor], lr: float, momentum: float) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self, closure: None = None) -> None:  # noqa: ARG002 - as Optimizer has it
        """One step down the gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                self._step(weight, group["lr"], group["momentum"])

    def _step(self, weight: Tensor, rate: float, momentum: float) -> None:
        state = self.state[weight]
        if not state:
            state["velocity"] = torch.zeros_like(weight)
            state["norm"] = weight.norm()
        velocity = state["velocity"].mul_(momentum).add_(weight.grad)
        direction = weight.grad.add(velocity, alpha=momentum)
        weight.mul_(state["norm"] / weight.norm())
        update = orthogonal(direction.reshape(len(weight), -1))
        weight.add_(update.view_as(weight), alpha=-rate)


def orthogonal(matrix: Tensor) -> Tensor:
    """A matrix of the same singular vectors, its singular values near one."""
    a, b, c = COEFFICIENTS
    wide = matrix.shape[0] <= matrix.shape[1]
    x = (matrix if wide else matrix.T).bfloat16() / (matrix.norm() + 1e-7)
    for _ in range(STEPS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x if wide else x.T).to(matrix.dtype)
