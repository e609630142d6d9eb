"""Train the staking advisor: of a table of 16 validators, where to stake for the next epoch.

python -m hushwork.networks.train.staking --out staking_advisor.onnx --checkpoint staking.pt

It scores each validator by the same small network, from what `validators.FEATURES` says of it, by
the return that it expects of the next epoch, in units of `validators.BASE`. It learns from what the
next epoch brought. Choices are made on tables held out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor, nn
from torch.nn import functional

from hushwork.networks.train import trainer, validators
from hushwork.networks.train.export import sequential_onnx
from hushwork.networks.train.trainer import Split

NAME = "staking-advisor"
LABELS = tuple(f"validator {number}" for number in range(1, validators.VALIDATORS + 1))
HIDDEN = (32, 16)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result, besides the seed."""

    tables: int = 200_000
    held_out: int = 50_000
    epochs: int = 20
    batch: int = 500
    rate: float = 1e-2
    """The highest of one cycle of AdamW."""
    weight_decay: float = 0.01


def advisor() -> nn.Sequential:
    """Tables (n, 8, 16, 1) to a score of each validator, (n, 16): its return in units of BASE."""
    return nn.Sequential(
        nn.Conv2d(len(validators.FEATURES), HIDDEN[0], 1),
        nn.ReLU(),
        nn.Conv2d(HIDDEN[0], HIDDEN[1], 1),
        nn.ReLU(),
        nn.Conv2d(HIDDEN[1], 1, 1),
        nn.Flatten(),
    )


def simulated(count: int, seed: int, part: int) -> Split:
    """Tables, and in place of labels the next epoch's returns (n, 16), in units of BASE.

    Parts of a seed are independent: 0 to train on, 1 held out.
    """
    state, returns = validators.drawn(count, np.random.default_rng([seed, part]))
    tables = torch.from_numpy(validators.tables(state))
    return Split(tables.float(), torch.from_numpy(returns / validators.BASE).float())


class Trainer(trainer.Trainer):
    """Trains an advisor."""

    def __init__(self, recipe: Recipe, seed: int, tables: int) -> None:
        super().__init__(seed)
        self.batch = recipe.batch
        self.model = advisor()
        self.models = [self.model]
        optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay
        )
        steps = recipe.epochs * (tables // recipe.batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=steps)
        self.optimisers, self.schedules = [optimiser], [schedule]

    def loss(self, data: Split, index: Tensor) -> Tensor:
        """Squared error of the scores, which thereby become expected returns."""
        return functional.mse_loss(self.model(data.images[index]), data.labels[index])

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def measure(self, data: Split) -> dict[str, float]:
        """Mean return of the highest score, in units of BASE, and the largest score."""
        scores = self.model(data.images)
        earned = data.labels.gather(1, scores.argmax(1, keepdim=True))
        return {"return": earned.mean().item(), "score": scores.abs().max().item()}


def main(
    out: Annotated[Path, typer.Option(help="ONNX file to write")],
    checkpoint: Annotated[Path | None, typer.Option(help="resumed if it exists")] = None,
    seed: int = 0,
) -> None:
    """Train, write the network, and write its curve beside it as JSON."""
    recipe = Recipe()
    training, held_out = simulated(recipe.tables, seed, 0), simulated(recipe.held_out, seed, 1)
    made = Trainer(recipe, seed, recipe.tables)
    made.run(training, held_out, recipe.epochs, checkpoint)
    shape = tuple(training.images.shape[1:])
    out.write_bytes(sequential_onnx(made.model, shape, NAME, LABELS))
    out.with_suffix(".json").write_text(json.dumps(made.history))


if __name__ == "__main__":
    typer.run(main)
