"""Train the shipped LeNet.

python -m hushwork.networks.train.lenet --data fashion-mnist --out lenet_fashion_mnist.onnx

Every choice is made on 5,000 training images held out; the test set is not read here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import torch
import typer
from rich import print as show
from rich.progress import track
from torch import Generator, Tensor
from torch.nn import functional

from hushwork.networks.data import LABELS, load
from hushwork.networks.train import RECIPES, Recipe
from hushwork.networks.train.augment import augment, erase, stress
from hushwork.networks.train.export import lenet_onnx
from hushwork.networks.train.model import LeNet, excess

HELD_OUT = 5_000


@dataclass
class Split:
    """Images as float in [0, 1], and labels."""

    images: Tensor
    labels: Tensor


def split(name: str, source: str | None, seed: int) -> tuple[Split, Split]:
    """Training images and held-out ones, drawn by the seed."""
    data = load(name, source)
    images = torch.from_numpy(data.train_images.copy()).float() / 255
    labels = torch.from_numpy(data.train_labels.copy()).long()
    order = torch.randperm(len(images), generator=Generator().manual_seed(seed))
    held, kept = order[:HELD_OUT], order[HELD_OUT:]
    return Split(images[kept], labels[kept]), Split(images[held], labels[held])


class Trainer:
    """A model, its optimiser and its random state: what a checkpoint holds."""

    def __init__(self, recipe: Recipe, seed: int, images: int) -> None:
        torch.manual_seed(seed)
        self.recipe = recipe
        self.generator = Generator().manual_seed(seed)
        self.model = LeNet()
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            recipe.rate,
            total_steps=recipe.epochs * (images // recipe.batch),
            pct_start=recipe.warm_up,
        )
        self.history: list[dict[str, float]] = []

    def epoch(self, data: Split) -> None:
        """One pass over the training images."""
        self.model.train()
        batches = list(self._batches(len(data.labels)))
        for index in track(batches, f"epoch {len(self.history) + 1}"):
            self._step(data.images[index], data.labels[index])

    def _batches(self, count: int) -> Iterator[Tensor]:
        order = torch.randperm(count, generator=self.generator)
        size = self.recipe.batch
        return (order[start : start + size] for start in range(0, count - size + 1, size))

    def _step(self, images: Tensor, labels: Tensor) -> None:
        recipe = self.recipe
        x = augment(images, self.generator, flip=recipe.flip, degrees=recipe.degrees)
        if recipe.erase:
            x = erase(x, self.generator, recipe.erase)
        logits, inner = self.model(x, clamp=True)
        loss = functional.cross_entropy(logits, labels, label_smoothing=recipe.smoothing)
        loss = loss + recipe.penalty * (self._discomfort(logits, inner) + self._under_stress(x))
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.schedule.step()

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

    def save(self, path: Path) -> None:
        """Write a checkpoint, in place of the last one."""
        partial = path.with_suffix(".partial")
        state = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "generator": self.generator.get_state(),
            "dropout": torch.get_rng_state(),
            "history": self.history,
        }
        torch.save(state, partial)
        partial.replace(path)

    def resume(self, path: Path) -> None:
        """Take up a checkpoint of the same recipe."""
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.generator.set_state(state["generator"])
        torch.set_rng_state(state["dropout"])
        self.history = state["history"]


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
    trainer = Trainer(recipe, seed, len(training.labels))
    if checkpoint and checkpoint.exists():
        trainer.resume(checkpoint)
    while len(trainer.history) < recipe.epochs:
        trainer.epoch(training)
        trainer.history.append(trainer.measure(held_out))
        show(len(trainer.history), {k: round(v, 4) for k, v in trainer.history[-1].items()})
        if checkpoint:
            trainer.save(checkpoint)
    out.write_bytes(lenet_onnx(trainer.model, f"lenet-{data}", LABELS[data]))
    out.with_suffix(".json").write_text(json.dumps(trainer.history))


if __name__ == "__main__":
    typer.run(main)
