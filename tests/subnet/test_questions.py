"""The texts of a round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from hushwork.errors import InvalidNetwork
from hushwork.guarantee import Manifest, Prompt
from hushwork.networks import texts
from hushwork.subnet.draws import Draws
from hushwork.subnet.questions import MOST_TOKENS, TextDraws, draws_for
from hushwork.subnet.task import Task
from tests.insecure_plain import InsecurePlain
from tests.subnet.town import make_task


def lengths(asked: Sequence[str]) -> np.ndarray:
    return np.array([[len(text), 1.0] for text in asked])


def task(*, streams: bool = False) -> Task:
    manifest = Manifest("insecure_plain", "m", "0", (), (), 1, 1, 1, b"", takes="text",
                        streams=streams)  # fmt: skip
    reference = None if streams else lengths
    return Task(manifest, InsecurePlain(), reference, agreement="cosine")


def test_texts_of_all_kinds_with_their_references() -> None:
    drawn = TextDraws(task(), np.random.default_rng(1)).draw(9)
    assert set(Counter(one.kind for one in drawn).values()) == {3}
    for one in drawn:
        assert isinstance(one.input, str)
        np.testing.assert_array_equal(one.reference, [len(one.input), 1.0])


def test_no_text_comes_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "sentences", lambda: ("One.", "Two."))
    draws = TextDraws(task(), np.random.default_rng(2))
    asked = [one.input for _ in range(20) for one in draws.draw(6)]
    assert len(set(asked)) == len(asked) == 120


def test_a_model_that_writes_is_asked_for_so_much() -> None:
    (one,) = TextDraws(task(streams=True), np.random.default_rng(3)).draw(1)
    assert isinstance(one.input, Prompt)
    assert one.input.most_tokens == MOST_TOKENS
    assert one.reference is None


def test_what_a_model_has_no_room_for_is_not_asked() -> None:
    short = replace(task(), within=lambda asked: np.array([len(text) < 40 for text in asked]))
    drawn = TextDraws(short, np.random.default_rng(6)).draw(12)
    assert all(len(str(one.input)) < 40 for one in drawn)
    none = replace(task(), within=lambda asked: np.zeros(len(asked), dtype=bool))
    with pytest.raises(InvalidNetwork, match="short context"):
        TextDraws(none, np.random.default_rng(6)).draw(1)


def test_the_same_seed_draws_the_same() -> None:
    def drawn(seed: int) -> list[object]:
        return [one.input for one in TextDraws(task(), np.random.default_rng(seed)).draw(6)]

    assert drawn(4) == drawn(4) != drawn(5)


def test_a_task_gets_the_draws_of_its_kind() -> None:
    generator = np.random.default_rng(0)
    assert isinstance(draws_for(task(), generator), TextDraws)
    assert isinstance(draws_for(make_task(), generator), Draws)
