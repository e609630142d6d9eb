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
from torch import Generator, Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from hushwork.networks.data import LABELS
from hushwork.networks.train import averaged
from hushwork.networks.train.augment import stress
from hushwork.networks.train.averaged import last
from hushwork.networks.train.export import vgg9_onnx
from hushwork.networks.train.model import excess
from hushwork.networks.train.norm import calibrate
from hushwork.networks.train.trainer import Split, split
from hushwork.networks.train.vgg_model import RANGE, VGG9

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


@dataclass(frozen=True, kw_only=True)
class Recipe(averaged.Recipe):
    """Everything that decides the result, besides the data and the seed."""

    learning: Phase = Phase(50, 0.025, 0.05, penalty=0.05, free=0.8, frozen=False)
    settling: tuple[Phase, ...] = (
        Phase(4, 0.005, 0.01, penalty=0.03, free=0.0, frozen=True),
        Phase(6, 0.005, 0.01, penalty=0.1, free=0.0, frozen=True),
    )
    """Ways to go on from what was learned, whose mean is taken (arXiv 2203.05482)."""
    comfortable: float = 7.2
    """Pre-activations beyond this are penalised, in standard deviations."""
    comfortable_logit: float = 12.0
    around: int = 50
    """Images of a batch that are penalised on the whole packed grid."""
    stressed: int = 25
    """How many of these are stress images."""


class Trainer(averaged.Trainer):
    """Takes a VGG-9 through one phase. What counts are its averaged weights."""

    recipe: Recipe

    def __init__(
        self, model: VGG9, recipe: Recipe, phase: Phase, training: Split, seed: int, *, fused: bool
    ) -> None:
        banks = [layer.weight for layer in (*model.convolutions, *model.hidden)]
        super().__init__(model, banks, recipe, training, seed)
        self.plan(phase.epochs, phase.rate, phase.other_rate)
        self.phase = phase
        self.losses = torch.compile(self._losses) if fused else self._losses
        self.strains = torch.compile(self._strains) if fused else self._strains

    def loss(self, data: Split, index: Tensor) -> Tensor:
        """Cross entropy, and the strain of leaving the range."""
        x, targets = self.varied(data, index)
        self.model.train(not self.phase.frozen)
        loss, strain = self.losses(x, targets)
        if self.phase.frozen:
            tried = x[: self.recipe.around].clone()
            tried[: self.recipe.stressed] = stress(tried[: self.recipe.stressed], self.generator)
            strain = strain + self.strains(last(tried))
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
            calibrate(model, self.some(), clamp=True)
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
    parts = [model(last(x), around=around) for x in images.split(250)]
    largest = [
        torch.stack([value.abs().flatten(1).amax(1) for value in inner]).amax(0)
        for _, inner in parts
    ]
    return torch.cat([logits for logits, _ in parts]).float(), torch.cat(largest).float()


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
