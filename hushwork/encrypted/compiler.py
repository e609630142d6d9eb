"""From a network to a plan."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.answer import UNCHECKED
from hushwork.encrypted.cost import Cost
from hushwork.encrypted.emit import Emitter
from hushwork.encrypted.layout import GARBAGE, Layout
from hushwork.encrypted.layouts import CIPHERTEXTS
from hushwork.encrypted.levels import Levels, schedule
from hushwork.encrypted.parameters import (
    LOG_N,
    Literal,
    levels_at,
    literals,
    output_scale,
    scale_of,
)
from hushwork.encrypted.plan import Plan, PlannedLayer
from hushwork.encrypted.rotations import Rotations
from hushwork.encrypted.samples import samples
from hushwork.encrypted.search import MEMORY, Arranged, Arrangement, NoRoom, prepared, search
from hushwork.encrypted.simulate import outputs, simulate
from hushwork.encrypted.stages import Product, Stages, lower
from hushwork.errors import DoesNotFit
from hushwork.guarantee import Progress
from hushwork.networks import Network, trace

Array = NDArray[np.float64]
Index = NDArray[np.int64]

STEPS = (2, 4, 8, 16, 32)
"""Giant steps tried; one serves the whole plan, so that its stages share keys."""
LARGEST = 2.0**12
"""Largest magnitude of any slot, where values are about one, before garbage is masked away."""
AGREEMENT = 1e-8
"""Largest error of the slot simulation, relative to the largest output."""
WEIGHT = 2.0**22
"""Largest weight."""


def compile_network(network: Network, progress: Progress | None = None) -> Plan:
    """Plan a network. Raises DoesNotFit, naming the layer where one is to blame."""
    tell = progress or (lambda _phase, _done, _total: None)
    tell("layers", 0, 1)
    values = _ordinary(network)
    magnitudes = {name: _magnitude(batch) for name, batch in values.items()}
    factor = float(2.0 ** -np.round(np.log2(magnitudes[network.output])))
    stages = lower(network, magnitudes, factor)
    levels = schedule(stages)
    tell("layers", 1, 1)
    plan = _planned(stages, levels, factor, tell, masked=False)
    tell("check", 0, 1)
    if _check(plan, values[network.input], values[network.output]) > LARGEST:
        plan = _planned(stages, levels, factor, tell, masked=True)
        _check(plan, values[network.input], values[network.output])
    tell("check", 1, 1)
    return plan


def _ordinary(network: Network) -> dict[str, Array]:
    """Every value of the samples for which all of them are finite. Raises DoesNotFit."""
    with np.errstate(all="ignore"):
        values = trace(network, np.stack(samples(network.input_shape)))
    flat = {name: batch.reshape(len(batch), -1) for name, batch in values.items()}
    finite = np.all([np.isfinite(batch).all(axis=1) for batch in flat.values()], axis=0)
    if not finite.any():
        made = {layer.output: layer.name for layer in network.layers}
        name = next(made[name] for name in made if not np.isfinite(flat[name]).all())
        raise DoesNotFit(
            f"layer {name!r} leaves all bounds on ordinary inputs",
            expected="finite values",
            got="infinity, or no number",
        )
    return {name: batch[finite] for name, batch in values.items()}


def _magnitude(batch: Array) -> float:
    """How large a value usually gets: the median over samples of the largest element."""
    size = float(np.median(np.abs(batch).reshape(len(batch), -1).max(axis=1)))
    return size if size > 0 else 1.0


def _planned(
    stages: Stages, levels: Levels, factor: float, tell: Progress, *, masked: bool
) -> Plan:
    literal, found = _fit(stages, levels, tell, masked=masked)
    packing = _Packing(stages, levels, found, 1 << literal.log_n, tell)
    pairs = product(literals(levels, literal.log_n), STEPS)
    return packing.plan(*min(pairs, key=lambda pair: packing.cost(*pair)), factor)


def _fit(
    stages: Stages, levels: Levels, tell: Progress, *, masked: bool
) -> tuple[Literal, Arrangement]:
    """The smallest ring that carries the network, and the arrangement in it."""
    blocked = ""
    for log_n in LOG_N:
        sets = list(literals(levels, log_n))
        if sets:
            middle = min(sets, key=lambda one: (one.log_qp, one.digit))
            model = Cost(1 << log_n, middle.digit, middle.special)
            try:
                return middle, search(stages, levels, 1 << log_n, model, masked=masked, tell=tell)
            except NoRoom as error:
                blocked = str(error)
    if blocked:
        raise DoesNotFit(
            f"layer {blocked!r} is too wide",
            expected=f"at most {CIPHERTEXTS} ciphertexts a value and {MEMORY >> 30} GiB a layer",
            got="more in every layout tried",
        )
    raise _too_deep(stages, levels)


def _too_deep(stages: Stages, levels: Levels) -> DoesNotFit:
    most = levels_at(LOG_N[-1])
    pairs = zip(stages.stages, levels.stage, strict=True)
    name = next(stage.name for stage, limbs in pairs if levels.input - limbs >= most)
    carried = ", ".join(f"{levels_at(log_n)} at N = {1 << log_n}" for log_n in LOG_N)
    return DoesNotFit(
        f"layer {name!r} comes when no level is left; a linear layer takes one, a polynomial of "
        "degree d takes log2(d) rounded up",
        expected=f"about {carried} levels",
        got=f"{levels.count} levels",
    )


class _Packing:
    """The exact diagonals of a found arrangement, and the steps they become."""

    def __init__(
        self, stages: Stages, levels: Levels, found: Arrangement, slots: int, tell: Progress
    ) -> None:
        self.stages, self.levels, self.found, self.slots = stages, levels, found, slots
        self.layouts = {0: found.input}
        self.made: dict[int, Arranged] = {}
        for index, stage in enumerate(stages.stages):
            tell("diagonals", index, len(stages.stages))
            if isinstance(stage, Product):
                self.layouts[stage.output] = self.layouts[stage.a]
                continue
            now = replace(found, layouts=self.layouts)
            choice = found.choices[index]
            ready = prepared(now, now.terms(index, stage), choice.output, choice.copies)
            self.made[index] = ready.arranged(choice.masked)
            self.layouts[stage.output] = self.made[index].diagonals.layout
        tell("diagonals", len(stages.stages), len(stages.stages))

    def cost(self, literal: Literal, step: int) -> float:
        """Milliseconds of all stages under one choice of digits and giant step."""
        return sum(self._costs(self._rotations(literal, step)).values())

    def _rotations(self, literal: Literal, step: int) -> Rotations:
        return Rotations(step, Cost(self.slots, literal.digit, literal.special))

    def _costs(self, rotations: Rotations) -> dict[str, float]:
        costs: dict[str, float] = {}
        for index, stage in enumerate(self.stages.stages):
            limbs = self.levels.stage[index]
            if isinstance(stage, Product):
                cost = self.layouts[stage.a].ciphertexts * rotations.model.multiply(limbs)
            else:
                cost = self.made[index].cost(limbs, rotations)
            costs[stage.name] = costs.get(stage.name, 0.0) + cost / 1e3
        return costs

    def plan(self, literal: Literal, step: int, factor: float) -> Plan:
        """Write it down."""
        parameters, scale = literal.check(), scale_of(literal.scale_bits)
        rotations = self._rotations(literal, step)
        count = self.found.input.ciphertexts
        emitter = Emitter(parameters.moduli, scale, self.levels.input, count, rotations)
        for index, stage in enumerate(self.stages.stages):
            limbs = self.levels.stage[index]
            if isinstance(stage, Product):
                emitter.product(stage, self.layouts[stage.a], limbs)
            else:
                last = stage.output == self.stages.output
                made_scale = output_scale() if last else scale
                emitter.affine(stage, self.made[index], limbs, made_scale)
        output = self.stages.output
        return Plan(
            log_n=literal.log_n,
            moduli=tuple(parameters.moduli),
            special=tuple(parameters.special),
            digit=literal.digit,
            request_scale=scale,
            request_limbs=self.levels.input,
            gather=_gather(self.found),
            steps=tuple(emitter.steps),
            names=tuple(emitter.names),
            results=tuple(emitter.registers(output)),
            output_scale=output_scale(),
            scatter=np.roll(_scatter(self.layouts[output]), emitter.shift(output), axis=1),
            factor=factor,
            layers=self._layers(rotations),
            request_layout=self.found.input.short,
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


def _held(layout: Layout) -> Index:
    """(ciphertexts, N): the element in each slot, -1: none."""
    held = np.full(layout.states.shape, -1, dtype=np.int64)
    element, copy = np.nonzero(layout.addresses >= 0)
    held.reshape(-1)[layout.addresses[element, copy]] = element
    return held


def _scatter(layout: Layout) -> Index:
    """(ciphertexts, N): the output element in each slot, or what a client is to make of it."""
    return np.where(layout.states == GARBAGE, UNCHECKED, _held(layout))


def _gather(found: Arrangement) -> Index:
    """(ciphertexts, N): the input element that each slot of the request holds, -1: none."""
    held = _held(found.input)
    return np.append(found.gather, -1)[held]


def _check(plan: Plan, inputs: Array, wanted: Array) -> float:
    """Run the slots; returns the largest magnitude in any slot, garbage included.

    A plan must be the network, slot by slot: anything else is a bug of this compiler.
    """
    _check_weights(plan)
    largest = 0.0
    for x, y in zip(inputs[:2], wanted, strict=False):
        slots, reach = simulate(plan, x)
        largest = max(largest, reach)
        error = float(np.abs(outputs(plan, slots) - y.reshape(-1)).max())
        if not error <= AGREEMENT * max(1 / plan.factor, float(np.abs(y).max())):
            raise ValueError(f"the plan is off by {error:e}")
    return largest


def _check_weights(plan: Plan) -> None:
    """Weights are encoded in 60 bits, of which the scale takes up to 36."""
    for name, step in zip(plan.names, plan.steps, strict=True):
        if step["op"] == "linear":
            found = max(float(np.abs(term[-1]).max()) for term in step["terms"])
            if found > WEIGHT:
                raise DoesNotFit(
                    f"layer {name!r} has too large a weight, for values of about one",
                    expected=f"at most {WEIGHT:g}",
                    got=f"{found:g}",
                )
