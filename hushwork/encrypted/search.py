"""The search for layouts: a beam over the stages of a network, on a sample of each matrix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.cost import TRANSFORMED, Cost
from hushwork.encrypted.diagonals import Diagonals, build
from hushwork.encrypted.layout import GARBAGE, Geometry, Layout
from hushwork.encrypted.layouts import (
    CIPHERTEXTS,
    candidates,
    geometries,
    patches,
    replicated,
)
from hushwork.encrypted.levels import Levels, reads
from hushwork.encrypted.matrix import Matrix
from hushwork.encrypted.rotations import split
from hushwork.encrypted.stages import Affine, Product, Stages

Index = NDArray[np.int64]

WIDTH = 4
SAMPLED = 1 << 16
"""Entries up to which a matrix is looked at whole in the search."""
STEP = 8
"""Giant step assumed in the search."""


@dataclass(frozen=True, eq=False)
class Choice:
    """How one affine stage is laid out."""

    output: Layout
    masked: bool
    copies: bool
    """Whether copies of its inputs are made first."""


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Layouts for a whole network, as far as it has got."""

    cost: float
    input: Layout
    gather: Index
    """Input element of each element of the packed input; -1: zero."""
    matrices: dict[int, Matrix]
    """First layers rewritten for patches, by stage."""
    layouts: dict[int, Layout]
    """Of the atoms made so far."""
    choices: dict[int, Choice]


def search(stages: Stages, levels: Levels, slots: int, model: Cost) -> Arrangement | None:
    """The cheapest arrangement found; None if none fits."""
    best: Arrangement | None = None
    for geometry in geometries(stages.atoms, slots):
        limit = best.cost if best else np.inf
        found = _beam(stages, levels, geometry, model, limit)
        best = found or best
    return best


def _beam(
    stages: Stages, levels: Levels, geometry: Geometry, model: Cost, limit: float
) -> Arrangement | None:
    beam = list(_starts(stages, geometry, model))
    for index, stage in enumerate(stages.stages):
        limbs = levels.stage[index]
        if isinstance(stage, Product):
            beam = [_multiplied(one, stage, limbs, model) for one in beam]
        else:
            outputs = candidates(stages.atoms[stage.output], geometry)
            beam = [
                after
                for one in beam
                for after in _extended(one, index, stage, outputs, limbs, model)
            ]
        beam = _best((one for one in beam if one.cost < limit), _live(stages, index))
    return beam[0] if beam else None


def _live(stages: Stages, index: int) -> list[int]:
    """The atoms that stages after this one still read."""
    return sorted({atom for stage in stages.stages[index + 1 :] for atom in reads(stage)})


def _best(beam: Iterable[Arrangement], live: list[int]) -> list[Arrangement]:
    """The cheapest few that differ in what later stages will see."""
    kept: dict[tuple[tuple[str, bytes], ...], Arrangement] = {}
    for one in sorted(beam, key=lambda one: one.cost):
        layouts = [one.layouts[atom] for atom in live if atom in one.layouts]
        kept.setdefault(tuple(layout.signature for layout in layouts), one)
    return list(kept.values())[:WIDTH]


def _starts(stages: Stages, geometry: Geometry, model: Cost) -> Iterator[Arrangement]:
    gather = np.arange(int(np.prod(stages.atoms[0].shape)))
    for layout in candidates(stages.atoms[0], geometry):
        cost = model.request * layout.ciphertexts
        yield Arrangement(cost, layout, gather, {}, {0: layout}, {})
    index, first = next(
        (pair for pair in enumerate(stages.stages) if isinstance(pair[1], Affine)), (0, None)
    )
    if isinstance(first, Affine):
        for way in patches(stages, first, geometry):
            layouts = {0: way.layout}
            cost = model.request * way.layout.ciphertexts
            yield Arrangement(cost, way.layout, way.gather, {index: way.matrix}, layouts, {})


def _multiplied(one: Arrangement, stage: Product, limbs: int, model: Cost) -> Arrangement:
    layout = one.layouts[stage.a]
    cost = one.cost + layout.ciphertexts * model.multiply(limbs)
    return replace(one, cost=cost, layouts={**one.layouts, stage.output: layout})


def _sampled(stage: Affine) -> Index:
    """The rows to judge a stage by: all of them in small ones."""
    rows = len(stage.bias)
    entries = sum(len(matrix.value) for _, matrix in stage.terms)
    chosen = np.random.default_rng(0).random(rows) < SAMPLED / max(1, entries)
    chosen[[0, -1]] = True
    return np.flatnonzero(chosen)


def _extended(
    one: Arrangement,
    index: int,
    stage: Affine,
    outputs: list[Layout],
    limbs: int,
    model: Cost,
) -> Iterator[Arrangement]:
    rows = _sampled(stage)
    copyable = any(replicated(one.layouts[atom])[1] for atom, _ in stage.terms)
    for output in outputs:
        if output.ciphertexts > CIPHERTEXTS:
            continue
        choices = [Choice(output, False, False)]
        if output.modulus and copyable:
            choices.append(Choice(output, False, True))
        for choice in choices:
            made = arranged(one, index, stage, choice, rows)
            if not choice.masked and (made.diagonals.layout.states == GARBAGE).any():
                choices.append(replace(choice, masked=True))
            cost = one.cost + made.cost(limbs, STEP, model)
            layouts = {**one.layouts, stage.output: made.diagonals.layout}
            yield replace(
                one, cost=cost, layouts=layouts, choices={**one.choices, index: choice}
            )


@dataclass(frozen=True, eq=False)
class Arranged:
    """One affine stage between chosen layouts."""

    copies: list[tuple[int, ...]]
    """Rotations that first copy each input, where any."""
    ciphertexts: list[int]
    """Ciphertexts of each input."""
    diagonals: Diagonals

    def cost(self, limbs: int, step: int, model: Cost) -> float:
        """Microseconds, keys priced in."""
        made = self.diagonals
        divided = split(made.places, made.ring, step, limbs, model)
        long = sum(len(weights) > TRANSFORMED for weights in made.weights)
        copied = sum(
            len(steps) * count
            for steps, count in zip(self.copies, self.ciphertexts, strict=True)
        )
        keys = len(divided.keys) + len(made.sums) + sum(map(len, self.copies))
        return (
            divided.cost(made.places, limbs, model)
            + model.products(limbs, len(made.weights) - long, long)
            + copied * model.rotation(limbs)
            + len(made.sums) * made.layout.ciphertexts * model.rotation(limbs - 1)
            + model.keys(limbs, keys)
        )


def arranged(
    one: Arrangement,
    index: int,
    stage: Affine,
    choice: Choice,
    rows: Index | None = None,
) -> Arranged:
    """Diagonals of one stage; estimated from some rows if they are given."""
    inputs, copies = [], []
    for atom, matrix in stage.terms:
        layout, steps = one.layouts[atom], ()
        if choice.copies:
            layout, steps = replicated(layout)
        inputs.append((layout, _kept(one.matrices.get(index, matrix), rows)))
        copies.append(steps)
    counts = [layout.ciphertexts for layout, _ in inputs]
    return Arranged(copies, counts, build(inputs, choice.output, choice.masked, rows))


def _kept(matrix: Matrix, rows: Index | None) -> Matrix:
    if rows is None:
        return matrix
    kept = np.isin(matrix.row, rows)
    return replace(
        matrix, row=matrix.row[kept], column=matrix.column[kept], value=matrix.value[kept]
    )
