"""One image in every slot: each element of a value is a ciphertext of its own."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.bounds import bounds
from hushwork.encrypted.centred import centred
from hushwork.encrypted.cost import Cost
from hushwork.encrypted.elements import Writer
from hushwork.encrypted.levels import Levels
from hushwork.encrypted.lifetimes import alive
from hushwork.encrypted.parameters import Chain, output_scale, scale_of
from hushwork.encrypted.plan import Plan, PlannedLayer
from hushwork.encrypted.stages import Affine, Stages
from hushwork.encrypted.tiers import Tier, Tiering
from hushwork.errors import DoesNotFit

Index = NDArray[np.int64]

MEMORY = 12 << 30
"""Most bytes of ciphertexts at once."""


class Slotwise:
    """What a network costs so, and the plan it becomes."""

    def __init__(self, stages: Stages, levels: Levels, slots: int) -> None:
        self.stages, self.levels, self.slots = stages, levels, slots

    def prices(self, tier: Tier) -> list[tuple[float, int]]:
        """Microseconds of a tier that ends at 0 limbs, at 1, and so on, its key priced once; a
        giant step is of no use."""
        model = Cost(self.slots, (tier,), self.slots)
        work = [0.0] * tier.limbs
        for index, limbs in enumerate(self.levels.stage):
            if limbs <= tier.limbs:
                work[tier.limbs - limbs] += self._stage(index, limbs, model)
        keys = model.keys(tier.limbs, 1)
        return [(cost + keys, 1) for cost in accumulate(work)][::-1]

    def cost(self, tiering: Tiering) -> float:
        """Microseconds of a run, keys and what a request takes priced in."""
        inputs = int(np.prod(self.stages.atoms[0].shape))
        model = Cost(self.slots, tiering.tiers, self.slots)
        return tiering.cost + model.request(self.levels.input, inputs, 1)

    def _stage(self, index: int, limbs: int, model: Cost) -> float:
        stage = self.stages.stages[index]
        elements = int(np.prod(self.stages.atoms[stage.output].shape))
        if isinstance(stage, Affine):
            entries = sum(len(matrix.value) for _, matrix in stage.terms)
            return model.combine(limbs, entries, elements)
        return elements * model.multiply(limbs)

    def plan(self, chain: Chain, tiering: Tiering, factor: float) -> Plan:
        """Write it down. Raises DoesNotFit."""
        parameters, scale = chain.check(tiering.tiers), scale_of(chain.scale_bits)
        scales = scale, output_scale()
        writer = Writer(centred(self.stages), self.levels, parameters.moduli, scales)
        results = writer.run()
        inputs = int(np.prod(self.stages.atoms[0].shape))
        most = max(alive(writer.steps, writer.limbs, inputs, results))
        self._check_memory(most)
        return Plan(
            log_n=chain.log_n,
            images=self.slots,
            moduli=tuple(parameters.moduli),
            special=tuple(parameters.special),
            tiers=tiering.tiers,
            request_scale=scale,
            request_limbs=self.levels.input,
            gather=np.arange(inputs)[:, None],
            steps=tuple(writer.steps),
            names=tuple(writer.names),
            results=tuple(results.tolist()),
            output_scale=output_scale(),
            scatter=np.arange(len(results))[:, None],
            factor=factor,
            layers=self._layers(Cost(self.slots, tiering.tiers, self.slots)),
            request_layout=_layout(inputs),
            bounds=bounds(self.stages, self.levels, parameters.moduli, scales),
        )

    def _check_memory(self, limbs: int) -> None:
        size = 16 * self.slots * limbs
        if size > MEMORY:
            raise DoesNotFit(
                f"{self.slots} images, one in each slot, take too much memory",
                expected=f"at most {MEMORY >> 30} GiB of ciphertexts at once",
                got=f"{size / (1 << 30):.1f} GiB",
            )

    def _layers(self, model: Cost) -> dict[str, PlannedLayer]:
        made: dict[str, PlannedLayer] = {}
        for index, (stage, limbs) in enumerate(
            zip(self.stages.stages, self.levels.stage, strict=True)
        ):
            before = made.get(stage.name, PlannedLayer("", (), 0.0))
            cost = before.milliseconds + self._stage(index, limbs, model) / 1e3
            layout = _layout(int(np.prod(self.stages.atoms[stage.output].shape)))
            made[stage.name] = PlannedLayer(layout, (*before.limbs, limbs), cost)
        return made


def _layout(elements: int) -> str:
    return f"{elements} x 1"
