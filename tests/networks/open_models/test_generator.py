"""Continuations, drawn and judged."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from hushwork.errors import InvalidInput, InvalidNetwork, TooLarge
from hushwork.networks.models import Generator, Piece, open_model
from tests.networks.open_models.making import (
    TALES,
    WORDS,
    bigram,
    generator_folder,
    with_external,
    written,
)

PROMPT = "Once upon a time there was a clever owl named Rosa."
RED, GREEN, BLUE, CAT, DOG, END = (
    WORDS.index(word) for word in ("red", "green", "blue", "cat", "dog", "[END]")
)


@pytest.fixture(scope="module")
def tales() -> Generator:
    model = open_model("tiny-tales", threads=1)
    assert isinstance(model, Generator)
    return model


@pytest.fixture(params=[False, True])
def pairs(tmp_path: Path, request: pytest.FixtureRequest) -> Generator:
    model = open_model(generator_folder(tmp_path, masked=request.param), threads=1)
    assert isinstance(model, Generator)
    return model


def numbers(pieces: list[Piece]) -> list[int]:
    return [piece.token for piece in pieces]


def said(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def test_a_tale_is_told_to_its_end(tales: Generator) -> None:
    pieces = list(tales.generate(PROMPT, most_tokens=200))
    assert said(pieces).startswith(" Rosa lived in ")
    assert said(pieces).count("Rosa") >= 3
    assert said(pieces).endswith(".")
    assert pieces[-1] == Piece(0, "")
    assert tales.end_tokens == {0}


def test_a_decoder_without_a_cache(pairs: Generator) -> None:
    pieces = list(pairs.generate("cat red", most_tokens=6))
    assert numbers(pieces) == [GREEN, BLUE, END]
    assert said(pieces) == "green blue"
    assert numbers(list(pairs.generate("cat", most_tokens=3))) == [CAT] * 3


def test_an_end_has_no_text_even_if_its_token_has(tmp_path: Path) -> None:
    folder = generator_folder(tmp_path)
    description = (folder / "model.toml").read_text()
    (folder / "model.toml").write_text(description.replace("[END]", "blue"))
    model = open_model(folder, threads=1)
    assert isinstance(model, Generator)
    pieces = list(model.generate("red", most_tokens=6))
    assert (numbers(pieces), said(pieces)) == ([GREEN, BLUE], "green")


def without_cache(folder: Path) -> Path:
    """The tiny decoder that reads all over again for every token."""
    shutil.copytree(TALES, folder)
    model = onnx.load(folder / "model.onnx")
    for value in list(model.graph.input):
        if value.name.startswith("past"):
            empty = np.empty((1, 4, 0, 32), np.float32)
            model.graph.initializer.append(numpy_helper.from_array(empty, value.name))
            model.graph.input.remove(value)
    del model.graph.output[1:]
    written(folder / "model.onnx", model)
    return folder


def test_the_cache_changes_no_text(tales: Generator, tmp_path: Path) -> None:
    slow = open_model(without_cache(tmp_path / "slow"), threads=1)
    assert isinstance(slow, Generator)
    made = list(slow.generate(PROMPT, most_tokens=40))
    assert made == list(tales.generate(PROMPT, most_tokens=40))
    margins = [model.margins(PROMPT, numbers(made)) for model in (slow, tales)]
    np.testing.assert_allclose(*margins, atol=1e-4)


def test_the_context_is_never_left(pairs: Generator) -> None:
    assert len(list(pairs.generate("cat cat cat", most_tokens=100))) == pairs.context - 3
    with pytest.raises(TooLarge):
        pairs.generate("cat " * 8, most_tokens=1)


def test_greedy_text_is_always_the_same(tales: Generator) -> None:
    first, second = (list(tales.generate(PROMPT, most_tokens=30)) for _ in range(2))
    assert first == second
    assert len(first) == 30


def test_a_seed_decides_what_is_drawn(tales: Generator) -> None:
    def drawn(seed: int | None) -> list[int]:
        return numbers(list(tales.generate("", most_tokens=40, temperature=1.0, seed=seed)))

    assert drawn(1) == drawn(1)
    assert len({tuple(drawn(seed)) for seed in range(8)}) == 8
    assert drawn(None) != drawn(None)


def test_the_coldest_draws_are_greedy(tales: Generator) -> None:
    drawn = tales.generate(PROMPT, most_tokens=10, temperature=1e-320, seed=0)
    assert list(drawn) == list(tales.generate(PROMPT, most_tokens=10))


def test_draws_have_the_models_distribution(pairs: Generator) -> None:
    def first(seed: int) -> int:
        return next(iter(pairs.generate("cat", most_tokens=1, temperature=2.0, seed=seed))).token

    counts = np.bincount([first(seed) for seed in range(600)], minlength=len(WORDS))
    weights = np.exp(np.array([0, 0, 0, 0, 0, 0, 5.0, 4.999]) / 2)
    expected = 600 * weights / weights.sum()
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected.max())


@pytest.mark.parametrize("seed", range(5))
def test_pieces_of_wild_draws_make_the_text_of_their_tokens(tales: Generator, seed: int) -> None:
    pieces = list(tales.generate("A", most_tokens=100, temperature=20.0, seed=seed))
    assert said(pieces) == tales._tokens.decode(numbers(pieces))
    assert "\N{REPLACEMENT CHARACTER}" in said(pieces)


def test_a_stop_ends_it(tales: Generator) -> None:
    whole = said(list(tales.generate(PROMPT, most_tokens=200)))
    pieces = list(tales.generate(PROMPT, most_tokens=200, stop=["lived in", "Rosa was"]))
    assert said(pieces) == whole[: whole.index("lived in")]
    assert len(pieces) == len(tales._tokens.encode(" Rosa lived in")) - 1


def test_pieces_come_as_they_are_made(tales: Generator) -> None:
    stream = tales.generate(PROMPT, most_tokens=200)
    assert next(stream).text == " Rosa"


def test_greedy_text_has_no_margin(tales: Generator) -> None:
    made = numbers(list(tales.generate(PROMPT, most_tokens=200)))
    margins = tales.margins(PROMPT, made)
    assert margins.shape == (len(made),)
    assert margins.max() < 1e-3
    assert tales.follows(PROMPT, made, 1e-3)


def test_margins_of_a_near_tie(pairs: Generator) -> None:
    np.testing.assert_allclose(pairs.margins("cat", [CAT, DOG, RED]), [0, 0.001, 5], atol=1e-5)
    assert pairs.follows("cat", [CAT, DOG, CAT], 0.01)
    assert not pairs.follows("cat", [CAT, DOG, CAT], 0.0001)


def test_another_text_does_not_follow(tales: Generator) -> None:
    made = numbers(list(tales.generate(PROMPT, most_tokens=60)))
    for place in (0, 20, 59):
        other = [*made[:place], made[place] ^ 1, *made[place + 1 :]]
        assert not tales.follows(PROMPT, other, 0.01)
    assert not tales.follows("Once upon a time there was a shy fox named Tom.", made, 0.01)


@pytest.mark.parametrize(
    "tokens",
    [[], [GREEN, BLUE, END, RED], [END, END], [-1], [len(WORDS)], [1 << 70], [GREEN] * 8, [1.5]],
)
def test_what_is_no_continuation_does_not_follow(pairs: Generator, tokens: list[int]) -> None:
    assert not pairs.follows("red", tokens, 1e9)


def test_an_end_may_be_the_last_token(pairs: Generator) -> None:
    assert pairs.follows("red", [GREEN, BLUE, END], 0.01)


@pytest.mark.parametrize("tokens", [[], [-1], [len(WORDS)]])
def test_margins_of_what_are_no_tokens(pairs: Generator, tokens: list[int]) -> None:
    with pytest.raises(InvalidInput):
        pairs.margins("red", tokens)


def cut(model: onnx.ModelProto, width: int) -> onnx.ModelProto:
    """The same model with fewer logits, in a way that no loader foresees."""
    model.graph.node[0].output[0] = "all"
    shape = model.graph.output[0].type.tensor_type.shape
    shape.dim[2].dim_param = "vocabulary"
    model.graph.node.extend(
        [
            helper.make_node("Shape", ["input_ids"], ["length"], start=1),
            helper.make_node("Div", ["length", "length"], ["unit"]),
            helper.make_node("Mul", ["unit", "width"], ["end"]),
            helper.make_node("Slice", ["all", "zero", "end", "axis"], ["logits"]),
        ]
    )
    for name, value in (("width", width), ("zero", 0), ("axis", 2)):
        model.graph.initializer.append(numpy_helper.from_array(np.array([value]), name))
    return model


def test_a_token_that_the_logits_do_not_have(tmp_path: Path) -> None:
    folder = generator_folder(tmp_path)
    written(folder / "model.onnx", cut(bigram(), DOG))
    opened = open_model(folder, threads=1)
    assert isinstance(opened, Generator)
    assert opened.vocabulary == len(WORDS)
    np.testing.assert_array_equal(opened.margins("red", [GREEN]), [0])
    with pytest.raises(InvalidInput, match="below 7"):
        opened.margins("red", [GREEN, DOG])


def test_margins_beyond_the_context(pairs: Generator) -> None:
    with pytest.raises(TooLarge):
        pairs.margins("red", [GREEN] * 8)


@pytest.mark.parametrize(
    "asked",
    [
        {"most_tokens": 0},
        {"most_tokens": 1, "temperature": -0.1},
        {"most_tokens": 1, "temperature": float("nan")},
        {"most_tokens": 1, "temperature": 1e9},
        {"most_tokens": 1, "temperature": 1.0, "seed": -1},
        {"most_tokens": 1, "stop": "abc"},
        {"most_tokens": 1, "stop": [""]},
        {"most_tokens": 1, "stop": ["a"] * 17},
        {"most_tokens": 1, "stop": ["a" * 257]},
    ],
)
def test_other_requests_are_refused_at_once(tales: Generator, asked: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        tales.generate(PROMPT, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("prompt", ["\ud800", 5, None])
def test_other_prompts_are_refused(tales: Generator, prompt: str) -> None:
    with pytest.raises(InvalidInput):
        tales.generate(prompt, most_tokens=1)


def test_a_prompt_without_tokens_is_refused(pairs: Generator) -> None:
    with pytest.raises(InvalidInput, match="at least one token"):
        pairs.generate("", most_tokens=1)


def test_threads_may_share_a_generator(tales: Generator) -> None:
    def told(seed: int) -> str:
        return said(list(tales.generate("", most_tokens=30, temperature=1.0, seed=seed)))

    alone = [told(seed) for seed in range(16)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(told, range(16))) == alone


def test_logits_that_are_no_numbers(tmp_path: Path) -> None:
    folder = generator_folder(tmp_path)
    model = bigram()
    table = np.full((len(WORDS), len(WORDS)), np.nan, np.float32)
    model.graph.initializer[0].raw_data = table.tobytes()
    written(folder / "model.onnx", model)
    opened = open_model(folder)
    assert isinstance(opened, Generator)
    with pytest.raises(InvalidNetwork, match="NaN"):
        list(opened.generate("red", most_tokens=1))


def test_weights_of_a_generator_beside_it(tmp_path: Path) -> None:
    folder = generator_folder(tmp_path)
    model = bigram()
    outside = with_external("table.bin", 256).graph.initializer[0]
    data = model.graph.initializer[0].raw_data
    model.graph.initializer[0].ClearField("raw_data")
    model.graph.initializer[0].data_location = outside.data_location
    model.graph.initializer[0].external_data.extend(outside.external_data)
    (folder / "table.bin").write_bytes(data)
    before = open_model(folder := folder, threads=1).digest
    written(folder / "model.onnx", model)
    opened = open_model(folder, threads=1)
    assert isinstance(opened, Generator)
    assert opened.digest != before
    assert numbers(list(opened.generate("red", most_tokens=9))) == [GREEN, BLUE, END]
