"""Train a network of ReLU and max pools.

python -m hushwork.networks.train.relu lenet5-mnist --out lenet5_mnist.onnx --checkpoint lenet5.pt

Every choice is made on 5,000 training images held out; the test set is not read here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import torch
import typer
from torch import Tensor, nn
from torch.nn import functional

from hushwork.networks.data import LABELS
from hushwork.networks.train import averaged
from hushwork.networks.train.augment import augment
from hushwork.networks.train.averaged import last
from hushwork.networks.train.export import sequential_onnx
from hushwork.networks.train.norm import calibrate
from hushwork.networks.train.relu_models import banks, lenet5, vgg9
from hushwork.networks.train.trainer import CLASSES, Split, split


@dataclass(frozen=True, kw_only=True)
class Recipe(averaged.Recipe):
    """Everything that decides the result, besides the data and the seed."""

    data: str
    model: Callable[[], nn.Sequential]
    epochs: int
    degrees: float | None = None
    """Largest turn; with one, images are turned, scaled and moved, and nothing else."""
    rate: float = 0.025
    """Of Muon, for the weights that a norm follows."""
    other_rate: float = 0.05
    """Of Nesterov's momentum, for everything else."""


RECIPES = {
    "lenet5-fashion-mnist": Recipe(data="fashion-mnist", model=lenet5, epochs=40, degrees=12),
    "lenet5-mnist": Recipe(data="mnist", model=lenet5, epochs=40, degrees=12),
    "vgg9-relu-cifar-10": Recipe(data="cifar-10", model=vgg9, epochs=36),
}


class Trainer(averaged.Trainer):
    """Trains one of them."""

    recipe: Recipe

    def __init__(self, recipe: Recipe, training: Split, seed: int, *, fused: bool) -> None:
        torch.manual_seed(seed)
        model = recipe.model().to(memory_format=torch.channels_last)
        super().__init__(model, banks(model), recipe, training, seed)
        self.plan(recipe.epochs, recipe.rate, recipe.other_rate)
        self.losses = torch.compile(self._losses) if fused else self._losses

    def loss(self, data: Split, index: Tensor) -> Tensor:
        """Cross entropy."""
        self.model.train()
        return self.losses(*self.varied(data, index))

    def varied(self, data: Split, index: Tensor) -> tuple[Tensor, Tensor]:
        """A batch turned or moved, and its targets (n, classes)."""
        if self.recipe.degrees is None:
            return super().varied(data, index)
        turned = augment(
            data.images[index], self.generator, flip=False, degrees=self.recipe.degrees
        )
        return last(turned), functional.one_hot(data.labels[index], CLASSES).float()

    def _losses(self, x: Tensor, targets: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.model(x)
        return functional.cross_entropy(
            logits.float(), targets, label_smoothing=self.recipe.smoothing
        )

    def finished(self) -> nn.Sequential:
        """The averaged weights, with norms of their own."""
        model: nn.Sequential = self.averaged.module
        calibrate(model, self.some())
        return model

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def measure(self, data: Split) -> dict[str, float]:
        """Accuracy and loss of what is finished now."""
        with torch.autocast("cpu", torch.bfloat16):
            model = self.finished()
            logits = torch.cat([model(last(x)) for x in data.images.split(250)]).float()
        return {
            "accuracy": (logits.argmax(1) == data.labels).float().mean().item(),
            "loss": functional.cross_entropy(logits, data.labels).item(),
        }


def main(  # noqa: PLR0917 - options
    network: Annotated[
        Literal["lenet5-fashion-mnist", "lenet5-mnist", "vgg9-relu-cifar-10"],
        typer.Argument(help="what to train"),
    ],
    out: Annotated[Path, typer.Option(help="ONNX file to write")],
    checkpoint: Annotated[Path | None, typer.Option(help="resumed if it exists")] = None,
    source: Annotated[str | None, typer.Option(help="as for hushwork.networks.data.load")] = None,
    epochs: Annotated[int | None, typer.Option(help="in place of the recipe's")] = None,
    fused: Annotated[bool, typer.Option(help="through torch.compile; needs a C++ compiler")] = True,
    seed: int = 0,
) -> None:
    """Train, write the network, and write its curve beside it as JSON."""
    recipe = RECIPES[network]
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs)
    training, held_out = split(recipe.data, source, seed)
    made = Trainer(recipe, training, seed, fused=fused)
    made.run(training, held_out, recipe.epochs, checkpoint)
    shape = tuple(training.images.shape[1:])
    out.write_bytes(sequential_onnx(made.finished(), shape, network, LABELS[recipe.data]))
    out.with_suffix(".json").write_text(json.dumps(made.history))


if __name__ == "__main__":
    typer.run(main)
