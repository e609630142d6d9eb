"""Train the tiny decoder: it tells the short tales of `hushwork.networks.train.tales`.

python -m hushwork.networks.train.stories --out tiny_tales

Tokens are pairs of bytes joined as often as they meet in the tales (byte-level BPE); `END` stands
before each tale and after it. Needs the extras `torch` and `text`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.random import Generator
from rich import print as show
from rich.progress import track
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import Tensor
from torch.nn import functional

from hushwork.networks.models.decoder import DecoderSizes, decoder_onnx
from hushwork.networks.train.decoder import Decoder
from hushwork.networks.train.tales import tale

NAME = "tiny-tales"
END = "<|end|>"
SIZES = DecoderSizes(vocabulary=512, context=256, layers=3, width=128, heads=4, inner=512)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result, besides the seed."""

    sizes: DecoderSizes = SIZES
    tales: int = 2_000
    """From which the tokens are made."""
    steps: int = 1_000
    batch: int = 16
    rate: float = 3e-3
    """The highest of one cycle of AdamW."""
    weight_decay: float = 0.1
    held_out: int = 8
    """Batches."""


def tokens_of(recipe: Recipe, generator: Generator) -> Tokenizer:
    """The tokens, made from tales."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.sizes.vocabulary,
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator((tale(generator) for _ in range(recipe.tales)), trainer)
    end = tokenizer.token_to_id(END)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{END} $A", special_tokens=[(END, end)]
    )
    return tokenizer


def batch(recipe: Recipe, tokenizer: Tokenizer, generator: Generator) -> Tensor:
    """Rows of tales one after another, (batch, context + 1), each beginning with `END`."""
    rows = []
    for _ in range(recipe.batch):
        row: list[int] = []
        while len(row) <= recipe.sizes.context:
            row += tokenizer.encode(tale(generator)).ids
        rows.append(row[: recipe.sizes.context + 1])
    return torch.tensor(rows)


def loss(model: Decoder, rows: Tensor) -> Tensor:
    """Mean over all tokens but the first of each row, in nats."""
    logits = model(rows[:, :-1])
    return functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())


def train(
    recipe: Recipe, tokenizer: Tokenizer, seed: int
) -> tuple[Decoder, list[dict[str, float]]]:
    """The trained decoder, and its losses on the way, the last on tales held out."""
    torch.manual_seed(seed)
    training, held_out = (np.random.default_rng([seed, part]) for part in (0, 1))
    model, curve = Decoder(recipe.sizes), []
    optimiser = torch.optim.AdamW(
        model.parameters(), recipe.rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, recipe.steps)
    for step in track(range(1, recipe.steps + 1), "training"):
        found = loss(model, batch(recipe, tokenizer, training))
        optimiser.zero_grad()
        found.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            curve.append({"step": step, "loss": round(found.item(), 4)})
            show(curve[-1])
    with torch.no_grad():
        batches = [batch(recipe, tokenizer, held_out) for _ in range(recipe.held_out)]
        mean = torch.stack([loss(model, rows) for rows in batches]).mean().item()
    return model, [*curve, {"step": recipe.steps, "held out": round(mean, 4)}]


def onnx_of(model: Decoder, sizes: DecoderSizes) -> bytes:
    """The decoder as an ONNX file, with a cache."""
    state: dict[str, Any] = model.state_dict()
    return decoder_onnx(NAME, {name: value.numpy() for name, value in state.items()}, sizes)


def main(
    out: Annotated[Path, typer.Option(help="folder to write")],
    seed: int = 0,
) -> None:
    """Train, write the model's folder, and write its curve beside it as JSON."""
    recipe = Recipe()
    tokenizer = tokens_of(recipe, np.random.default_rng([seed, 2]))
    model, curve = train(recipe, tokenizer, seed)
    show(curve[-1])
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.onnx").write_bytes(onnx_of(model, recipe.sizes))
    (out / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    (out / "model.toml").write_text(
        f'kind = "generator"\nname = "{NAME}"\ncontext = {recipe.sizes.context}\n'
        f'end_tokens = ["{END}"]\n'
    )
    out.with_suffix(".json").write_text(json.dumps(curve))


if __name__ == "__main__":
    typer.run(main)
