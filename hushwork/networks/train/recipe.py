"""How the shipped networks are trained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result, besides the data and the seed."""

    epochs: int
    flip: bool
    """Mirror half of the images."""
    degrees: float
    """Largest turn; with one, images are also scaled by up to 10 %."""
    erase: int
    """Side of the blackened square, in pixels."""
    batch: int = 250
    rate: float = 2e-3
    weight_decay: float = 0.1
    warm_up: float = 0.15
    """Share of the steps in which the rate rises."""
    smoothing: float = 0.1
    comfortable: float = 6.0
    """Pre-activations beyond this are penalised, in standard deviations."""
    comfortable_logit: float = 12.0
    penalty: float = 0.1


RECIPES = {
    "fashion-mnist": Recipe(epochs=30, flip=True, degrees=0, erase=6),
    "mnist": Recipe(epochs=10, flip=False, degrees=12, erase=0, rate=5e-4),
}
