"""Sentence embeddings of a small model whose vectors are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from hushwork.errors import InvalidInput, InvalidNetwork, TooLarge
from hushwork.networks.models import Embedder, embedder, open_model, tokens
from tests.networks.open_models.making import (
    FLOAT,
    INT64,
    WORDS,
    embedder_folder,
    encoded,
    table_of_words,
    written,
)

RED, GREEN, CAT = (table_of_words()[WORDS.index(word)] for word in ("red", "green", "cat"))


def opened(path: Path, pooling: str = "mean", *, normalise: bool = False) -> Embedder:
    model = open_model(embedder_folder(path, pooling, normalise=normalise), threads=1)
    assert isinstance(model, Embedder)
    return model


def test_means_leave_padding_out(tmp_path: Path) -> None:
    found = opened(tmp_path).embed(["red green cat", "red", "green cat"])
    expected = [(RED + GREEN + CAT) / 3, RED, (GREEN + CAT) / 2]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("pooling", ["cls", "none"])
def test_the_first_vector(pooling: str, tmp_path: Path) -> None:
    found = opened(tmp_path, pooling).embed(["red green", "cat"])
    np.testing.assert_allclose(found, [RED, CAT], atol=1e-6)


def test_vectors_of_length_one(tmp_path: Path) -> None:
    found = opened(tmp_path, normalise=True).embed(["red green", "cat"])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found[1], CAT / np.linalg.norm(CAT), atol=1e-6)


def test_a_text_is_cut_at_the_models_limit(tmp_path: Path) -> None:
    found = opened(tmp_path).embed(["red green cat red", "red green cat red dog dog dog"])
    np.testing.assert_array_equal(found[0], found[1])


def test_many_texts_keep_their_order(tmp_path: Path) -> None:
    model = opened(tmp_path)
    texts = [" ".join(WORDS[3 + (n + k) % 5] for k in range(1 + n % 4)) for n in range(100)]
    alone = np.concatenate([model.embed([text]) for text in texts])
    np.testing.assert_allclose(model.embed(texts), alone, atol=1e-6)


@pytest.mark.parametrize("texts", [[], "red", [""], ["red", " "], ["\ud800"], [b"red"], [None]])
def test_other_texts_are_refused(texts: list[str], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        opened(tmp_path).embed(texts)


def test_too_much_text_is_refused(tmp_path: Path) -> None:
    model = opened(tmp_path)
    with pytest.raises(TooLarge):
        model.embed(["red"] * (embedder.TEXTS_LIMIT + 1))
    half = "é" * (tokens.TEXT_LIMIT // 4)
    model.embed([half, half])
    with pytest.raises(TooLarge):
        model.embed([half, half, "é"])
    with pytest.raises(TooLarge):
        model.embed(["é" * tokens.TEXT_LIMIT])


def test_the_digest_is_of_all_files(tmp_path: Path) -> None:
    digests = {
        opened(tmp_path / "a").digest,
        opened(tmp_path / "b", "cls").digest,
        opened(tmp_path / "c").digest,
    }
    assert len(digests) == 2
    text = (tmp_path / "a" / "tokenizer.json").read_text()
    (tmp_path / "a" / "tokenizer.json").write_text(text + " ")
    (tmp_path / "b" / "README.md").write_text("aside")
    again = {open_model(tmp_path / name).digest for name in "ab"}
    assert len(digests & again) == 1


def test_a_model_without_the_wanted_output(tmp_path: Path) -> None:
    folder = embedder_folder(tmp_path, "none")
    node = helper.make_node("Gather", ["table", "input_ids"], ["vectors"])
    made = encoded(
        [node],
        [("input_ids", INT64, ("n", "s"))],
        [("vectors", FLOAT, ("n", "s", 4))],
        {"table": table_of_words()},
    )
    written(folder / "model.onnx", made)
    with pytest.raises(InvalidNetwork, match="one of 2 axes"):
        open_model(folder)
    (folder / "model.toml").write_text((folder / "model.toml").read_text().replace("none", "mean"))
    assert open_model(folder).kind == "embedding"


@pytest.mark.parametrize("masked", [False, True])
def test_nothing_is_padded_where_nothing_masks_it(masked: bool, tmp_path: Path) -> None:
    """A mean over all tokens in the model; a mask that takes one text at a time alone."""
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["vectors"]),
        helper.make_node("ReduceMean", ["vectors"], ["mean"], axes=[1], keepdims=0),
    ]
    names = ("input_ids", "attention_mask") if masked else ("input_ids",)
    made = encoded(
        nodes,
        [(name, INT64, (1 if masked else "n", "s")) for name in names],
        [("mean", FLOAT, ("n", 4))],
        {"table": table_of_words()},
    )
    folder = embedder_folder(tmp_path, "none")
    written(folder / "model.onnx", made)
    model = open_model(folder, threads=1)
    assert isinstance(model, Embedder)
    found = model.embed(["cat", "red green"])
    np.testing.assert_allclose(found, [CAT, (RED + GREEN) / 2], atol=1e-6)


def test_long_texts_go_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedder, "_TOGETHER", 5)
    model = opened(tmp_path)
    sizes: list[int] = []
    run = model._model.run
    monkeypatch.setattr(
        model._model, "run", lambda feeds: sizes.append(feeds["input_ids"].size) or run(feeds)
    )
    model.embed(["red", "red red red", "red red red", "red", "red", "red"])
    assert sizes == [3, 3, 4]


def test_a_model_of_other_inputs(tmp_path: Path) -> None:
    folder = embedder_folder(tmp_path)
    node = helper.make_node("Identity", ["pixels"], ["out"])
    value = (FLOAT, (1, 2, 3))
    written(folder / "model.onnx", encoded([node], [("pixels", *value)], [("out", *value)]))
    with pytest.raises(InvalidNetwork, match="input_ids"):
        open_model(folder)


def test_an_embedding_that_is_no_number(tmp_path: Path) -> None:
    folder = embedder_folder(tmp_path)
    node = helper.make_node("Gather", ["table", "input_ids"], ["vectors"])
    made = encoded(
        [node],
        [("input_ids", INT64, ("n", "s"))],
        [("vectors", FLOAT, ("n", "s", 4))],
        {"table": table_of_words() * np.float32(np.inf)},
    )
    written(folder / "model.onnx", made)
    model = open_model(folder)
    assert isinstance(model, Embedder)
    with pytest.raises(InvalidInput, match="finite"):
        model.embed(["red"])
