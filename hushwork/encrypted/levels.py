"""Which stage runs at how many limbs: as late as its readers allow."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hushwork.encrypted.stages import Affine, Product, Stage, Stages


@dataclass(frozen=True)
class Levels:
    """Limbs of everything; a stage at L limbs leaves its output with L - 1."""

    stage: tuple[int, ...]
    """Limbs at which each stage runs."""
    input: int
    """Limbs of the request."""
    products: frozenset[int]
    """Limb counts at which products run; elsewhere only affine stages do."""

    @property
    def deeper(self) -> Levels:
        """With a level before all stages."""
        return replace(self, input=self.input + 1)

    @property
    def count(self) -> int:
        """Levels: limbs beyond the last one."""
        return self.input - 1


def reads(stage: Stage) -> tuple[int, ...]:
    """The atoms that a stage reads."""
    match stage:
        case Affine():
            return tuple(atom for atom, _ in stage.terms)
        case Product():
            return stage.a, stage.b


def schedule(stages: Stages) -> Levels:
    """Count back from the output, which ends with one limb."""
    needed = {stages.output: 1}
    limbs: list[int] = []
    for stage in reversed(stages.stages):
        level = needed.get(stage.output, 1) + 1
        limbs.append(level)
        for atom in reads(stage):
            needed[atom] = max(level, needed.get(atom, 1))
    limbs.reverse()
    pairs = zip(stages.stages, limbs, strict=True)
    products = frozenset(level for stage, level in pairs if isinstance(stage, Product))
    return Levels(tuple(limbs), needed.get(0, 1), products)
