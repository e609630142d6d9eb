"""Pieces of text are those of the whole, whatever the tokens split."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models

from hushwork.networks.models.streaming import Streamed
from hushwork.networks.models.tokens import Tokens
from tests.networks.open_models.making import TALES

TOKENS = st.lists(st.integers(1, 511), max_size=40)


@cache
def tales() -> Tokens:
    """Byte by byte but for what tales often say."""
    return Tokens((TALES / "tokenizer.json").read_bytes())


@cache
def spaced() -> Tokens:
    """As in Llama: spaces lead words, and bytes stand for what has no token."""
    pieces = ["▁", "▁the", "▁cat", "s", "é", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokenizer = Tokenizer(
        models.BPE({piece: number for number, piece in enumerate(pieces)}, [], byte_fallback=True)
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return Tokens(tokenizer.to_str().encode())


def pieces(tokens: Tokens, numbers: list[int], stop: tuple[str, ...] = ()) -> list[str]:
    text = Streamed(tokens.decode, stop)
    found = []
    for number in numbers:
        found.append(text.push(number))
        if text.stopped:
            break
    return [*found, text.finish()]


@given(text=st.text(max_size=60))
def test_any_text_comes_back(text: str) -> None:
    numbers = tales().encode(text)
    assert "".join(pieces(tales(), numbers)) == tales().decode(numbers) == text


@given(numbers=TOKENS)
def test_any_tokens_make_their_text(numbers: list[int]) -> None:
    assert "".join(pieces(tales(), numbers)) == tales().decode(numbers)


@given(text=st.text("thecats é\N{SNOWMAN}\N{FOX FACE}", max_size=30))
def test_words_that_begin_with_a_space(text: str) -> None:
    numbers = [number for number in _spaced(text) if number is not None]
    assert "".join(pieces(spaced(), numbers)) == spaced().decode(numbers)


def _spaced(text: str) -> list[int | None]:
    words = [f"▁{word}" for word in text.split(" ")]
    return [
        number
        for word in words
        for number in (
            [spaced().id_of(word)]
            if spaced().id_of(word) is not None
            else [spaced().id_of(f"<0x{byte:02X}>") for byte in word[1:].encode()]
        )
    ]


def test_a_character_waits_for_its_last_byte() -> None:
    numbers = tales().encode("a\N{SNOWMAN}b")[1:]
    assert pieces(tales(), numbers) == ["a", "", "", "\N{SNOWMAN}", "b", ""]


def test_an_unfinished_character_is_given_at_the_end() -> None:
    numbers = tales().encode("a\N{SNOWMAN}")[1:-1]
    assert pieces(tales(), numbers) == ["a", "", "", "\N{REPLACEMENT CHARACTER}"]


def test_a_stop_is_not_given() -> None:
    numbers = tales().encode("one two three four")
    assert "".join(pieces(tales(), numbers, ("zzz", "three"))) == "one two "


def test_the_first_of_two_stops_in_a_token_counts() -> None:
    text = Streamed(lambda numbers: "one two three" * len(numbers), ("three", "two"))
    assert (text.push(0), text.stopped, text.finish()) == ("one ", True, "")


def test_what_may_be_a_stop_waits() -> None:
    found = pieces(tales(), tales().encode("abcabd")[1:], ("abd",))
    assert "".join(found) == "abc"
    found = pieces(tales(), tales().encode("xab")[1:], ("abd",))
    assert ("".join(found[:-1]), found[-1]) == ("x", "ab")


@settings(max_examples=200)
@given(text=st.text("ab", max_size=20), stop=st.lists(st.text("ab", min_size=1, max_size=4)))
def test_all_before_the_first_stop(text: str, stop: list[str]) -> None:
    numbers = tales().encode(text)[1:]
    found = "".join(pieces(tales(), numbers, tuple(stop)))
    places = [text.find(one) for one in stop if one in text]
    first = min((place + len(one) for one in stop if (place := text.find(one)) >= 0), default=None)
    if first is None:
        assert found == text
    else:
        assert found == text[: len(found)]
        assert len(found) >= min(places)
        assert not any(one in found for one in stop)


@pytest.mark.parametrize("tokens", [tales, spaced])
def test_no_tokens(tokens: object) -> None:
    assert callable(tokens)
    assert pieces(tokens(), []) == [""]
