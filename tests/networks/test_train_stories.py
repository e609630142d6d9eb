"""The training of the tiny decoder, on a smaller one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from hushwork.networks.models import Generator, OnnxModel, open_model
from hushwork.networks.models.decoder import DecoderSizes
from hushwork.networks.models.reading import Reading, layout
from hushwork.networks.train import stories
from hushwork.networks.train.decoder import Decoder
from hushwork.networks.train.stories import Recipe

SIZES = DecoderSizes(vocabulary=300, context=64, layers=2, width=32, heads=2, inner=64)
SMALL = Recipe(sizes=SIZES, tales=50, steps=100, batch=8, held_out=1)


def test_the_file_computes_what_torch_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Decoder(SIZES).eval()
    for parameter in model.parameters():
        parameter.data.add_(torch.randn_like(parameter) * 0.1)
    path = tmp_path / "model.onnx"
    path.write_bytes(stories.onnx_of(model, SIZES))
    opened = OnnxModel(path, threads=1)
    tokens = np.random.default_rng(0).integers(300, size=64)
    with torch.no_grad():
        expected = model(torch.from_numpy(tokens)[None])[0].numpy()
    reading = Reading(opened, layout(opened))
    found = np.concatenate([reading.read(part.tolist()) for part in np.split(tokens, 8)])
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_training_learns_and_repeats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stories, "Recipe", lambda: SMALL)
    stories.main(tmp_path / "model")
    model = open_model(tmp_path / "model", threads=1)
    assert isinstance(model, Generator)
    assert (model.name, model.vocabulary, model.context) == ("tiny-tales", 300, 64)
    pieces = list(model.generate("", most_tokens=20))
    assert "".join(piece.text for piece in pieces).startswith("Once upon a time there was")
    stories.main(tmp_path / "again")
    assert open_model(tmp_path / "again").digest == model.digest


def test_the_shipped_tokens_are_made_again() -> None:
    made = stories.tokens_of(Recipe(), np.random.default_rng([0, 2]))
    shipped = Path(stories.__file__).parents[1] / "zoo" / "tiny_tales" / "tokenizer.json"
    assert made.to_str() == shipped.read_text()
