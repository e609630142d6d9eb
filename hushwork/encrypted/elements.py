"""The steps of a network whose every element is a ciphertext, one image in each slot.

There is nothing to rotate. An affine stage is a sparse matrix of scalars between ciphertexts, a
product one of ciphertexts for each element. Each tile of a value is made when the first that reads
it is made, and a stage that reads all tiles of its input adds them up as they come: what a runner
lets go after its last reader then makes room for what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.levels import Levels, reads
from hushwork.encrypted.plan import Step
from hushwork.encrypted.stages import Affine, Product, Stages
from hushwork.encrypted.tiling import Block, blocks, tiles

Array = NDArray[np.float64]
Index = NDArray[np.int64]


class Writer:
    """Writes the steps of all stages, tile by tile."""

    def __init__(
        self,
        stages: Stages,
        levels: Levels,
        moduli: Sequence[int],
        scales: tuple[float, float],
    ) -> None:
        """`scales` are those of values within the network and of its output."""
        self.stages, self.levels, self.moduli, self._exact = stages, levels, moduli, scales
        self.steps: list[Step] = []
        self.names: list[str] = []
        self.limbs: list[int] = []
        """Of each register."""
        self._makers = {stage.output: index for index, stage in enumerate(stages.stages)}
        self._blocks: dict[int, dict[int, list[Block]]] = {}
        self._tiles = [tiles(atom) for atom in stages.atoms]
        self._held: dict[tuple[int, int], Index] = {}
        self._made = {(0, int(tile)) for tile in np.unique(self._tiles[0])}
        self._scales = {0: scales[0]}
        self._natural = {0: levels.input}
        self._elements(0)[:] = self._new(len(self._tiles[0]), levels.input)

    def run(self) -> Index:
        """Make the output; its registers."""
        output = self.stages.output
        for tile in np.unique(self._tiles[output]):
            self._make(output, int(tile))
        return self._elements(output)

    def _elements(self, atom: int) -> Index:
        """The registers of an atom, -1 where there are none yet."""
        return self._registers(atom, self._natural[atom])

    def _registers(self, atom: int, limbs: int) -> Index:
        """The registers of an atom at so many limbs."""
        none = np.full(len(self._tiles[atom]), -1, dtype=np.int64)
        return self._held.setdefault((atom, limbs), none)

    def _make(self, atom: int, tile: int) -> None:
        if (atom, tile) in self._made:
            return
        self._made.add((atom, tile))
        index = self._makers[atom]
        stage, limbs = self.stages.stages[index], self.levels.stage[index]
        self._natural[atom] = limbs - 1
        if isinstance(stage, Product):
            self._product(stage, tile, limbs)
        else:
            self._affine(stage, tile, limbs)

    def _product(self, stage: Product, tile: int, limbs: int) -> None:
        for atom in reads(stage):
            self._make(atom, tile)
        places = np.flatnonzero(self._tiles[stage.output] == tile)
        left, right = (self._at(stage.name, atom, places, limbs) for atom in reads(stage))
        if stage.shift is not None:
            right = self._plus(stage.name, right, stage.shift[places], limbs)
        prime = self.moduli[limbs - 1]
        scale = self._scales[stage.a] * self._scales[stage.b] / prime
        self._scales[stage.output] = scale
        outputs = self._new(len(places), limbs - 1)
        for a, b, output in zip(left.tolist(), right.tolist(), outputs.tolist(), strict=True):
            self._write(stage.name, op="multiply", a=a, b=b, output=output, scale=scale)
        self._elements(stage.output)[places] = outputs

    def _affine(self, stage: Affine, tile: int, limbs: int) -> None:
        self._scales[stage.output] = self._exact[stage.output == self.stages.output]
        if stage.output not in self._blocks:
            self._blocks[stage.output] = blocks(self.stages, stage)
        bias = stage.bias.copy()
        for block in self._blocks[stage.output].pop(tile):
            for atom, other in block.needs:
                self._make(atom, other)
            self._combined(stage, block, bias[block.rows], limbs)
            bias[block.rows] = 0
        self._constants(stage, tile, limbs)

    def _combined(self, stage: Affine, block: Block, bias: Array, limbs: int) -> None:
        """One block, added to what is there of its rows."""
        inputs = np.empty(len(block.columns), dtype=np.int64)
        for atom in np.unique(block.atoms).tolist():
            of = block.atoms == atom
            used, places = np.unique(block.columns[of], return_inverse=True)
            inputs[of] = self._at(stage.name, atom, used, limbs)[places]
        registers, columns = np.unique(inputs, return_inverse=True)
        outputs = self._new(len(block.rows), limbs - 1)
        matrix = block.starts, columns, block.weights
        self._combine(stage, registers, outputs, matrix, bias)
        self._add(stage, block.rows, outputs, limbs - 1)

    def _constants(self, stage: Affine, tile: int, limbs: int) -> None:
        """Rows that read nothing."""
        held = self._elements(stage.output)
        rows = np.flatnonzero((self._tiles[stage.output] == tile) & (held < 0))
        if not len(rows):
            return
        atom, _ = stage.terms[0]
        self._make(atom, int(self._tiles[atom][0]))
        first = self._at(stage.name, atom, np.zeros(1, dtype=np.int64), limbs)
        outputs = self._new(len(rows), limbs - 1)
        nothing = np.arange(len(rows) + 1), np.zeros(len(rows)), np.zeros(len(rows))
        self._combine(stage, first, outputs, nothing, stage.bias[rows])
        held[rows] = outputs

    def _combine(
        self,
        stage: Affine,
        registers: Index,
        outputs: Index,
        matrix: tuple[NDArray[Any], NDArray[Any], Array],
        bias: Array,
    ) -> None:
        """Sparse rows: where each begins, which register and how much of it."""
        starts, columns, weights = matrix
        self._write(
            stage.name,
            op="combine",
            inputs=registers.tolist(),
            outputs=outputs.tolist(),
            starts=starts.astype(np.int64),
            columns=columns.astype(np.int32),
            weights=weights,
            bias=bias if bias.any() else None,
            scale=self._scales[stage.output],
        )

    def _add(self, stage: Affine, rows: Index, parts: Index, limbs: int) -> None:
        held = self._elements(stage.output)
        before = held[rows]
        held[rows] = parts
        again = np.flatnonzero(before >= 0)
        sums = self._new(len(again), limbs)
        for a, b, output in zip(before[again], parts[again], sums.tolist(), strict=True):
            self._write(stage.name, op="add", a=int(a), b=int(b), output=output)
        held[rows[again]] = sums

    def _plus(self, name: str, registers: Index, shift: Array, limbs: int) -> Index:
        outputs = self._new(len(registers), limbs)
        for register, output, value in zip(registers, outputs, shift, strict=True):
            values = np.array([value])
            self._write(
                name, op="add_plain", input=int(register), output=int(output), values=values
            )
        return outputs

    def _at(self, name: str, atom: int, places: Index, limbs: int) -> Index:
        """The registers of some elements under so many limbs."""
        held, dropped = self._elements(atom), self._registers(atom, limbs)
        missing = places[dropped[places] < 0]
        outputs = self._new(len(missing), limbs)
        for register, output in zip(held[missing].tolist(), outputs.tolist(), strict=True):
            self._write(name, op="drop", input=register, output=output, limbs=limbs)
        dropped[missing] = outputs
        return dropped[places]

    def _new(self, count: int, limbs: int) -> Index:
        first = len(self.limbs)
        self.limbs += [limbs] * count
        return np.arange(first, first + count)

    def _write(self, name: str, **step: Any) -> None:
        self.steps.append(step)
        self.names.append(name)
