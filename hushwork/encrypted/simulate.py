"""The slots of a plan in float64: what the encrypted run would give without noise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.lifetimes import used
from hushwork.encrypted.plan import Plan, Step

Array = NDArray[np.float64]


def simulate(plan: Plan, x: Array) -> tuple[Array, Array]:
    """Output slots (ciphertexts, slots), and what slots each step reads, by their root mean square,
    and makes, by the largest, (steps, 2)."""
    registers = dict(enumerate(plan.pack(x)))
    sizes = _sizes(registers)
    reached = []
    for step, made in zip(plan.steps, run(plan, registers), strict=True):
        sizes |= _sizes(made)
        read, _ = np.max([sizes[register] for register in used(step)[0]], axis=0)
        _, largest = np.max([sizes[register] for register in made], axis=0)
        reached.append((read, largest))
    slots = np.stack([registers[register] for register in plan.results])
    return slots, np.array(reached).reshape(-1, 2)


def _sizes(vectors: dict[int, Array]) -> dict[int, tuple[float, float]]:
    """Root mean square, and largest magnitude."""
    return {
        register: (np.sqrt(np.mean(vector**2)), np.abs(vector).max())
        for register, vector in vectors.items()
    }


def run(plan: Plan, registers: dict[int, Array]) -> Iterator[dict[int, Array]]:
    """Fill the registers from those of the input; what each step makes, step by step."""
    slots = plan.slots
    for step in plan.steps:
        made = _step(step, registers, slots)
        registers.update(made)
        yield made


def outputs(plan: Plan, answer: Array) -> Array:
    """The network's outputs from the slots of an answer: the mean over their copies."""
    held = plan.scatter >= 0
    elements = plan.scatter[held]
    return np.bincount(elements, answer[held]) / np.bincount(elements) / plan.factor


def _step(step: Step, registers: dict[int, Array], slots: int) -> dict[int, Array]:
    match step["op"]:
        case "linear":
            return _linear(step, registers, slots)
        case "combine":
            return _combine(step, registers)
        case _:
            return {step["output"]: _one(step, registers, slots)}


def _one(step: Step, registers: dict[int, Array], slots: int) -> Array:
    """Steps of one output."""
    match step["op"]:
        case "multiply":
            return registers[step["a"]] * registers[step["b"]]
        case "add":
            return registers[step["a"]] + registers[step["b"]]
        case "add_plain":
            return registers[step["input"]] + _whole(step["values"], slots)
        case "rotate_add":
            x = registers[step["input"]]
            for rotation in step["steps"]:
                x = x + np.roll(x, -rotation)
            return x
        case "drop":
            return registers[step["input"]]
        case other:
            raise ValueError(f"unknown operation {other!r}")


def _linear(step: Step, registers: dict[int, Array], slots: int) -> dict[int, Array]:
    # Every rotation is a window of a vector written twice.
    doubled = [np.tile(registers[register], 2) for register in step["inputs"]]
    sums = [np.zeros(slots) for _ in step["outputs"]]
    product = np.empty(slots)
    for output, source, anchor, giant, baby, weights in step["terms"]:
        rotation = (anchor + giant * step["giant_step"] + baby) % slots
        rows = -1, len(weights)
        rotated = doubled[source][rotation : rotation + slots].reshape(rows)
        np.multiply(rotated, weights, out=product.reshape(rows))
        sums[output] += product
    for output, bias in enumerate(step["bias"]):
        if bias is not None:
            sums[output] += _whole(bias, slots)
    return dict(zip(step["outputs"], sums, strict=True))


def _combine(step: Step, registers: dict[int, Array]) -> dict[int, Array]:
    """One slot is enough: all do the same."""
    inputs = np.concatenate([registers[register] for register in step["inputs"]])
    row = np.repeat(np.arange(len(step["outputs"])), np.diff(step["starts"]))
    read = step["weights"] * inputs[step["columns"]]
    sums = np.bincount(row, read, len(step["outputs"]))
    made = sums if step["bias"] is None else sums + step["bias"]
    return dict(zip(step["outputs"], made[:, None], strict=True))


def _whole(vector: Array, slots: int) -> Array:
    return np.tile(vector, slots // len(vector))
