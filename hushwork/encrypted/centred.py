"""Products with a shift as plain squares: x (x + s) = (x + s / 2)^2 - (s / 2)^2."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hushwork.encrypted.levels import reads
from hushwork.encrypted.stages import Affine, Array, Product, Stages

MOST = 4.0
"""Largest s / 2, where values are about one: what is added and taken away again costs precision."""


def centred(stages: Stages) -> Stages:
    """The same stages, with s / 2 and its square in the constants of those before and after."""
    halves: dict[int, Array] = {}
    squares: dict[int, Array] = {}
    for stage in stages.stages:
        if not isinstance(stage, Product) or stage.shift is None:
            continue
        if _centres(stages, stage, stage.shift):
            halves[stage.a] = stage.shift / 2
            squares[stage.output] = halves[stage.a] ** 2
    made = Stages(stages.atoms, output=stages.output)
    for stage in stages.stages:
        match stage:
            case Affine():
                made.stages.append(_moved(stage, halves, squares))
            case Product():
                shift = None if stage.a in halves else stage.shift
                made.stages.append(replace(stage, shift=shift))
    return made


def _centres(stages: Stages, stage: Product, shift: Array) -> bool:
    """Whether nobody else reads the factor, and only affine stages read the product."""
    made = [one for one in stages.stages if one.output == stage.a]
    beside = [one for one in stages.stages if stage.a in reads(one) and one is not stage]
    after = [one for one in stages.stages if stage.output in reads(one)]
    plain = all(isinstance(one, Affine) for one in made + after)
    is_square = stage.a == stage.b and np.abs(shift).max() <= 2 * MOST
    return bool(made and not beside and plain and is_square)


def _moved(stage: Affine, halves: dict[int, Array], squares: dict[int, Array]) -> Affine:
    bias = stage.bias + halves.get(stage.output, 0.0)
    for atom, matrix in stage.terms:
        if atom in squares:
            bias = bias - matrix.apply(squares[atom])
    return replace(stage, bias=bias)
