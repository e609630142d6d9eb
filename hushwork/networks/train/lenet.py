"""Train the shipped LeNet.

python -m hushwork.networks.train.lenet --data fashion-mnist --out lenet_fashion_mnist.onnx

Every choice is made on 5,000 training images held out; the test set is not read here.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import torch
import typer
from torch import Generator, Tensor
from torch.nn import functional

from hushwork.networks.data import LABELS
from hushwork.networks.train import RECIPES, Recipe, trainer
from hushwork.networks.train.augment import augment, erase, stress
from hushwork.networks.train.export import lenet_onnx
from hushwork.networks.train.model import LeNet, excess
from hushwork.networks.train.trainer import Split, split


class Trainer(trainer.Trainer):
    """Trains a LeNet."""

    def __init__(self, recipe: Recipe, seed: int, images: int) -> None:
        super().__init__(seed)
        self.recipe, self.batch = recipe, recipe.batch
        self.model = LeNet()
        self.models = [self.model]
        optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            recipe.rate,
            total_steps=recipe.epochs * (images // recipe.batch),
            pct_start=recipe.warm_up,
        )
        self.optimisers, self.schedules = [optimiser], [schedule]

    def loss(self, data: Split, index: Tensor) -> Tensor:
        """Cross entropy, and discomfort."""
        recipe = self.recipe
        self.model.train()
        x = augment(data.images[index], self.generator, flip=recipe.flip, degrees=recipe.degrees)
        if recipe.erase:
            x = erase(x, self.generator, recipe.erase)
        logits, inner = self.model(x, clamp=True)
        labels = data.labels[index]
        loss = functional.cross_entropy(logits, labels, label_smoothing=recipe.smoothing)
        return loss + recipe.penalty * (self._discomfort(logits, inner) + self._under_stress(x))

    def _under_stress(self, x: Tensor) -> Tensor:
        """Discomfort on stress images, seen through the batch norms as they will be shipped."""
        self.model.eval()
        logits, inner = self.model(stress(x[: len(x) // 8], self.generator), clamp=True)
        self.model.train()
        return self._discomfort(logits, inner)

    def _discomfort(self, logits: Tensor, inner: list[Tensor]) -> Tensor:
        recipe = self.recipe
        return excess(inner, recipe.comfortable) + excess([logits], recipe.comfortable_logit)

    def measure(self, data: Split) -> dict[str, float]:
        """Accuracy, loss and the largest pre-activation and logit on unclamped inputs."""
        self.model.eval()
        unlike = stress(data.images, Generator().manual_seed(0))
        with torch.no_grad():
            parts = [self.model(x) for x in data.images.split(500)]
            stressed = [self.model(x) for x in unlike.split(500)]
        logits = torch.cat([part[0] for part in parts])
        return {
            "accuracy": (logits.argmax(1) == data.labels).float().mean().item(),
            "loss": functional.cross_entropy(logits, data.labels).item(),
            "inner": max(value.abs().max().item() for part in parts for value in part[1]),
            "logit": logits.abs().max().item(),
            "stress_inner": max(v.abs().max().item() for part in stressed for v in part[1]),
            "stress_logit": max(part[0].abs().max().item() for part in stressed),
        }


def main(  # noqa: PLR0917 - options
    data: Annotated[Literal["fashion-mnist", "mnist"], typer.Option(help="what to train on")],
    out: Annotated[Path, typer.Option(help="ONNX file to write")],
    checkpoint: Annotated[Path | None, typer.Option(help="resumed if it exists")] = None,
    source: Annotated[str | None, typer.Option(help="as for hushwork.networks.data.load")] = None,
    epochs: Annotated[int | None, typer.Option(help="in place of the recipe's")] = None,
    seed: int = 0,
) -> None:
    """Train, write the network, and write its curve beside it as JSON."""
    recipe = RECIPES[data]
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs)
    training, held_out = split(data, source, seed)
    made = Trainer(recipe, seed, len(training.labels))
    made.run(training, held_out, recipe.epochs, checkpoint)
    out.write_bytes(lenet_onnx(made.model, f"lenet-{data}", LABELS[data]))
    out.with_suffix(".json").write_text(json.dumps(made.history))


if __name__ == "__main__":
    typer.run(main)
