"""A network as stages: affine maps and products of packed values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.matrix import Matrix

Array = NDArray[np.float64]
Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Atom:
    """A value that is packed into ciphertexts."""

    name: str
    shape: Shape
    stride: tuple[int, int]
    """Input pixels from one position to the next; (0, 0) where there are no positions."""
    factor: float
    """The atom is this factor times the value it stands for."""


@dataclass(frozen=True, eq=False)
class Affine:
    """output = sum of matrices times inputs + bias: one level."""

    name: str
    output: int
    terms: tuple[tuple[int, Matrix], ...]
    bias: Array
    in_place: bool = False
    """Whether every matrix is diagonal, and the output lies where the inputs do."""


@dataclass(frozen=True, eq=False)
class Product:
    """output = a * (b + shift): one level."""

    name: str
    output: int
    a: int
    b: int
    shift: Array | None


Stage = Affine | Product


@dataclass
class Stages:
    """The stages of a network, and the atoms that they make. Atom 0 is the input."""

    atoms: list[Atom]
    stages: list[Stage] = field(default_factory=list)
    output: int = 0
