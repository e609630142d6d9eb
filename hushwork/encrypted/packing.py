"""A network laid out: what each stage costs, and the plan it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil, fsum

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.answer import UNCHECKED
from hushwork.encrypted.arranged import Arranged
from hushwork.encrypted.arrangement import Arrangement, prepared
from hushwork.encrypted.bounds import bounds
from hushwork.encrypted.condense import spread
from hushwork.encrypted.cost import KEY, RELINEARISATION, Cost, Use
from hushwork.encrypted.emit import Emitter
from hushwork.encrypted.layout import GARBAGE, Layout
from hushwork.encrypted.levels import Levels
from hushwork.encrypted.parameters import Chain, output_scale, scale_of
from hushwork.encrypted.plan import Plan, PlannedLayer
from hushwork.encrypted.rotations import Rotations
from hushwork.encrypted.stages import Product, Stages
from hushwork.encrypted.tiers import Tier, Tiering
from hushwork.guarantee import Progress

Index = NDArray[np.int64]

STEPS = (2, 4, 8, 16, 32)
"""Giant steps tried; one serves a whole tier, so that its stages share keys."""


class Packing:
    """The exact diagonals of a found arrangement, and the steps they become."""

    def __init__(
        self,
        stages: Stages,
        levels: Levels,
        found: Arrangement,
        ring: tuple[int, int],
        tell: Progress,
    ) -> None:
        self.stages, self.levels, self.found = stages, levels, found
        self.slots, self.images = ring
        self.layouts = {0: found.input}
        self.made: dict[int, Arranged] = {}
        self.spread = _spread(found)
        self.key = KEY
        self._known: dict[tuple[float, ...], tuple[Use, float]] = {}
        for index, stage in enumerate(stages.stages):
            tell("diagonals", index, len(stages.stages))
            if isinstance(stage, Product):
                self.layouts[stage.output] = self.layouts[stage.a]
                continue
            now = replace(found, layouts=self.layouts)
            choice = found.choices[index]
            ready = prepared(now, now.terms(index, stage), choice)
            self.made[index] = ready.arranged(choice.masked)
            self.layouts[stage.output] = self.made[index].diagonals.layout
        tell("diagonals", len(stages.stages), len(stages.stages))

    def prices(self, tier: Tier) -> list[tuple[float, int]]:
        """Microseconds of a tier that ends at 0 limbs, at 1, and so on, each key priced once, and
        the best giant step."""
        steps = [self._prices(tier, step) for step in STEPS]
        return [min(zip(ends, STEPS, strict=True)) for ends in zip(*steps, strict=True)]

    def _prices(self, tier: Tier, step: int) -> list[float]:
        cost, found = 0.0, []
        keys: dict[int, float] = {}
        for limbs in range(tier.limbs, 0, -1):
            use, price = self._use(limbs, tier, step)
            cost += use.cost
            # A key is made at the highest level that uses it.
            keys = dict.fromkeys(use.keys, price) | keys
            found.append(cost + fsum(keys.values()))
        return found[::-1]

    def key_bytes(self, chain: Chain, tiering: Tiering) -> int:
        """About what the keys take on the wire."""
        special, total = chain.special_bits(tiering.tiers), 0
        lows = [*(tier.limbs for tier in tiering.tiers[1:]), 0]
        for low, tier, step in zip(lows, tiering.tiers, tiering.steps, strict=True):
            seen: set[int] = set()
            for limbs in range(tier.limbs, low, -1):
                new = self._use(limbs, tier, step)[0].keys - seen
                rows = sum(chain.bits[:limbs]) + sum(special[: tier.special])
                total += len(new) * ceil(limbs / tier.digit) * rows
                seen |= new
        return total * self.slots // 8

    def _use(self, limbs: int, tier: Tier, step: int) -> tuple[Use, float]:
        """All that runs at so many limbs, and the price of a key there.

        Remembered: it depends on the number of digits only, not on where a tier begins.
        """
        known = (limbs, ceil(limbs / tier.digit), tier.special, step, self.key)
        if known not in self._known:
            model = Cost(self.slots, (tier,), self.images, self.key)
            uses = list(self._uses(limbs, Rotations((step,), model)))
            keys = frozenset[int]().union(*(use.keys for use in uses))
            use = Use(limbs, sum(use.cost for use in uses), keys)
            self._known[known] = use, model.keys(limbs, 1)
        return self._known[known]

    def _uses(self, limbs: int, rotations: Rotations) -> Iterator[Use]:
        if limbs == self.levels.input:
            yield from self._entry(rotations)
        for index, level in enumerate(self.levels.stage):
            if level == limbs:
                yield self._stage(index, limbs, rotations)
            elif level - 1 == limbs and index in self.made:
                yield self.made[index].summed(limbs, rotations.model)

    def _stage(self, index: int, limbs: int, rotations: Rotations) -> Use:
        """One stage, but for the sums that follow it."""
        stage = self.stages.stages[index]
        if isinstance(stage, Product):
            cost = self.layouts[stage.a].ciphertexts * rotations.model.multiply(limbs)
            return Use(limbs, cost, frozenset({RELINEARISATION}))
        return self.made[index].linear(limbs, rotations)

    def _entry(self, rotations: Rotations) -> Iterator[Use]:
        """What turns a request into the input: its copies are summed, and it is spread."""
        limbs, sums = self.levels.input, self._sums
        rotated = self.found.input.ciphertexts * len(sums)
        yield Use(limbs, rotated * rotations.model.rotation(limbs), frozenset(sums))
        if self.spread:
            yield self.spread.linear(limbs, rotations)

    @property
    def period(self) -> int:
        """Slots of each image."""
        return self.slots // self.images

    @property
    def _sums(self) -> tuple[int, ...]:
        """Rotations that sum the copies of the request."""
        copies = self.found.copies
        return tuple(self.period // copies << k for k in range(copies.bit_length() - 1))

    def _costs(self, rotations: Rotations) -> dict[str, float]:
        """Milliseconds of a run, by layer."""
        first = sum(use.cost for use in self._entry(rotations))
        costs = {self.stages.stages[0].name: first / 1e3}
        for index, stage in enumerate(self.stages.stages):
            limbs = self.levels.stage[index]
            cost = self._stage(index, limbs, rotations).cost
            if index in self.made:
                cost += self.made[index].summed(limbs - 1, rotations.model).cost
            costs[stage.name] = costs.get(stage.name, 0.0) + cost / 1e3
        return costs

    def plan(self, chain: Chain, tiering: Tiering, factor: float) -> Plan:
        """Write it down."""
        parameters, scale = chain.check(tiering.tiers), scale_of(chain.scale_bits)
        rotations = Rotations(tiering.steps, Cost(self.slots, tiering.tiers, self.images, self.key))
        count = self.found.input.ciphertexts
        emitter = Emitter(parameters.moduli, scale, self.levels.input, count, rotations)
        first = self.stages.stages[0].name
        emitter.unfold(first, self._sums)
        if self.spread:
            emitter.spread(first, self.spread, self.levels.input, scale)
        for index, stage in enumerate(self.stages.stages):
            limbs = self.levels.stage[index]
            if isinstance(stage, Product):
                emitter.product(stage, self.layouts[stage.a], limbs)
            else:
                last = stage.output == self.stages.output
                made_scale = output_scale() if last else scale
                emitter.affine(stage, self.made[index], limbs, made_scale)
        output = self.stages.output
        scatter = np.roll(_scatter(self.layouts[output]), emitter.shift(output), axis=1)
        return Plan(
            log_n=chain.log_n,
            images=self.images,
            moduli=tuple(parameters.moduli),
            special=tuple(parameters.special),
            tiers=tiering.tiers,
            request_scale=scale,
            request_limbs=self.levels.input,
            gather=_gather(self.found, self.period // self.found.copies),
            steps=tuple(emitter.steps),
            names=tuple(emitter.names),
            results=tuple(emitter.registers(output)),
            output_scale=output_scale(),
            scatter=_repeated(scatter, self.period),
            factor=factor,
            layers=self._layers(rotations),
            request_layout=self.found.input.short,
            bounds=bounds(self.stages, self.levels, parameters.moduli, (scale, output_scale())),
        )

    def _layers(self, rotations: Rotations) -> dict[str, PlannedLayer]:
        costs = self._costs(rotations)
        limbs: dict[str, tuple[int, ...]] = {}
        layouts: dict[str, str] = {}
        for stage, level in zip(self.stages.stages, self.levels.stage, strict=True):
            limbs[stage.name] = (*limbs.get(stage.name, ()), level)
            layouts[stage.name] = self.layouts[stage.output].short
        return {
            name: PlannedLayer(layouts[name], limbs[name], cost) for name, cost in costs.items()
        }


def _spread(found: Arrangement) -> Arranged | None:
    """From the slots that are sent to those of the input, where these are others."""
    if not found.condensed:
        return None
    return Arranged([()], [found.sent.ciphertexts], spread(found.sent, found.input))


def _held(layout: Layout) -> Index:
    """(ciphertexts, N): the element in each slot, -1: none."""
    held = np.full(layout.states.shape, -1, dtype=np.int64)
    element, copy = np.nonzero(layout.addresses >= 0)
    held.reshape(-1)[layout.addresses[element, copy]] = element
    return held


def _scatter(layout: Layout) -> Index:
    """(ciphertexts, N): the output element in each slot, or what a client is to make of it."""
    return np.where(layout.states == GARBAGE, UNCHECKED, _held(layout))


def _gather(found: Arrangement, period: int) -> Index:
    """(ciphertexts, period): the input element that each slot of the request holds, -1: none."""
    held = _repeated(_held(found.sent), period)
    return np.append(found.gather, -1)[held]


def _repeated(table: Index, slots: int) -> Index:
    """The first slots of the repetition of a table."""
    return np.tile(table, max(1, slots // table.shape[1]))[:, :slots]
