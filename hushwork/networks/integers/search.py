"""The scale, the shift and the table with which one sum loses least.

A shift of k bits takes the scale of the accumulator to 2^k times as much for the byte, so either
the weights or the byte may lose up to a bit. What is best for the output, in the mean square over
the calibration, is found by trying.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import floor, frexp, ldexp, log2, prod

import numpy as np

from hushwork.networks.functions import Relu
from hushwork.networks.integers import geometry, scales
from hushwork.networks.integers.layers import SHIFT, Fixed
from hushwork.networks.integers.scales import Rounded, Values
from hushwork.networks.integers.sums import Total, activate
from hushwork.networks.integers.windows import Array

FINE = 1 << 12
"""Largest factor of a sum without weights: how well the ratios of several are met."""
SIMPLE = 1 << 4
"""The same where it has one term, and a scale of the byte is all that there is to meet."""
OCTAVE = 8
"""Scales tried to an octave."""
CLIPPED = 4
"""Octaves of the range that may be clipped away."""
FRACTIONS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
"""Of the range of a function, tried as the range of its table."""
SEARCHED = 1 << 19
"""Elements of an output by which it is judged."""

Table = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Choice:
    """How to requantise a sum."""

    sum: Rounded
    shift: int
    signed: bool
    table: Table | None
    scale: float
    """Of the output."""
    error: float
    """Sum of squares."""


def choose(step: Total, known: Values, before: Array, after: Array) -> Choice:
    """The choice with the least error for a sum, by what it should be around its activations."""
    images = max(1, SEARCHED // before[0].size)
    some = {name: one.first(images) for name, one in known.items()}
    choices = _Search(step, some, before[:images], after[:images]).choices()
    return _reduced(min(choices, key=lambda choice: choice.error))


def _reduced(choice: Choice) -> Choice:
    """The same with the powers of two that factors share taken off the shift."""
    fixed = [term for term in choice.sum.terms if isinstance(term, Fixed)]
    if len(fixed) < len(choice.sum.terms):
        return choice
    spare = min(choice.shift, *((term.factor & -term.factor).bit_length() - 1 for term in fixed))
    terms = tuple(Fixed(term.input, term.window, term.factor >> spare) for term in fixed)
    made = replace(choice.sum, terms=terms, scale=choice.sum.scale * (1 << spare))
    return replace(choice, sum=made, shift=choice.shift - spare)


class _Search:
    """All that is tried for one sum."""

    def __init__(self, step: Total, known: Values, before: Array, after: Array) -> None:
        self.step, self.known, self.before, self.after = step, known, before, after
        self.signed = not (step.rectifies or _is_positive(step, known))
        self.low, self.high = (-128, 127) if self.signed else (0, 255)
        self.bytes = np.arange(self.low, self.high + 1, dtype=np.float64)
        largest = float(np.abs(before).max() if self.signed else before.max())
        self.usual = largest / self.high if largest > 0 else 1.0
        """Scale of a byte that just holds all sums."""

    def choices(self) -> Iterator[Choice]:
        """Everything that is tried."""
        for scale, shifts in self._weighted() if self.step.products else self._fixed():
            made = scales.rounded(self.step, self.known, scale)
            acc = made.accumulators(self.known)
            if self.step.products:
                acc = acc + scales.bias(self.before, acc, made.scale)
            for shift in shifts:
                yield from self._judged(made, shift, acc)

    def _weighted(self) -> Iterator[tuple[float, list[int]]]:
        """Scales of the accumulator around the finest, and the shifts that suit each."""
        least = max(scales.least_scale(self.step, self.known), self.usual / (1 << SHIFT))
        for index in range(-2, OCTAVE):
            scale = _coarse(least * 2.0 ** (index / OCTAVE))
            shift = floor(log2(self.usual / scale))
            shifts = range(shift - CLIPPED, shift + 2)
            yield scale, sorted({min(SHIFT, max(0, one)) for one in shifts})

    def _fixed(self) -> Iterator[tuple[float, list[int]]]:
        """The same by the scale of the byte: first that of a term, which loses nothing."""
        terms = self.step.multiples
        sizes = [abs(term.factor) * self.known[term.input].scale for term in terms]
        reach = sum(
            size * prod(term.window.kernel) * self.known[term.input].value.reach
            for size, term in zip(sizes, terms, strict=True)
        )
        finest = max(max(sizes) / (FINE if len(sizes) > 1 else SIMPLE), 2 * reach / geometry.ROOM)
        octaves = (1 - index / OCTAVE for index in range((CLIPPED + 1) * OCTAVE))
        for byte in (*sizes, *(_coarse(self.usual * 2.0**octave) for octave in octaves)):
            shift = min(SHIFT, max(0, floor(log2(byte / finest))))
            yield byte / (1 << shift), [shift]

    def _judged(self, made: Rounded, shift: int, acc: Array) -> Iterator[Choice]:
        byte = made.scale * (1 << shift)
        half = 1 << shift >> 1
        q = np.clip(np.floor((acc + half) / (1 << shift)), self.low, self.high)
        meeting = _Meeting.of(q - self.low, self.after)
        for table, scale in self._tables(byte):
            outputs = self.bytes if table is None else np.array(table, np.float64)
            error = meeting.error(outputs * scale)
            yield Choice(made, shift, self.signed, table, scale, error)

    def _tables(self, byte: float) -> Iterator[tuple[Table | None, float]]:
        """Tables of the activations with their scales, where there are any but ReLU."""
        if self.step.activations in ((), (Relu(),)):
            yield None, byte
            return
        reals = activate(self.step.activations, self.bytes[:, None] * byte)[:, 0]
        ranges = [(0, 255), (-128, 127)] if reals.min() < 0 else [(0, 255)]
        for low, high in ranges:
            top = float((self.after if low == 0 else np.abs(self.after)).max())
            for fraction in FRACTIONS:
                scale = _coarse(fraction * top / high) if top > 0 else 1.0
                whole = np.clip(np.floor(reals / scale + 0.5), low, high)
                yield tuple(int(entry) for entry in whole), scale


@dataclass(frozen=True, eq=False)
class _Meeting:
    """What was wanted where each byte came out: enough to judge any table."""

    counts: Array
    sums: Array
    squares: float

    @classmethod
    def of(cls, index: Array, wanted: Array) -> _Meeting:
        """By the index of a byte in a table."""
        places, flat = index.astype(np.int64).reshape(-1), wanted.reshape(-1)
        counts = np.bincount(places, minlength=256).astype(np.float64)
        sums = np.bincount(places, flat, 256).astype(np.float64)
        return cls(counts, sums, float((flat**2).sum()))

    def error(self, outputs: Array) -> float:
        """Sum of squares, if each byte gives the output with its index."""
        products = self.counts * outputs**2 - 2 * self.sums * outputs
        return float(products.sum()) + self.squares


def _is_positive(step: Total, known: Values) -> bool:
    """Whether a sum cannot be negative, by the ranges of what it reads."""
    if step.products:
        return False
    terms = step.multiples
    return all(term.factor > 0 and known[term.input].value.low >= 0 for term in terms)


def _coarse(scale: float) -> float:
    """In 24 bits, so that differences in the last bits of float64 make no other network."""
    mantissa, exponent = frexp(scale)
    return ldexp(round(ldexp(mantissa, 24)), exponent - 24)
