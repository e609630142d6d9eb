"""Sentences that a language model is asked about by whoever wants to judge its answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from numpy.random import Generator

from hushwork.errors import InvalidInput

Kind = Literal["real", "augmented", "synthetic"]

KINDS: tuple[Kind, ...] = ("real", "augmented", "synthetic")

_EDITED = 0.5
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_UNITS = ("boxes", "litres", "metres", "tickets", "pages", "votes", "seconds", "tonnes")
_ENDS = (".", "?", "!")


def draw(generator: Generator, kind: Kind) -> str:
    """A text of one of the KINDS, at most 400 characters. Raises InvalidInput for another kind.

    "real": one of the shipped sentences. "augmented": two of them, about half of their words
    dropped, exchanged, misspelt or in another case. "synthetic": random words, words that there
    are none of, or a short notice with numbers. Two draws are the same, of the latter two kinds,
    with a likelihood below 2^-40.
    """
    if kind not in KINDS:
        raise InvalidInput("kind of text", expected=list(KINDS), got=repr(kind)[:40])
    return _MAKERS[kind](generator)


@cache
def sentences() -> tuple[str, ...]:
    """The shipped sentences, of nine words or more."""
    path = Path(__file__).with_name("sample") / "sentences.txt"
    return tuple(path.read_text(encoding="utf-8").splitlines())


@cache
def words() -> tuple[str, ...]:
    """The words of the shipped sentences, in lower case and in order."""
    found = {word.strip(".,'").lower() for line in sentences() for word in line.split()}
    return tuple(sorted(found))


def _real(generator: Generator) -> str:
    return _one(generator, sentences())


def _augmented(generator: Generator) -> str:
    chosen = generator.choice(len(sentences()), 2, replace=False)
    found = [word for index in chosen for word in sentences()[index].split()]
    first, second = generator.integers(len(found), size=2)
    found[first], found[second] = found[second], found[first]
    edited = [_edited(generator, word) for word in found]
    return " ".join(word for word in edited if word) or found[0]


def _edited(generator: Generator, word: str) -> str:
    """A word as it is, or after one of the edits; nothing if it is dropped."""
    if generator.random() > _EDITED:
        return word
    place = int(generator.integers(len(word)))
    letter, before, after = word[place], word[:place], word[place + 1 :]
    edits = (
        "",
        word.upper(),
        word.lower(),
        word.swapcase(),
        f"{word} {word}",
        f" {word} ",
        before + after,
        before + letter * 2 + after,
        before + after[:1] + letter + after[1:],
    )
    return _one(generator, edits)


def _synthetic(generator: Generator) -> str:
    makers = (_salad, _invented, _notice)
    return makers[int(generator.integers(len(makers)))](generator)


def _salad(generator: Generator) -> str:
    count = int(generator.integers(7, 20))
    return _sentence(generator, [_one(generator, words()) for _ in range(count)])


def _invented(generator: Generator) -> str:
    count = int(generator.integers(5, 12))
    return _sentence(generator, [_name(generator) for _ in range(count)])


def _notice(generator: Generator) -> str:
    hour, minute = int(generator.integers(24)), int(generator.integers(60))
    count, number = int(generator.integers(2, 1000)), int(generator.integers(10**6))
    name, other = _name(generator).title(), _one(generator, words())
    unit = _one(generator, _UNITS)
    forms = (
        f"Order {number}: {count} {unit} for {name} of the {other}, due at {hour}:{minute:02}.",
        f"At {hour}:{minute:02}, {name} counted {count} {unit} beside {other} number {number}.",
        f"{name} owes {number} coins for {count} {unit} since {hour}:{minute:02}; see {other}.",
    )
    return _one(generator, forms)


def _sentence(generator: Generator, parts: Sequence[str]) -> str:
    return " ".join(parts).capitalize() + _one(generator, _ENDS)


def _name(generator: Generator) -> str:
    count = int(generator.integers(2, 4))
    pairs = ((_one(generator, _CONSONANTS), _one(generator, _VOWELS)) for _ in range(count))
    return "".join(first + second for first, second in pairs)


def _one(generator: Generator, options: Sequence[str]) -> str:
    return options[int(generator.integers(len(options)))]


_MAKERS: dict[Kind, Callable[[Generator], str]] = {
    "real": _real,
    "augmented": _augmented,
    "synthetic": _synthetic,
}
