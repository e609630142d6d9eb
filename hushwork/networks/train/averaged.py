"""Training by Muon and Nesterov's momentum, in which the averaged weights count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from hushwork.networks.train import trainer
from hushwork.networks.train.augment import crop, cut_mix, erase
from hushwork.networks.train.muon import Muon
from hushwork.networks.train.trainer import CLASSES, Split


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How images are varied and weights averaged."""

    batch: int = 250
    momentum: float = 0.6
    """Of Muon."""
    weight_decay: float = 5e-4
    """Of what Muon does not train."""
    warm_up: float = 0.1
    """Share of the steps in which the rates rise; they fall linearly in the others."""
    smoothing: float = 0.1
    shift: int = 4
    """Most pixels by which an image is moved."""
    erase: int = 6
    """Side of the blanked square, in pixels."""
    mixed: float = 0.5
    """Share of the batches in which a square of each image comes from another."""
    kept: float = 0.995
    """Of the averaged weights at each step; the rest comes from the trained ones."""
    calibrated: int = 2_500
    """Training images from which the norms of averaged weights are made."""


class Trainer(trainer.Trainer):
    """Trains a model's `banks`, the weights that a norm follows, by Muon, and the rest by SGD."""

    def __init__(
        self, model: nn.Module, banks: list[Tensor], recipe: Recipe, training: Split, seed: int
    ) -> None:
        super().__init__(seed)
        self.model, self.recipe, self.banks = model, recipe, banks
        self.batch, self.training = recipe.batch, training
        self.averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.kept))
        self.models = [model, self.averaged]

    def plan(self, epochs: int, rate: float, other_rate: float) -> None:
        """Make the optimisers, whose rates rise to these."""
        others = torch.optim.SGD(
            _others(self.model, self.banks),
            other_rate,
            momentum=0.9,
            weight_decay=self.recipe.weight_decay,
            nesterov=True,
        )
        others.register_step_post_hook(lambda *_: self.averaged.update_parameters(self.model))
        self.optimisers = [Muon(self.banks, rate, self.recipe.momentum), others]
        self.steps = epochs * (len(self.training.labels) // self.batch)
        slope = _Slope(self.steps, self.recipe.warm_up)
        self.schedules = [LambdaLR(one, slope) for one in self.optimisers]

    def varied(self, data: Split, index: Tensor) -> tuple[Tensor, Tensor]:
        """A batch moved, mirrored, blanked and mixed, and its targets (n, classes)."""
        recipe = self.recipe
        # Each image is seen one way round and the other in turn.
        mirrored = (index * 2_654_435_761 // 65_536 + len(self.history)) % 2 == 0
        x = crop(data.images[index], self.generator, recipe.shift, mirrored)
        x = erase(x, self.generator, recipe.erase)
        targets = functional.one_hot(data.labels[index], CLASSES).float()
        if torch.rand(1, generator=self.generator) < recipe.mixed:
            x, targets = cut_mix(x, targets, self.generator)
        return last(x), targets

    def some(self) -> Iterator[Tensor]:
        """Batches of the training images that norms are calibrated on."""
        return map(last, self.training.images[: self.recipe.calibrated].split(self.batch))


@dataclass(frozen=True)
class _Slope:
    """Rises linearly, then falls linearly to zero."""

    steps: int
    warm_up: float

    def __call__(self, step: int) -> float:
        share = (step + 1) / self.steps
        return max(0.0, min(share / self.warm_up, (1 - share) / (1 - self.warm_up)))


def _others(model: nn.Module, banks: list[Tensor]) -> list[Tensor]:
    taken = {id(bank) for bank in banks}
    return [parameter for parameter in model.parameters() if id(parameter) not in taken]


def last(x: Tensor) -> Tensor:
    """The same images with their channels last in memory, which convolutions are quicker on."""
    return x.contiguous(memory_format=torch.channels_last)
