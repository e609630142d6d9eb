"""Train VGG-9 on CIFAR-10.

python -m hushwork.networks.train.vgg --out vgg9_cifar_10.onnx --checkpoint vgg.pt

Every choice is made on 5,000 training images held out; the test set is not read here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Generator, Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR

from hushwork.networks.data import LABELS
from hushwork.networks.train import trainer
from hushwork.networks.train.augment import crop, erase, stress
from hushwork.networks.train.export import vgg9_onnx
from hushwork.networks.train.model import excess
from hushwork.networks.train.muon import Muon
from hushwork.networks.train.trainer import Split, split
from hushwork.networks.train.vgg_model import VGG9

Losses = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result, besides the data and the seed."""

    epochs: int = 60
    batch: int = 250
    rate: float = 0.03
    """Of Muon, for the weights that a norm follows."""
    momentum: float = 0.6
    other_rate: float = 0.05
    """Of Nesterov's momentum, for everything else."""
    weight_decay: float = 5e-4
    warm_up: float = 0.1
    """Share of the steps in which the rates rise; they fall linearly in the others."""
    smoothing: float = 0.1
    shift: int = 4
    """Most pixels by which an image is moved."""
    erase: int = 6
    """Side of the blanked square, in pixels."""
    comfortable: float = 6.0
    """Pre-activations beyond this are penalised, in standard deviations."""
    comfortable_logit: float = 12.0
    penalty: float = 0.03
    """Of the excess, after it has risen linearly from nothing."""
    penalty_warm_up: float = 1 / 3
    """Share of the steps in which it rises: at once, it would keep the network from learning."""
    around: int = 16
    """Images of a batch that are also tried on the whole packed grid."""
    stressed: int = 4
    """How many of these are stress images."""


class Trainer(trainer.Trainer):
    """Trains a VGG-9."""

    def __init__(self, recipe: Recipe, seed: int, images: int, *, fused: bool) -> None:
        super().__init__(seed)
        self.recipe, self.batch = recipe, recipe.batch
        self.model = VGG9().to(memory_format=torch.channels_last)
        banks = [layer.weight for layer in (*self.model.convolutions, *self.model.hidden)]
        self.optimisers = [
            Muon(banks, recipe.rate, recipe.momentum),
            torch.optim.SGD(
                _others(self.model, banks),
                recipe.other_rate,
                momentum=0.9,
                weight_decay=recipe.weight_decay,
                nesterov=True,
            ),
        ]
        self.steps = recipe.epochs * (images // recipe.batch)
        slope = _Slope(self.steps, recipe.warm_up)
        self.schedules = [LambdaLR(one, slope) for one in self.optimisers]
        self.losses = torch.compile(self._losses) if fused else self._losses
        self.strains = torch.compile(self._strains) if fused else self._strains

    def loss(self, data: Split, index: Tensor) -> Tensor:
        """Cross entropy, and the strain of leaving the range, on the whole packed grid too."""
        recipe = self.recipe
        # Each image is seen one way round and the other in turn.
        mirrored = (index * 2_654_435_761 // 65_536 + len(self.history)) % 2 == 0
        x = crop(data.images[index], self.generator, recipe.shift, mirrored)
        x = erase(x, self.generator, recipe.erase)
        self.model.train()
        loss, strain = self.losses(_last(x), data.labels[index])
        self.model.eval()
        tried = x[: recipe.around].clone()
        tried[: recipe.stressed] = stress(tried[: recipe.stressed], self.generator)
        strain = strain + self.strains(_last(tried))
        return loss + self._penalty * strain

    @property
    def _penalty(self) -> float:
        progress: float = self.schedules[0].last_epoch / self.steps
        return self.recipe.penalty * min(1.0, progress / self.recipe.penalty_warm_up)

    def _losses(self, x: Tensor, labels: Tensor) -> Losses:
        with torch.autocast("cpu", torch.bfloat16):
            logits, inner = self.model(x, clamp=True)
        logits = logits.float()
        loss = functional.cross_entropy(logits, labels, label_smoothing=self.recipe.smoothing)
        return loss, self._strain(logits, inner)

    def _strains(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            logits, inner = self.model(x, clamp=True, around=True)
        return self._strain(logits.float(), inner)

    def _strain(self, logits: Tensor, inner: list[Tensor]) -> Tensor:
        recipe = self.recipe
        inner = [value.float() for value in inner]
        return excess(inner, recipe.comfortable) + excess([logits], recipe.comfortable_logit)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def measure(self, data: Split) -> dict[str, float]:
        """Accuracy and loss, and what the logits and the norms of unclamped inputs reach.

        `around` and `stress` are of a thousand images on the whole packed grid.
        """
        self.model.eval()
        some = data.images[:1000]
        logits, inner = self._reached(data.images, around=False)
        _, around = self._reached(some, around=True)
        unlike, stressed = self._reached(stress(some, Generator().manual_seed(0)), around=True)
        return {
            "accuracy": (logits.argmax(1) == data.labels).float().mean().item(),
            "loss": functional.cross_entropy(logits, data.labels).item(),
            "logit": logits.abs().max().item(),
            "inner": inner,
            "around": around,
            "stress": stressed,
            "stress_logit": unlike.abs().max().item(),
        }

    def _reached(self, images: Tensor, *, around: bool) -> tuple[Tensor, float]:
        """Logits, and the largest normalised pre-activation."""
        parts = [self.model(_last(x), around=around) for x in images.split(250)]
        largest = max(value.abs().max().item() for _, inner in parts for value in inner)
        return torch.cat([logits for logits, _ in parts]), largest


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


def main(  # noqa: PLR0917 - options
    out: Annotated[Path, typer.Option(help="ONNX file to write")],
    checkpoint: Annotated[Path | None, typer.Option(help="resumed if it exists")] = None,
    source: Annotated[str | None, typer.Option(help="as for hushwork.networks.data.load")] = None,
    epochs: Annotated[int, typer.Option(help="passes over the training images")] = 60,
    fused: Annotated[bool, typer.Option(help="through torch.compile; needs a C++ compiler")] = True,
    seed: int = 0,
) -> None:
    """Train, write the network, and write its curve beside it as JSON."""
    recipe = Recipe(epochs=epochs)
    training, held_out = split("cifar-10", source, seed)
    made = Trainer(recipe, seed, len(training.labels), fused=fused)
    made.run(training, held_out, recipe.epochs, checkpoint)
    out.write_bytes(vgg9_onnx(made.model, "vgg9-cifar-10", LABELS["cifar-10"]))
    out.with_suffix(".json").write_text(json.dumps(made.history))


if __name__ == "__main__":
    typer.run(main)
