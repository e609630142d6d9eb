"""The search for layouts: a beam over the stages of a network, on a sample of each matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.arranged import Arranged, Prepared
from hushwork.encrypted.arrangement import Arrangement, Choice, prepared
from hushwork.encrypted.condense import ways
from hushwork.encrypted.cost import Cost
from hushwork.encrypted.layout import Geometry, Layout
from hushwork.encrypted.layouts import (
    Patches,
    candidates,
    geometries,
    partials,
    replicated,
)
from hushwork.encrypted.levels import Levels, reads
from hushwork.encrypted.matrix import Matrix
from hushwork.encrypted.rotations import Rotations
from hushwork.encrypted.stages import Affine, Atom, Product, Stages
from hushwork.guarantee import Progress

Index = NDArray[np.int64]

WIDTH = 4
SAMPLED = 1 << 16
"""Entries up to which a matrix is looked at whole in the search."""
STEP = 8
"""Giant step assumed in the search."""
LIKELY = 0.75
"""Of what later stages cost elsewhere, that they cost at least."""
MASKS = 1.0
"""Rotations that masks may cost for their own sake."""
LOOKED_UP = 1 << 27
"""Most pairs of slots of one stage that are looked at: some fifty bytes each."""


class NoRoom(Exception):
    """A stage that no layout carries; its name."""


def search(
    stages: Stages,
    levels: Levels,
    model: Cost,
    like: Arrangement | None = None,
    *,
    masked: bool,
    spare: bool,
    tell: Progress,
) -> Arrangement:
    """The cheapest arrangement found, or `like` if none is cheaper on its grid.

    `masked` leaves no garbage anywhere, `spare` says whether there is a level to spread the input
    with. Raises NoRoom.
    """
    best, blocked = like, ""
    grids = [like.geometry] if like else geometries(stages.atoms, model.period)
    numbered = enumerate(stages.stages)
    samples = {index: _sample(stage) for index, stage in numbered if isinstance(stage, Affine)}
    patches = Patches.of(stages)
    for index, geometry in enumerate(grids):
        tell("layouts", index, len(grids))
        view = _View(stages, levels, geometry, model, masked, samples, patches, spare)
        try:
            best = view.beam(best) or best
        except NoRoom as error:
            blocked = str(error)
    tell("layouts", len(grids), len(grids))
    if best is None:
        raise NoRoom(blocked)
    return best


@dataclass(frozen=True, eq=False)
class _Sample:
    """Some rows of a stage, by which it is judged: all of them in small ones."""

    rows: Index
    terms: Sequence[tuple[int, Matrix]]

    def of(self, one: Arrangement, index: int) -> Sequence[tuple[int, Matrix]]:
        """The same rows as an arrangement has them."""
        if index in one.matrices:
            return [(0, _kept(one.matrices[index], self.rows))]
        return self.terms


def _sample(stage: Affine) -> _Sample:
    entries = sum(len(matrix.value) for _, matrix in stage.terms)
    chosen = np.random.default_rng(0).random(len(stage.bias)) < SAMPLED / max(1, entries)
    chosen[[0, -1]] = True
    rows = np.flatnonzero(chosen)
    return _Sample(rows, [(atom, _kept(matrix, rows)) for atom, matrix in stage.terms])


class _Few:
    """The cheapest few arrangements that differ in what later stages will see."""

    def __init__(self, live: list[int], limit: float) -> None:
        self._live, self._limit = live, limit
        self._found: dict[tuple[tuple[str, bytes], ...], Arrangement] = {}

    def add(self, one: Arrangement) -> None:
        """Keep it if it is cheaper than its like."""
        layouts = [one.layouts[atom] for atom in self._live if atom in one.layouts]
        key = tuple(layout.signature for layout in layouts)
        before = self._found.get(key)
        if one.cost < (before.cost if before else self._limit):
            self._found[key] = one

    @property
    def limit(self) -> float:
        """What costs as much is not among them."""
        few = self.best
        return few[-1].cost if len(few) == WIDTH else self._limit

    @property
    def best(self) -> list[Arrangement]:
        """Cheapest first."""
        return sorted(self._found.values(), key=lambda one: one.cost)[:WIDTH]


@dataclass(frozen=True, eq=False)
class _View:
    """The search on one coarse grid."""

    stages: Stages
    levels: Levels
    geometry: Geometry
    model: Cost
    masked: bool
    samples: dict[int, _Sample]
    """By stage."""
    patches: Patches | None
    spare: bool

    def beam(self, before: Arrangement | None) -> Arrangement | None:
        """The cheapest arrangement, if there is one that is cheaper than another."""
        beam = list(self._starts())
        limits = self._limits(before)
        for index, stage in enumerate(self.stages.stages):
            few = _Few(_live(self.stages, index), limits[index])
            for one in beam:
                if isinstance(stage, Product):
                    few.add(self._multiplied(one, stage, index))
                else:
                    self._extend(one, stage, index, few)
            beam = few.best
            if not beam and before is None:
                raise NoRoom(stage.name)
        return beam[0] if beam else None

    def _limits(self, before: Arrangement | None) -> list[float]:
        """What each stage and those before it may cost, for the others to make up for it."""
        count = len(self.stages.stages)
        if before is None:
            return [np.inf] * count
        least = [
            sum(self._least(later) for later in range(index + 1, count)) for index in range(count)
        ]
        if len(before.spent) == 1 + count:
            rest = [LIKELY * (before.cost - spent) for spent in before.spent[1:]]
            least = list(map(max, least, rest))
        return [before.cost - some for some in least]

    def _starts(self) -> Iterator[Arrangement]:
        gather = np.arange(int(np.prod(self.stages.atoms[0].shape)))
        for layout in candidates(self.stages.atoms[0], self.geometry):
            yield self._start(layout, gather, {})
        if patches := self.patches:
            for layout in patches.layouts(self.geometry):
                yield self._start(layout, patches.gather, {0: patches.matrix})

    def _start(self, layout: Layout, gather: Index, matrices: dict[int, Matrix]) -> Arrangement:
        found = ways(layout, self.levels.input, self.model, spare=self.spare)
        cost, copies, sent = min(found, key=lambda way: way[0])
        first = {0: layout}
        return Arrangement(
            (cost,), self.geometry, layout, sent, copies, gather, matrices, first, {}
        )

    def _multiplied(self, one: Arrangement, stage: Product, index: int) -> Arrangement:
        layout = one.layouts[stage.a]
        cost = layout.ciphertexts * self.model.multiply(self.levels.stage[index])
        spent, layouts = (*one.spent, one.cost + cost), {**one.layouts, stage.output: layout}
        return replace(one, spent=spent, layouts=layouts)

    def _extend(self, one: Arrangement, stage: Affine, index: int, few: _Few) -> None:
        """Try the ways to lay out the next stage, the most promising first."""
        limbs = self.levels.stage[index]
        for least, choice, ready in self._ways(one, stage, index, few.limit):
            if one.cost + least >= few.limit:
                return
            for made, cost, masked in self._masked(ready, choice, index):
                if made.fits(limbs, self.model):
                    spent = (*one.spent, one.cost + cost)
                    layouts = {**one.layouts, stage.output: made.diagonals.layout}
                    choices = {**one.choices, index: replace(choice, masked=masked)}
                    few.add(replace(one, spent=spent, layouts=layouts, choices=choices))

    def _masked(
        self, ready: Prepared, choice: Choice, index: int
    ) -> list[tuple[Arranged, float, bool]]:
        """With garbage and without it; without it only, where that costs little more."""
        limbs, rows = self.levels.stage[index], self.samples[index].rows
        only = self.masked and not choice.output.modulus
        found = []
        for masked in (True,) if only else (False, True):
            made = ready.estimate(masked, rows)
            found.append((made, made.cost(limbs, self._rotations), masked))
            if (made.diagonals.layout.states == ready.placed.cleanest.states).all():
                break
        cheap = found[-1][1] - found[0][1] <= MASKS * self.model.rotation(limbs)
        return found[-1:] if cheap and found[-1][0].fits(limbs, self.model) else found

    def _ways(
        self, one: Arrangement, stage: Affine, index: int, limit: float
    ) -> list[tuple[float, Choice, Prepared]]:
        """By what they cost at least."""
        whole, terms = one.terms(index, stage), self.samples[index].of(one, index)
        copyable = any(replicated(one.layouts[atom])[1] for atom, _ in terms)
        found, before = [], np.inf
        choices = self._choices(self.stages.atoms[stage.output], copyable)
        if stage.in_place:
            choices = iter([Choice(one.layouts[terms[0][0]], (), False, in_place=True)])
        for choice in choices:
            if one.cost >= limit or _looked_up(one, whole, choice) > LOOKED_UP:
                continue
            ready = prepared(one, terms, choice)
            least = ready.least().cost(self.levels.stage[index], self._rotations)
            if not choice.partial or least < before:
                found.append((least, choice, ready))
                before = least
        return sorted(found, key=lambda way: way[0])

    @property
    def _rotations(self) -> Rotations:
        return Rotations((STEP,) * len(self.model.tiers), self.model)

    def _least(self, index: int) -> float:
        """What a stage costs in any layout."""
        limbs = self.levels.stage[index]
        if isinstance(self.stages.stages[index], Product):
            return self.model.multiply(limbs)
        return self.model.products(limbs, 1, 0)

    def _choices(self, atom: Atom, copyable: bool) -> Iterator[Choice]:
        """Ways to lay out a stage; sums of partial slots leave garbage."""
        for output in candidates(atom, self.geometry):
            if output.modulus:
                yield from (Choice(output, (), copies) for copies in (False, True)[: 1 + copyable])
                continue
            for partial in partials(atom, self.geometry, output)[: 1 if self.masked else None]:
                yield Choice(output, partial, False)


def _looked_up(one: Arrangement, terms: Sequence[tuple[int, Matrix]], choice: Choice) -> int:
    """Pairs of slots that placing a whole stage looks at: all copies of both ends of an entry."""
    output = choice.output
    ends = 1 if output.modulus else output.addresses.shape[1] << len(choice.partial)
    counts = (len(m.value) * one.layouts[atom].addresses.shape[1] for atom, m in terms)
    return int(ends * sum(counts))


def _live(stages: Stages, index: int) -> list[int]:
    """The atoms that stages after this one still read."""
    return sorted({atom for stage in stages.stages[index + 1 :] for atom in reads(stage)})


def _kept(matrix: Matrix, rows: Index) -> Matrix:
    wanted = np.zeros(matrix.rows, dtype=bool)
    wanted[rows] = True
    kept = wanted[matrix.row]
    return replace(
        matrix, row=matrix.row[kept], column=matrix.column[kept], value=matrix.value[kept]
    )
