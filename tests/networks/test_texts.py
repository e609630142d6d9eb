"""Sentences to judge language models with."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hushwork.errors import InvalidInput
from hushwork.networks import texts
from hushwork.networks.texts import KINDS, Kind, draw

DRAWS = 20_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_decides_what_is_drawn(kind: Kind) -> None:
    first, second, other = (np.random.default_rng(seed) for seed in (1, 1, 2))
    drawn = [draw(first, kind) for _ in range(20)]
    assert drawn == [draw(second, kind) for _ in range(20)]
    assert drawn != [draw(other, kind) for _ in range(20)]


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_short_and_plain(kind: Kind) -> None:
    generator = np.random.default_rng(0)
    drawn = [draw(generator, kind) for _ in range(DRAWS)]
    assert all(text.isascii() and text.isprintable() and text.strip() for text in drawn)
    assert 15 < min(map(len, drawn)) < max(map(len, drawn)) <= 400


@pytest.mark.parametrize("kind", ["augmented", "synthetic"])
def test_no_two_draws_are_the_same(kind: Kind) -> None:
    generator = np.random.default_rng(0)
    drawn = {" ".join(draw(generator, kind).lower().split()) for _ in range(DRAWS)}
    assert len(drawn) == DRAWS


def test_augmented_texts_have_forty_bits() -> None:
    """Two sentences, and each of their words as it is or edited in one of nine ways."""
    lines = texts.sentences()
    shortest = 2 * min(len(line.split()) for line in lines)
    a_word = -math.log2(0.5**2 + 0.5**2 / 9)
    assert math.log2(len(lines) * (len(lines) - 1)) + shortest * a_word > 40


def test_synthetic_texts_have_forty_bits() -> None:
    word = math.log2(len(texts.words()))
    name = 2 * math.log2(len(texts._CONSONANTS) * len(texts._VOWELS))
    notice = math.log2(24 * 60 * 998 * 10**6 * len(texts._UNITS)) + name + word
    assert min(7 * word, 5 * name, notice) > 40


def test_augmented_texts_are_edited_but_known() -> None:
    generator = np.random.default_rng(0)
    known = set(texts.words())
    words = [
        word.strip(".,'").lower()
        for _ in range(200)
        for word in draw(generator, "augmented").split()
    ]
    share = sum(word in known for word in words) / len(words)
    assert 0.6 < share < 0.95


def test_shipped_sentences() -> None:
    lines = texts.sentences()
    assert len(set(lines)) == len(lines) == 283
    assert all(line.isascii() and line[0].isupper() and line[-1] in ".?!" for line in lines)
    assert all(len(line.split()) >= 9 for line in lines)
    generator = np.random.default_rng(0)
    assert {draw(generator, "real") for _ in range(5000)} == set(lines)


@pytest.mark.parametrize("kind", ["", "invented", None, 3])
def test_another_kind_is_refused(kind: Kind) -> None:
    with pytest.raises(InvalidInput):
        draw(np.random.default_rng(0), kind)
