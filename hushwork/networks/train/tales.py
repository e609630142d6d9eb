"""Short tales for children, from a small grammar: what the tiny decoder learns to tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from numpy.random import Generator

GIRLS = ("Mia", "Lily", "Anna", "Rosa", "Nora", "Ella", "Zoe", "Ida", "Clara", "Ruth")
BOYS = ("Tom", "Ben", "Max", "Leo", "Sam", "Finn", "Otto", "Hugo", "Emil", "Jack")
ANIMALS = ("fox", "bear", "rabbit", "mouse", "owl", "hedgehog", "frog", "duck", "cat", "squirrel")
LOOKS = ("little", "young", "brave", "shy", "clever", "quiet", "merry", "curious")
HOMES = ("a red house", "a hollow tree", "a warm cave", "a tiny cottage", "an old mill")
NEAR = ("by the river", "on the hill", "near the forest", "at the lake", "behind the garden")
PLACES = ("forest", "meadow", "village", "beach", "market", "mountain", "garden", "pond")
THINGS = ("kite", "ball", "lamp", "drum", "boat", "hat", "key", "bell", "basket", "blanket")
COLOURS = ("red", "blue", "green", "yellow", "white", "golden")
FOODS = ("berries", "apples", "nuts", "honey", "bread", "pears", "soup", "cake")
DAYS = ("One sunny day", "One cold morning", "One windy afternoon", "One rainy day", "One evening")
HIDDEN = ("under a big stone", "behind a bush", "in the tall grass", "up in a tree", "in the mud")
LESSONS = (
    "it is good to share",
    "a friend is worth more than gold",
    "asking for help is brave",
    "it pays to look twice",
    "kind words cost nothing",
)

Pick = Callable[[Sequence[str]], str]
"""Draws one of several texts."""


@dataclass(frozen=True)
class Scene:
    """Whom and what a tale is about."""

    name: str
    kind: str
    girl: bool
    friend: str
    thing: str

    @property
    def subject(self) -> str:
        """The hero as one who acts."""
        return "she" if self.girl else "he"

    @property
    def owner(self) -> str:
        """The hero as one who owns."""
        return "her" if self.girl else "his"


def tale(generator: Generator) -> str:
    """One tale of six to nine sentences, in ASCII."""

    def pick(options: Sequence[str]) -> str:
        return options[int(generator.integers(len(options)))]

    girl = bool(generator.integers(2))
    kind = pick(ANIMALS)
    friend = pick([animal for animal in ANIMALS if animal != kind])
    thing = f"{pick(COLOURS)} {pick(THINGS)}"
    scene = Scene(pick(GIRLS if girl else BOYS), kind, girl, friend, thing)
    happens = (_lost, _shared, _given)[int(generator.integers(3))]
    return f"{_opening(scene, pick)} {happens(scene, pick)} {_ending(scene, pick)}"


def _opening(scene: Scene, pick: Pick) -> str:
    return (
        f"Once upon a time there was a {pick(LOOKS)} {scene.kind} named {scene.name}. "
        f"{scene.name} lived in {pick(HOMES)} {pick(NEAR)}."
    )


def _lost(scene: Scene, pick: Pick) -> str:
    place = pick(PLACES)
    return (
        f"{pick(DAYS)} {scene.name} lost {scene.owner} {scene.thing} near the {place}. "
        f"{scene.name} was very sad. "
        f'{_a(scene.friend).capitalize()} came by and said, "Do not cry, {scene.name}. '
        f'I will help you." '
        f"They looked all around the {place}. "
        f"At last the {scene.friend} found the {scene.thing} {pick(HIDDEN)}."
    )


def _shared(scene: Scene, pick: Pick) -> str:
    food = pick(FOODS)
    return (
        f"{pick(DAYS)} {scene.name} went to the {pick(PLACES)} to look for {food}. "
        f"On the way {scene.subject} met {_a(scene.friend)}. "
        f'"I am so hungry," said the {scene.friend}. '
        f"{scene.name} gave the {scene.friend} half of the {food}. "
        f"They sat down {pick(NEAR)} and ate together."
    )


def _given(scene: Scene, pick: Pick) -> str:
    return (
        f"{pick(DAYS)} {scene.subject} found a {scene.thing} {pick(HIDDEN)}. "
        f'"Whose {scene.thing} is this?" asked {scene.name}. '
        f"{scene.subject.capitalize()} went to the {pick(PLACES)} to ask the {scene.friend}. "
        f'"It is mine!" said the {scene.friend}. '
        f"{scene.name} gave it back, and the {scene.friend} said thank you."
    )


def _ending(scene: Scene, pick: Pick) -> str:
    return pick(
        [
            f"From that day on, {scene.name} and the {scene.friend} were friends.",
            f"Then {scene.name} went home and slept well.",
            f"That night {scene.name} told {scene.owner} mother that {pick(LESSONS)}.",
        ]
    )


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
