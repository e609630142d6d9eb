"""Train VGG-9 on CIFAR-10.

python -m hushwork.networks.train.vgg --out vgg9_cifar_10.onnx --checkpoint vgg.pt

Every choice is made on 5,000 training images held out; the test set is not read here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich import print as show
from torch import Generator, Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from hushwork.networks.data import LABELS
from hushwork.networks.train import trainer
from hushwork.networks.train.augment import crop, cut_mix, erase, stress
from hushwork.networks.train.export import vgg9_onnx
from hushwork.networks.train.model import excess
from hushwork.networks.train.muon import Muon
from hushwork.networks.train.trainer import Split, split
from hushwork.networks.train.vgg_model import CLASSES, RANGE, VGG9, calibrate

Losses = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Phase:
    """What differs between learning and settling."""

    epochs: int
    rate: float
    """Of Muon, for the weights that a norm follows."""
    other_rate: float
    """Of Nesterov's momentum, for everything else."""
    penalty: float
    """Of leaving the range."""
    free: float
    """Share of the steps before leaving the range is penalised."""
    frozen: bool
    """Whether norms stay as they are, and the whole packed grid is penalised too."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result, besides the data and the seed."""

    learning: Phase = Phase(50, 0.025, 0.05, penalty=0.05, free=0.8, frozen=False)
    settling: tuple[Phase, ...] = (
        Phase(4, 0.005, 0.01, penalty=0.03, free=0.0, frozen=True),
        Phase(6, 0.005, 0.01, penalty=0.1, free=0.0, frozen=True),
    )
    """Ways to go on from what was learned, whose mean is taken (arXiv 2203.05482)."""
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
    comfortable: float = 7.2
    """Pre-activations beyond this are penalised, in standard deviations."""
    comfortable_logit: float = 12.0
    around: int = 50
    """Images of a batch that are penalised on the whole packed grid."""
    stressed: int = 25
    """How many of these are stress images."""


class Trainer(trainer.Trainer):
    """Takes a VGG-9 through one phase. What counts are its averaged weights."""

    def __init__(
        self, model: VGG9, recipe: Recipe, phase: Phase, training: Split, seed: int, *, fused: bool
    ) -> None:
        super().__init__(seed)
        self.model, self.recipe, self.phase = model, recipe, phase
        self.batch, self.training = recipe.batch, training
        self.averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.kept))
        self.models = [model, self.averaged]
        banks = [layer.weight for layer in (*model.convolutions, *model.hidden)]
        others = torch.optim.SGD(
            _others(model, banks),
            phase.other_rate,
            momentum=0.9,
            weight_decay=recipe.weight_decay,
            nesterov=True,
        )
        others.register_step_post_hook(lambda *_: self.averaged.update_parameters(model))
        self.optimisers = [Muon(banks, phase.rate, recipe.momentum), others]
        self.steps = phase.epochs * (len(training.labels) // recipe.batch)
        slope = _Slope(self.steps, recipe.warm_up)
        self.schedules = [LambdaLR(one, slope) for one in self.optimisers]
        self.losses = torch.compile(self._losses) if fused else self._losses
        self.strains = torch.compile(self._strains) if fused else self._strains

    def loss(self, data: Split, index: Tensor) -> Tensor:
        """Cross entropy, and the strain of leaving the range."""
        recipe = self.recipe
        # Each image is seen one way round and the other in turn.
        mirrored = (index * 2_654_435_761 // 65_536 + len(self.history)) % 2 == 0
        x = crop(data.images[index], self.generator, recipe.shift, mirrored)
        x = erase(x, self.generator, recipe.erase)
        targets = functional.one_hot(data.labels[index], CLASSES).float()
        if torch.rand(1, generator=self.generator) < recipe.mixed:
            x, targets = cut_mix(x, targets, self.generator)
        self.model.train(not self.phase.frozen)
        loss, strain = self.losses(_last(x), targets)
        if self.phase.frozen:
            tried = x[: recipe.around].clone()
            tried[: recipe.stressed] = stress(tried[: recipe.stressed], self.generator)
            strain = strain + self.strains(_last(tried))
        free = self.schedules[0].last_epoch < self.phase.free * self.steps
        return loss if free else loss + self.phase.penalty * strain

    def _losses(self, x: Tensor, targets: Tensor) -> Losses:
        with torch.autocast("cpu", torch.bfloat16):
            logits, inner = self.model(x, clamp=True)
        logits = logits.float()
        loss = functional.cross_entropy(logits, targets, label_smoothing=self.recipe.smoothing)
        return loss, self._strain(logits, inner)

    def _strains(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            logits, inner = self.model(x, clamp=True, around=True)
        return self._strain(logits.float(), inner)

    def _strain(self, logits: Tensor, inner: list[Tensor]) -> Tensor:
        recipe = self.recipe
        inner = [value.float() for value in inner]
        return excess(inner, recipe.comfortable) + excess([logits], recipe.comfortable_logit)

    def finished(self) -> VGG9:
        """The averaged weights, with norms of their own unless these stay as they are."""
        model: VGG9 = self.averaged.module.eval()
        if not self.phase.frozen:
            some = self.training.images[: self.recipe.calibrated]
            calibrate(model, map(_last, some.split(self.batch)))
        return model

    def measure(self, data: Split) -> dict[str, float]:
        """Accuracy and loss, and what logits and normalised pre-activations reach unclamped.

        `left` is the share of images that leave RANGE. When settling, `around` and `stress` are of
        some images on the whole packed grid.
        """
        with torch.autocast("cpu", torch.bfloat16):
            figures: dict[str, float] = self.measured(self.finished(), data)
        return figures

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def measured(self, model: VGG9, data: Split) -> dict[str, float]:
        """The same of another model."""
        logits, inner = _reached(model, data.images)
        figures = {
            "accuracy": (logits.argmax(1) == data.labels).float().mean().item(),
            "loss": functional.cross_entropy(logits, data.labels).item(),
            "logit": logits.abs().max().item(),
            "left": (inner > RANGE).float().mean().item(),
            "inner": inner.max().item(),
        }
        return figures | (self._unlike(model, data.images[:500]) if self.phase.frozen else {})

    def _unlike(self, model: VGG9, images: Tensor) -> dict[str, float]:
        _, around = _reached(model, images, around=True)
        _, unlike = _reached(model, stress(images, Generator().manual_seed(0)), around=True)
        return {"around": around.max().item(), "stress": unlike.median().item()}


def _reached(model: VGG9, images: Tensor, *, around: bool = False) -> tuple[Tensor, Tensor]:
    """Logits, and the largest normalised pre-activation of each image."""
    parts = [model(_last(x), around=around) for x in images.split(250)]
    largest = [
        torch.stack([value.abs().flatten(1).amax(1) for value in inner]).amax(0)
        for _, inner in parts
    ]
    return torch.cat([logits for logits, _ in parts]).float(), torch.cat(largest).float()


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


def _last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def mean(models: Sequence[VGG9]) -> VGG9:
    """The mean of the parameters of models whose norms are the same."""
    made = AveragedModel(models[0])
    for model in models:
        made.update_parameters(model)
    found: VGG9 = made.module
    return found


def main(
    out: Annotated[Path, typer.Option(help="ONNX file to write")],
    checkpoint: Annotated[Path, typer.Option(help="resumed if it exists")],
    source: Annotated[str | None, typer.Option(help="as for hushwork.networks.data.load")] = None,
    fused: Annotated[bool, typer.Option(help="through torch.compile; needs a C++ compiler")] = True,
    seed: int = 0,
) -> None:
    """Train, write the network, and write its curve beside it as JSON."""
    recipe, curve = Recipe(), []
    training, held_out = split("cifar-10", source, seed)

    def trained(model: VGG9, phase: Phase, name: str) -> Trainer:
        made = Trainer(model, recipe, phase, training, seed, fused=fused)
        made.run(training, held_out, phase.epochs, checkpoint.with_suffix(f".{name}.pt"))
        curve.extend(made.history)
        return made

    torch.manual_seed(seed)
    first = VGG9().to(memory_format=torch.channels_last)
    learned = trained(first, recipe.learning, "learning").finished()
    settled = [
        trained(deepcopy(learned), phase, f"settling{number}")
        for number, phase in enumerate(recipe.settling, 1)
    ]
    model = mean([one.finished() for one in settled])
    curve.append(settled[-1].measured(model, held_out))
    show("mean", {key: round(value, 4) for key, value in curve[-1].items()})
    out.write_bytes(vgg9_onnx(model, "vgg9-cifar-10", LABELS["cifar-10"]))
    finite = [{k: v if isfinite(v) else None for k, v in epoch.items()} for epoch in curve]
    out.with_suffix(".json").write_text(json.dumps(finite))


if __name__ == "__main__":
    typer.run(main)
