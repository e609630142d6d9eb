"""From arranged stages to the steps of a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.layout import Layout
from hushwork.encrypted.plan import Step
from hushwork.encrypted.rotations import Rotations, Splits
from hushwork.encrypted.search import Arranged
from hushwork.encrypted.stages import Affine, Product

Array = NDArray[np.float64]


class Emitter:
    """Writes steps; knows which registers hold each atom, at how many limbs, at which scale."""

    def __init__(
        self,
        moduli: Sequence[int],
        scale: float,
        input_limbs: int,
        inputs: int,
        rotations: Rotations,
    ) -> None:
        self.moduli, self.rotations = moduli, rotations
        self.steps: list[Step] = []
        self.names: list[str] = []
        self._registers = inputs
        self._held = {0: list(range(inputs))}
        self._limbs = {0: input_limbs}
        self._scales = {0: scale}
        self._shifts = {0: 0}
        self._dropped: dict[tuple[int, int], list[int]] = {}

    def registers(self, atom: int) -> list[int]:
        """The registers that hold an atom."""
        return self._held[atom]

    def shift(self, atom: int) -> int:
        """How far an atom lies from where its layout says."""
        return self._shifts[atom]

    def affine(self, stage: Affine, made: Arranged, limbs: int, scale: float) -> None:
        """A linear step, after copies of its inputs and before cyclic sums."""
        inputs = [
            register
            for (atom, _), rotations in zip(stage.terms, made.copies, strict=True)
            for register in self._summed(stage.name, self._at(stage.name, atom, limbs), rotations)
        ]
        diagonals = made.diagonals
        moves = [
            self._shifts[atom]
            for (atom, _), count in zip(stage.terms, made.ciphertexts, strict=True)
            for _ in range(count)
        ]
        places = diagonals.places.read_at(np.array(moves), diagonals.ring)
        divided, _ = Splits(places, diagonals.ring).cheapest(limbs, self.rotations)
        outputs = self._new(diagonals.layout.ciphertexts)
        columns = (places.output, places.input, divided.anchor, divided.giant, divided.baby)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        weights = _rolled(diagonals.weights, divided.shift)
        self._write(
            stage.name,
            op="linear",
            inputs=inputs,
            outputs=outputs,
            terms=[(*row, vector) for row, vector in zip(rows, weights, strict=True)],
            giant_step=divided.step,
            scale=scale,
            bias=_rolled(diagonals.bias(stage.bias), divided.shift),
        )
        sums = self._summed(stage.name, outputs, diagonals.sums)
        self._hold(stage.output, sums, limbs - 1, scale, divided.shift)

    def product(self, stage: Product, layout: Layout, limbs: int) -> None:
        """Products of the ciphertexts of two atoms."""
        left, right = (self._at(stage.name, atom, limbs) for atom in (stage.a, stage.b))
        if stage.shift is not None:
            right = self._plus(stage, right, layout)
        outputs = self._new(len(left))
        prime = self.moduli[limbs - 1]
        scale = self._scales[stage.a] * self._scales[stage.b] / prime
        for a, b, output in zip(left, right, outputs, strict=True):
            self._write(stage.name, op="multiply", a=a, b=b, output=output, scale=scale)
        self._hold(stage.output, outputs, limbs - 1, scale, self._shifts[stage.a])

    def _hold(self, atom: int, registers: list[int], limbs: int, scale: float, shift: int) -> None:
        self._held[atom], self._limbs[atom] = registers, limbs
        self._scales[atom], self._shifts[atom] = scale, shift

    def _plus(self, stage: Product, registers: list[int], layout: Layout) -> list[int]:
        """The right factor plus the shift of a product."""
        vectors = np.zeros((layout.ciphertexts, layout.slots))
        if stage.shift is not None:
            element, copy = np.nonzero(layout.addresses >= 0)
            vectors.reshape(-1)[layout.addresses[element, copy]] = stage.shift[element]
        outputs = self._new(len(registers))
        rolled = np.roll(vectors, self._shifts[stage.b], axis=1)[:, : layout.period]
        for register, output, values in zip(registers, outputs, rolled, strict=True):
            self._write(
                stage.name, op="add_plain", input=register, output=output, values=values.copy()
            )
        return outputs

    def _at(self, name: str, atom: int, limbs: int) -> list[int]:
        """The registers of an atom under so many limbs."""
        if self._limbs[atom] == limbs:
            return self._held[atom]
        if (atom, limbs) not in self._dropped:
            outputs = self._new(len(self._held[atom]))
            for register, output in zip(self._held[atom], outputs, strict=True):
                self._write(name, op="drop", input=register, output=output, limbs=limbs)
            self._dropped[atom, limbs] = outputs
        return self._dropped[atom, limbs]

    def _summed(self, name: str, registers: list[int], rotations: tuple[int, ...]) -> list[int]:
        if not rotations:
            return registers
        outputs = self._new(len(registers))
        for register, output in zip(registers, outputs, strict=True):
            self._write(name, op="rotate_add", input=register, output=output, steps=list(rotations))
        return outputs

    def _new(self, count: int) -> list[int]:
        first = self._registers
        self._registers += count
        return list(range(first, first + count))

    def _write(self, name: str, **step: Any) -> None:
        self.steps.append(step)
        self.names.append(name)


def _rolled(vectors: Sequence[Array | None], shift: int) -> list[Array | None]:
    return [None if v is None else np.roll(v, shift % len(v)) for v in vectors]
