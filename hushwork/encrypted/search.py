"""The search for layouts: a beam over the stages of a network, on a sample of each matrix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.condense import ways
from hushwork.encrypted.cost import TRANSFORMED, Cost, Use
from hushwork.encrypted.diagonals import Diagonals, Placed, build, place
from hushwork.encrypted.layout import Geometry, Layout
from hushwork.encrypted.layouts import (
    candidates,
    geometries,
    partials,
    patches,
    replicated,
)
from hushwork.encrypted.levels import Levels, reads
from hushwork.encrypted.matrix import Matrix
from hushwork.encrypted.rotations import Rotations, split
from hushwork.encrypted.stages import Affine, Atom, Product, Stages
from hushwork.guarantee import Progress

Index = NDArray[np.int64]

WIDTH = 4
SAMPLED = 1 << 14
"""Entries up to which a matrix is looked at whole in the search."""
STEP = 8
"""Giant step assumed in the search."""
MEMORY = 6 << 30
"""Most bytes of one stage: its weights, and its rotated inputs."""
LOOKED_UP = 1 << 27
"""Most pairs of slots of one stage that are looked at: some fifty bytes each."""
ROTATED = 128
"""Rotations of one input that are held at once, about."""


@dataclass(frozen=True, eq=False)
class Choice:
    """How one affine stage is laid out."""

    output: Layout
    partial: tuple[int, ...]
    """Rotations that sum the partial slots of its outputs."""
    copies: bool
    """Whether copies of its inputs are made first."""
    masked: bool = False


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Layouts for a whole network, as far as it has got."""

    cost: float
    input: Layout
    sent: Layout
    """As the input travels; what is not the input's own layout is spread to it."""
    copies: int
    """Of the slots of what is sent, in the ring; one travels."""
    gather: Index
    """Input element of each element of the packed input; -1: zero."""
    matrices: dict[int, Matrix]
    """First layers rewritten for patches, by stage."""
    layouts: dict[int, Layout]
    """Of the atoms made so far."""
    choices: dict[int, Choice]

    @property
    def condensed(self) -> bool:
        """Whether the input takes a level to spread."""
        return self.sent is not self.input

    def terms(self, index: int, stage: Affine) -> Sequence[tuple[int, Matrix]]:
        """The matrices of a stage, from patches where it reads them."""
        if index in self.matrices:
            return [(0, self.matrices[index])]
        return stage.terms


class NoRoom(Exception):
    """A stage that no layout carries; its name."""


def search(
    stages: Stages,
    levels: Levels,
    slots: int,
    model: Cost,
    *,
    masked: bool,
    spare: bool,
    tell: Progress,
) -> Arrangement:
    """The cheapest arrangement found; `masked` leaves no garbage anywhere, `spare` says whether
    there is a level to spread the input with. Raises NoRoom.
    """
    best: Arrangement | None = None
    blocked = ""
    grids = geometries(stages.atoms, slots)
    for index, geometry in enumerate(grids):
        tell("layouts", index, len(grids))
        view = _View(stages, levels, geometry, model, masked, spare)
        try:
            best = view.beam(best.cost if best else np.inf) or best
        except NoRoom as error:
            blocked = str(error)
    tell("layouts", len(grids), len(grids))
    if best is None:
        raise NoRoom(blocked)
    return best


@dataclass(frozen=True, eq=False)
class _View:
    """The search on one coarse grid."""

    stages: Stages
    levels: Levels
    geometry: Geometry
    model: Cost
    masked: bool
    spare: bool

    def beam(self, limit: float) -> Arrangement | None:
        """The cheapest arrangement below a limit, if there is one."""
        beam = list(self._starts())
        for index, stage in enumerate(self.stages.stages):
            if isinstance(stage, Product):
                after = [self._multiplied(one, stage, index) for one in beam]
            else:
                after = [
                    next_ for one in beam for next_ in self._extended(one, stage, index, limit)
                ]
            if not after and limit == np.inf:
                raise NoRoom(stage.name)
            beam = _best((one for one in after if one.cost < limit), _live(self.stages, index))
        return beam[0] if beam else None

    def _starts(self) -> Iterator[Arrangement]:
        gather = np.arange(int(np.prod(self.stages.atoms[0].shape)))
        for layout in candidates(self.stages.atoms[0], self.geometry):
            yield self._start(layout, gather, {})
        first = self.stages.stages[0]
        if isinstance(first, Affine):
            for way in patches(self.stages, first, self.geometry):
                yield self._start(way.layout, way.gather, {0: way.matrix})

    def _start(self, layout: Layout, gather: Index, matrices: dict[int, Matrix]) -> Arrangement:
        found = ways(layout, self.levels.input, self.model, spare=self.spare)
        cost, copies, sent = min(found, key=lambda way: way[0])
        return Arrangement(cost, layout, sent, copies, gather, matrices, {0: layout}, {})

    def _multiplied(self, one: Arrangement, stage: Product, index: int) -> Arrangement:
        layout = one.layouts[stage.a]
        cost = layout.ciphertexts * self.model.multiply(self.levels.stage[index])
        return replace(one, cost=one.cost + cost, layouts={**one.layouts, stage.output: layout})

    def _extended(
        self, one: Arrangement, stage: Affine, index: int, limit: float
    ) -> Iterator[Arrangement]:
        limbs = self.levels.stage[index]
        rotations = Rotations((STEP,) * len(self.model.tiers), self.model)
        rows = _sampled(stage)
        whole = one.terms(index, stage)
        terms = [(atom, _kept(matrix, rows)) for atom, matrix in whole]
        copyable = any(replicated(one.layouts[atom])[1] for atom, _ in terms)
        before = np.inf
        for choice in self._choices(self.stages.atoms[stage.output], copyable):
            if _looked_up(one, whole, choice) > LOOKED_UP:
                continue
            ready = prepared(one, terms, choice)
            least = ready.estimate().cost(limbs, rotations)
            if one.cost + least >= limit or (choice.partial and least >= before):
                continue
            before = least
            masks = [self.masked and not choice.output.modulus]
            for masked in masks:
                made = ready.arranged(masked, rows)
                layout = made.diagonals.layout
                if not masked and (layout.states != ready.placed.cleanest.states).any():
                    masks.append(True)
                if made.fits(limbs, self.model.slots):
                    cost = one.cost + made.cost(limbs, rotations)
                    layouts = {**one.layouts, stage.output: layout}
                    choices = {**one.choices, index: replace(choice, masked=masked)}
                    yield replace(one, cost=cost, layouts=layouts, choices=choices)

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


def _best(beam: Iterable[Arrangement], live: list[int]) -> list[Arrangement]:
    """The cheapest few that differ in what later stages will see."""
    kept: dict[tuple[tuple[str, bytes], ...], Arrangement] = {}
    for one in sorted(beam, key=lambda one: one.cost):
        layouts = [one.layouts[atom] for atom in live if atom in one.layouts]
        kept.setdefault(tuple(layout.signature for layout in layouts), one)
    return list(kept.values())[:WIDTH]


def _sampled(stage: Affine) -> Index:
    """The rows to judge a stage by: all of them in small ones."""
    rows = len(stage.bias)
    entries = sum(len(matrix.value) for _, matrix in stage.terms)
    chosen = np.random.default_rng(0).random(rows) < SAMPLED / max(1, entries)
    chosen[[0, -1]] = True
    return np.flatnonzero(chosen)


@dataclass(frozen=True, eq=False)
class Arranged:
    """One affine stage between chosen layouts."""

    copies: list[tuple[int, ...]]
    """Rotations that first copy each input, where any."""
    ciphertexts: list[int]
    """Ciphertexts of each input."""
    diagonals: Diagonals

    def fits(self, limbs: int, slots: int) -> bool:
        """Whether the weights, and the rotated inputs, stay within memory."""
        made = self.diagonals
        weights = 8 * sum(map(len, made.weights))
        rotated = min(len(made.weights), ROTATED * sum(self.ciphertexts))
        return weights + rotated * 16 * limbs * slots <= MEMORY

    def cost(self, limbs: int, rotations: Rotations) -> float:
        """Microseconds, keys priced in."""
        uses = (self.linear(limbs, rotations), self.summed(limbs - 1, rotations.model))
        return sum(use.cost + rotations.model.keys(use.limbs, len(use.keys)) for use in uses)

    def linear(self, limbs: int, rotations: Rotations) -> Use:
        """Copies of the inputs, and the linear step."""
        made, model = self.diagonals, rotations.model
        divided = split(made.places, made.ring, limbs, rotations)
        long = sum(len(weights) for weights in made.weights if len(weights) > TRANSFORMED)
        copied = sum(
            len(steps) * count for steps, count in zip(self.copies, self.ciphertexts, strict=True)
        )
        cost = (
            divided.cost(made.places, limbs, model)
            + model.products(limbs, len(made.weights), long)
            + copied * model.rotation(limbs)
        )
        return Use(limbs, cost, frozenset(divided.keys.union(*self.copies)))

    def summed(self, limbs: int, model: Cost) -> Use:
        """Cyclic sums of the outputs."""
        made = self.diagonals
        cost = len(made.sums) * made.layout.ciphertexts * model.rotation(limbs)
        return Use(limbs, cost, frozenset(made.sums))


@dataclass(frozen=True, eq=False)
class Prepared:
    """One affine stage between chosen layouts, before its weights are filled in."""

    copies: list[tuple[int, ...]]
    ciphertexts: list[int]
    placed: Placed

    def estimate(self) -> Arranged:
        """At its cheapest."""
        return Arranged(self.copies, self.ciphertexts, self.placed.estimate())

    def arranged(self, masked: bool, rows: Index | None = None) -> Arranged:
        """Filled; estimated from some rows if they are given."""
        return Arranged(self.copies, self.ciphertexts, build(self.placed, masked, rows))


def prepared(one: Arrangement, terms: Sequence[tuple[int, Matrix]], choice: Choice) -> Prepared:
    """The diagonals of a stage."""
    layouts = [one.layouts[atom] for atom, _ in terms]
    pairs = [replicated(layout) if choice.copies else (layout, ()) for layout in layouts]
    inputs = [(layout, matrix) for (layout, _), (_, matrix) in zip(pairs, terms, strict=True)]
    counts = [layout.ciphertexts for layout in layouts]
    placed = place(inputs, choice.output, choice.partial)
    return Prepared([steps for _, steps in pairs], counts, placed)


def _kept(matrix: Matrix, rows: Index) -> Matrix:
    wanted = np.zeros(matrix.rows, dtype=bool)
    wanted[rows] = True
    kept = wanted[matrix.row]
    return replace(
        matrix, row=matrix.row[kept], column=matrix.column[kept], value=matrix.value[kept]
    )
