"""Channels of a value brought to like ranges, by factors that move between the weights around it.

Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (2019): ReLU,
means and maxima pass positive factors of each channel on, so one scale serves all channels better.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from hushwork.networks.integers.sums import Largest, Multiple, Product, Step, Sums, Total
from hushwork.networks.integers.windows import Array

ROUNDS = 10
"""How often each group is brought to like ranges."""

Group = frozenset[str]
"""Values whose channels must have the same factors."""


def equalised(sums: Sums) -> Sums:
    """The same network with other weights."""
    groups = _groups(sums)
    for _ in range(ROUNDS):
        for group in groups:
            factors = _factors(group, _totals(sums))
            sums = replace(
                sums,
                steps=tuple(_scaled(step, group, factors) for step in sums.steps),
                output=_read_scaled(sums.output, group, factors),
            )
    return sums


def _totals(sums: Sums) -> list[Total]:
    return [step for step in (*sums.steps, sums.output) if isinstance(step, Total)]


def _groups(sums: Sums) -> list[Group]:
    names = (sums.input, *(step.output for step in (*sums.steps, sums.output)))
    groups = {name: Group([name]) for name in names}
    pinned = {sums.input}
    for step in (*sums.steps, sums.output):
        tied = Group([step.output, *_passed(step)])
        if isinstance(step, Total) and (step is sums.output or not step.is_homogeneous):
            pinned |= tied
            continue
        together = tied.union(*(groups[name] for name in tied))
        groups |= dict.fromkeys(together, together)
    return sorted((group for group in set(groups.values()) if not group & pinned), key=min)


def _passed(step: Step) -> tuple[str, ...]:
    """The values whose channels are those of the output, one by one."""
    if isinstance(step, Largest):
        return (step.input,)
    return tuple(term.input for term in step.terms if isinstance(term, Multiple))


def _factors(group: Group, totals: Sequence[Total]) -> Array:
    """By which each channel of the group becomes larger."""
    made = np.max([_ranges(term, 3) for term in _producers(group, totals)], axis=0)
    read = [_ranges(term, 2) for term in _consumers(group, totals)]
    if not read:
        return np.ones_like(made)
    reading = np.max(read, axis=0)
    alive = (made > 0) & (reading > 0)
    factors: Array = np.sqrt(np.where(alive, reading, 1.0) / np.where(alive, made, 1.0))
    return factors


def _ranges(term: Product, axis: int) -> Array:
    """The largest weight of each channel, over the largest of all."""
    others = tuple(index for index in range(4) if index != axis)
    largest: Array = np.abs(term.weight).max(axis=others)
    return largest / (largest.max() or 1.0)


def _producers(group: Group, totals: Sequence[Total]) -> Iterator[Product]:
    return (term for step in totals if step.output in group for term in step.products)


def _consumers(group: Group, totals: Sequence[Total]) -> Iterator[Product]:
    return (term for step in totals for term in step.products if term.input in group)


def _scaled(step: Step, group: Group, factors: Array) -> Step:
    if isinstance(step, Largest):
        return step
    step = _read_scaled(step, group, factors)
    return _made_scaled(step, factors) if step.output in group else step


def _made_scaled(step: Total, factors: Array) -> Total:
    terms = tuple(
        replace(term, weight=term.weight * factors) if isinstance(term, Product) else term
        for term in step.terms
    )
    return replace(step, terms=terms, bias=step.bias * factors)


def _read_scaled(step: Total, group: Group, factors: Array) -> Total:
    terms = tuple(
        replace(term, weight=term.weight / factors[:, None])
        if isinstance(term, Product) and term.input in group
        else term
        for term in step.terms
    )
    return replace(step, terms=terms)
