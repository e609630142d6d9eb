"""The tiny decoder: with a cache, without one, and computed independently."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest

from hushwork.networks.models import Generator, OnnxModel, open_model
from hushwork.networks.models.decoder import DecoderSizes, decoder_onnx
from hushwork.networks.models.reading import Reading, layout
from hushwork.networks.train.tales import tale
from tests.networks.open_models.making import TALES
from tests.networks.open_models.transformer import decoder, weights_of

LAYERS, HEADS, SIZE_LIMIT = 3, 4, 3_000_000


@pytest.fixture(scope="module")
def model() -> OnnxModel:
    return OnnxModel(TALES / "model.onnx", threads=1)


@pytest.fixture(scope="module")
def tokens() -> list[int]:
    opened = open_model("tiny-tales", threads=1)
    assert isinstance(opened, Generator)
    return opened._tokens.encode(tale(np.random.default_rng(0)))


def read(model: OnnxModel, tokens: list[int], step: int) -> np.ndarray:
    reading = Reading(model, layout(model))
    parts = [reading.read(tokens[n : n + step]) for n in range(0, len(tokens), step)]
    return np.concatenate(parts)


@pytest.mark.parametrize("step", [1, 7, 100])
def test_the_cache_changes_nothing(model: OnnxModel, tokens: list[int], step: int) -> None:
    whole = read(model, tokens, len(tokens))
    assert whole.shape == (len(tokens), 512)
    np.testing.assert_allclose(read(model, tokens, step), whole, atol=1e-4)


def test_an_independent_computation_agrees(model: OnnxModel, tokens: list[int]) -> None:
    expected = decoder(weights_of(TALES / "model.onnx"), tokens, LAYERS, HEADS)
    np.testing.assert_allclose(read(model, tokens, len(tokens)), expected, atol=1e-4)


def small_weights() -> dict[str, np.ndarray]:
    shapes: dict[str, tuple[int, ...]] = {"tokens.weight": (9, 8), "places.weight": (6, 8)}
    for index in range(2):
        at = f"layers.{index}"
        maps = dict.fromkeys(("query", "key", "value", "joined"), (8, 8))
        for name, shape in (maps | {"inner": (12, 8), "outer": (8, 12)}).items():
            shapes |= {f"{at}.{name}.weight": shape, f"{at}.{name}.bias": shape[:1]}
        for name in ("first", "second"):
            shapes |= {f"{at}.{name}.weight": (8,), f"{at}.{name}.bias": (8,)}
    shapes |= {"last.weight": (8,), "last.bias": (8,)}
    random = np.random.default_rng(0)
    return {key: random.normal(size=shape).astype(np.float32) for key, shape in shapes.items()}


def test_a_small_decoder_is_written_as_it_is_meant(tmp_path: Path) -> None:
    sizes = DecoderSizes(vocabulary=9, context=6, layers=2, width=8, heads=2, inner=12)
    path = tmp_path / "small.onnx"
    path.write_bytes(decoder_onnx("small", small_weights(), sizes))
    expected = decoder(weights_of(path), [1, 8, 3, 3, 0, 5], 2, 2)
    for step in (1, 4, 6):
        found = read(OnnxModel(path, threads=1), [1, 8, 3, 3, 0, 5], step)
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_padding_before_a_text_changes_nothing(model: OnnxModel, tokens: list[int]) -> None:
    empty = layout(model).empty
    count = len(tokens)
    feeds = {
        "input_ids": np.array([[0] * 3 + tokens, tokens + [0] * 3]),
        "attention_mask": np.array([[0] * 3 + [1] * count, [1] * count + [0] * 3]),
        "position_ids": np.array([[0] * 3 + list(range(count)), list(range(count + 3))]),
        **{name: np.concatenate([cache, cache]) for name, cache in empty.items()},
    }
    found = model.run(feeds)["logits"]
    expected = read(model, tokens, count)
    np.testing.assert_allclose(found[0, 3:], expected, atol=1e-4)
    np.testing.assert_allclose(found[1, :-3], expected, atol=1e-4)


def test_it_has_learned_its_tales(model: OnnxModel, tokens: list[int]) -> None:
    """In nats: the choices of the grammar are worth 0.201 for each token on average."""
    logits = read(model, tokens, len(tokens))[:-1].astype(np.float64)
    likely = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert -likely[np.arange(len(tokens) - 1), tokens[1:]].mean() < 0.3


def test_what_is_shipped() -> None:
    files = {path.name: path.read_bytes() for path in TALES.iterdir()}
    assert set(files) == {"model.onnx", "model.toml", "tokenizer.json"}
    assert sum(map(len, files.values())) < SIZE_LIMIT
    onnx.checker.check_model(onnx.load_from_string(files["model.onnx"]))
    digest = hashlib.sha256(files["model.onnx"]).hexdigest()
    assert OnnxModel(TALES / "model.onnx").digest == digest
