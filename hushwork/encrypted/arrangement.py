"""Layouts chosen for a whole network, or for its first stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.arranged import Prepared
from hushwork.encrypted.diagonals import place, place_alike
from hushwork.encrypted.layout import Geometry, Layout
from hushwork.encrypted.layouts import replicated
from hushwork.encrypted.matrix import Matrix
from hushwork.encrypted.stages import Affine

Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Choice:
    """How one affine stage is laid out."""

    output: Layout
    partial: tuple[int, ...]
    """Rotations that sum the partial slots of its outputs."""
    copies: bool
    """Whether copies of its inputs are made first."""
    masked: bool = False
    in_place: bool = False
    """Whether it lies where its inputs do, whatever `output` says."""


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Layouts for a whole network, as far as it has got."""

    spent: tuple[float, ...]
    """Cost of the input and of each stage so far, added up."""
    geometry: Geometry
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
    def cost(self) -> float:
        """Of all so far."""
        return self.spent[-1]

    @property
    def condensed(self) -> bool:
        """Whether the input takes a level to spread."""
        return self.sent is not self.input

    def terms(self, index: int, stage: Affine) -> Sequence[tuple[int, Matrix]]:
        """The matrices of a stage, from patches where it reads them."""
        if index in self.matrices:
            return [(0, self.matrices[index])]
        return stage.terms


def prepared(one: Arrangement, terms: Sequence[tuple[int, Matrix]], choice: Choice) -> Prepared:
    """The diagonals of a stage."""
    layouts = [one.layouts[atom] for atom, _ in terms]
    if choice.in_place:
        alike = [(layout, matrix) for layout, (_, matrix) in zip(layouts, terms, strict=True)]
        counts = [layout.ciphertexts for layout in layouts]
        return Prepared([()] * len(terms), counts, place_alike(alike))
    pairs = [replicated(layout) if choice.copies else (layout, ()) for layout in layouts]
    inputs = [(layout, matrix) for (layout, _), (_, matrix) in zip(pairs, terms, strict=True)]
    counts = [layout.ciphertexts for layout in layouts]
    placed = place(inputs, choice.output, choice.partial)
    return Prepared([steps for _, steps in pairs], counts, placed)
