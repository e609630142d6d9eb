"""How a validator knows that an answer is right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hushwork.cli.judging import follows_for, reference_for
from hushwork.guarantee import Answer, Prompt, load
from hushwork.networks import open_network
from hushwork.networks.models import Generator, open_model
from tests.attested.parties import X, classifier, several

FEEDS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "count": np.array(7)}
PROMPT = Prompt("Once upon a time", most_tokens=12)


def test_tensors_are_compared_all_of_them(tmp_path: Path) -> None:
    model = several(tmp_path)
    follows = follows_for(model, "tensors")
    assert follows is not None
    right = model.run(FEEDS)
    near = {name: value + np.float32(1e-4) for name, value in right.items()}
    assert follows(FEEDS, Answer(X, tensors=right))
    assert follows(FEEDS, Answer(X, tensors=near))
    wrong = [
        {"total": right["total"]},
        right | {"first": right["first"] + 1},
        right | {"first": right["first"][:2]},
        right | {"total": right["total"].astype(np.float64)},
        right | {"total": np.full_like(right["total"], np.nan)},
        {},
    ]
    assert not any(follows(FEEDS, Answer(X, tensors=tensors)) for tensors in wrong)
    assert not follows("text", Answer(X, tensors=right))
    assert not follows({"a": FEEDS["a"]}, Answer(X, tensors=right))


@pytest.fixture(scope="module")
def writer() -> Generator:
    model = open_model("tiny-tales", threads=1)
    assert isinstance(model, Generator)
    return model


def test_what_a_model_writes_is_read(writer: Generator) -> None:
    follows = follows_for(writer, "text")
    assert follows is not None
    tokens = [p.token for p in writer.generate(PROMPT.text, most_tokens=PROMPT.most_tokens)]
    assert follows(PROMPT, Answer(np.array(tokens, float)))
    changed = [*tokens[:5], (tokens[5] + 1) % 500, *tokens[6:]]
    for wrong in (tokens[:-1], [*tokens, tokens[0]], changed, [], [1e9], [np.nan], [-1] * 12):
        assert not follows(PROMPT, Answer(np.array(wrong, float)))
    assert not follows("Once upon a time", Answer(np.array(tokens, float)))


def test_a_text_may_end_before_its_tokens_are_spent(writer: Generator) -> None:
    follows = follows_for(writer, "text")
    assert follows is not None
    prompt = Prompt("Once upon a time", most_tokens=240)
    tokens = [p.token for p in writer.generate(prompt.text, most_tokens=prompt.most_tokens)]
    assert len(tokens) < 240
    assert follows(prompt, Answer(np.array(tokens, float)))
    assert not follows(prompt, Answer(np.array(tokens[:-1], float)))


def test_a_writer_is_held_to_what_fits(writer: Generator) -> None:
    judge = load("attested").judge(writer)
    room = writer.context - 24
    asked = [Prompt("a " * count, most_tokens=24) for count in (1, room * 3)]
    assert judge.within(asked).tolist() == [True, False]
    assert judge.within([Prompt("a", most_tokens=writer.context)]).tolist() == [False]


def test_vectors_are_compared_with_a_plain_run(tmp_path: Path, writer: Generator) -> None:
    model = classifier(tmp_path)
    reference = reference_for(model, "numbers")
    assert reference is not None
    expected = [[2 * n * X.sum(), 1 - 2 * n * X.sum()] for n in (1, 2)]
    np.testing.assert_allclose(reference(np.stack([X, 2 * X])), expected, atol=1e-6)
    assert follows_for(model, "numbers") is None
    assert reference_for(writer, "text") is None
    assert reference_for(several(tmp_path), "tensors") is None
    assert reference_for(None, "numbers") is None
    assert reference_for(open_network("staking-advisor"), "numbers") is not None
