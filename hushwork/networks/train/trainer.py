"""What all training runs share: data held out, batches, checkpoints, the loop over epochs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich import print as show
from rich.progress import track
from torch import Generator, Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from hushwork.networks.data import load

HELD_OUT = 5_000
CLASSES = 10
"""Of every data set."""


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


class Trainer(ABC):
    """Models, their optimisers and random state: what a checkpoint holds."""

    models: Sequence[nn.Module]
    optimisers: Sequence[Optimizer]
    schedules: Sequence[LRScheduler]
    batch: int

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        self.generator = Generator().manual_seed(seed)
        self.history: list[dict[str, float]] = []

    @abstractmethod
    def measure(self, data: Split) -> dict[str, float]:
        """Figures of held-out images."""

    @abstractmethod
    def loss(self, data: Split, index: Tensor) -> Tensor:
        """Of one batch, with gradients."""

    def epoch(self, data: Split) -> None:
        """One pass over the training images."""
        for index in track(list(self._batches(len(data.labels))), f"epoch {len(self.history) + 1}"):
            loss = self.loss(data, index)
            for optimiser in self.optimisers:
                optimiser.zero_grad()
            loss.backward()
            for optimiser, schedule in zip(self.optimisers, self.schedules, strict=True):
                optimiser.step()
                schedule.step()

    def _batches(self, count: int) -> Iterator[Tensor]:
        order, size = torch.randperm(count, generator=self.generator), self.batch
        return (order[start : start + size] for start in range(0, count - size + 1, size))

    def save(self, path: Path) -> None:
        """Write a checkpoint, in place of the last one."""
        partial = path.with_suffix(".partial")
        state = {
            "models": [model.state_dict() for model in self.models],
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "schedules": [schedule.state_dict() for schedule in self.schedules],
            "generator": self.generator.get_state(),
            "dropout": torch.get_rng_state(),
            "history": self.history,
        }
        torch.save(state, partial)
        partial.replace(path)

    def resume(self, path: Path) -> None:
        """Take up a checkpoint of the same recipe."""
        state = torch.load(path, weights_only=True)
        for model, saved in zip(self.models, state["models"], strict=True):
            model.load_state_dict(saved)
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        for schedule, saved in zip(self.schedules, state["schedules"], strict=True):
            schedule.load_state_dict(saved)
        self.generator.set_state(state["generator"])
        torch.set_rng_state(state["dropout"])
        self.history = state["history"]

    def run(self, data: Split, held_out: Split, epochs: int, checkpoint: Path | None) -> None:
        """Train to the end, from the checkpoint if there is one."""
        if checkpoint and checkpoint.exists():
            self.resume(checkpoint)
        while len(self.history) < epochs:
            self.epoch(data)
            self.history.append(self.measure(held_out))
            show(len(self.history), {k: round(v, 4) for k, v in self.history[-1].items()})
            if checkpoint:
                self.save(checkpoint)
