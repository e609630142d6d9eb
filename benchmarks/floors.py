"""The roofline: what arithmetic and memory traffic allow, from what the machine can do.

Counted are 52-bit multiply-adds, each one half of a product of words: two a product whose
reduction is put off, five one that is reduced at once, three a butterfly of a transform or a
product with a constant. Additions, loads and stores are taken as free, and each operand as read
once, so that a floor is below what any program can reach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from benchmarks.figures import Figure, Key, Measured
from benchmarks.rows import SIZES, seconds, times

LAZY, REDUCED, CONSTANT = 2, 5, 3
WORD = 8

CACHE_BYTES = (("l2", 1 << 20), ("l3", 32 << 20))
"""Up to how many bytes are read at which speed."""

OPERATIONS = {
    "forward": "transform of one limb",
    "multiply_add": "multiply-add of one limb",
    "plain": "plaintext product",
    "rotation": "rotation",
    "hoisted": "hoisted rotation",
    "product": "ciphertext product",
}

HOISTED = 8


@dataclass(frozen=True)
class Work:
    """Multiply-adds of an operation, the bytes it moves, and the bytes of what it works on."""

    multiply_adds: float
    moved: float
    working_set: float

    def seconds(self, limits: Measured) -> tuple[float, float]:
        """Of arithmetic and of traffic alone, on one core."""
        level = next((name for name, most in CACHE_BYTES if self.working_set <= most), "memory")
        a_byte, a_multiply_add = limits.value(Key(level)), limits.value(Key("multiply_add"))
        if a_byte is None or a_multiply_add is None:
            raise ValueError("the machine's limits were not measured")
        return self.multiply_adds * a_multiply_add, self.moved * a_byte


@dataclass(frozen=True)
class Ring:
    """A ciphertext's shape, and the costs that follow from it."""

    log_degree: int
    limbs: int
    special: int
    digit: int

    @property
    def degree(self) -> int:
        return 1 << self.log_degree

    @property
    def all(self) -> int:
        """Limbs of Q and P."""
        return self.limbs + self.special

    @property
    def digits(self) -> int:
        return ceil(self.limbs / self.digit)

    @property
    def limb_bytes(self) -> int:
        return self.degree * WORD

    @property
    def transform(self) -> float:
        return CONSTANT * self.degree / 2 * self.log_degree

    @property
    def _own(self) -> list[int]:
        """Limbs of each digit."""
        return [min(self.digit, self.limbs - start) for start in range(0, self.limbs, self.digit)]

    @property
    def decomposed(self) -> int:
        """Transforms of a decomposition."""
        return self.limbs + sum(self.all - own for own in self._own)

    @property
    def decomposition(self) -> float:
        """Digits extended from their own limbs to all others."""
        words = sum(CONSTANT * own + LAZY * own * (self.all - own) for own in self._own)
        return words * self.degree + self.decomposed * self.transform

    @property
    def inner_product(self) -> float:
        return 2 * self.all * (LAZY * self.digits + CONSTANT) * self.degree

    @property
    def mod_down(self) -> float:
        words = self.special * CONSTANT + self.limbs * (LAZY * self.special + CONSTANT)
        return 2 * (words * self.degree + self.all * self.transform)

    @property
    def key_bytes(self) -> float:
        return 2.0 * self.digits * self.all * self.limb_bytes

    def work(self, name: str) -> Work:
        """What an operation takes at least."""
        key, tensor = self.key_bytes, self.limbs * self.degree * (4 * LAZY + 3 * CONSTANT)
        switch = self.decomposition + self.inner_product + self.mod_down
        shared = self.decomposition / HOISTED + self.inner_product + self.mod_down
        plain = 5.0 * self.limbs * self.limb_bytes
        return {
            "forward": Work(self.transform, 2 * self.limb_bytes, self.limb_bytes),
            "multiply_add": Work(LAZY * self.degree, 0, self.limb_bytes),
            "plain": Work(2 * self.limbs * REDUCED * self.degree, plain, plain),
            "rotation": Work(switch, key, key),
            "hoisted": Work(shared, key, HOISTED * key),
            "product": Work(switch + tensor, key, key),
        }[name]


def ring(figure: Figure) -> Ring:
    """Of one of our figures."""
    return Ring(figure.log_degree, *figure.shape)


TITLES = ("operation, one core", "here", "arithmetic", "traffic", "of the higher")


def cells(ours: Measured, limits: Measured) -> list[list[str]]:
    """One line for each operation and size."""
    lines = []
    for log_degree, size in SIZES.items():
        for name, what in OPERATIONS.items():
            figure = ours.figure(Key(name, log_degree, 1))
            if figure is not None:
                floors = ring(figure).work(name).seconds(limits)
                lines.append([f"{what}, {size}", *_line(figure, floors)])
    return lines


def _line(figure: Figure, floors: tuple[float, float]) -> list[str]:
    shown = [seconds(floor) if floor > 0 else "" for floor in floors]
    return [seconds(figure.median), *shown, times(figure.median / max(floors))]


COUNTS = ("switches", "transforms", "products")
PARTS = ("switching", "transforming", "multiplying", "rest")
LAYER_TITLES = (
    "layer", "one core", "key switches", "transforms", "products", "inner products",
    "transforms", "products", "rest", "traffic", "of the higher",
)  # fmt: skip
Layer = Mapping[str, Any]


def layers(measured: Sequence[Layer], limits: Measured) -> list[list[str]]:
    """One line for each layer of a network, and one for all, from what `breakdown` counts.

    Keys and weights are read once an image, so from where all of them fit.
    """
    every = sum(layer["moved"] for layer in measured)
    floors = [_floor(layer, every, limits) for layer in measured]
    total = {key: sum(layer[key] for layer in measured) for key in ("seconds", *COUNTS)}
    whole = [sum(part) for part in zip(*floors, strict=True)]
    highest = [_highest(floor) for floor in floors]
    rows = zip((*measured, {"name": "**all**", **total}), (*floors, whole), strict=True)
    least = (*highest, sum(highest))
    return [_layer(*row, floor) for row, floor in zip(rows, least, strict=True)]


def _floor(layer: Layer, every: float, limits: Measured) -> list[float]:
    """Seconds of the PARTS, then of traffic."""
    works = [Work(layer[part], layer["moved"], every).seconds(limits) for part in PARTS]
    return [*(arithmetic for arithmetic, _ in works), works[0][1]]


def _highest(floor: Sequence[float]) -> float:
    *parts, traffic = floor
    return max(sum(parts), traffic)


def _layer(layer: Layer, floor: Sequence[float], least: float) -> list[str]:
    counts = [f"{layer[key]:,}" for key in COUNTS]
    shown = [seconds(each) if each > 0 else "" for each in floor]
    ratio = times(layer["seconds"] / least) if least > 0 else ""
    return [layer["name"], seconds(layer["seconds"]), *counts, *shown, ratio]
