"""How many ciphertexts are there at once while a program runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.plan import Step

Index = NDArray[np.int64]


def used(step: Step) -> tuple[list[int], list[int]]:
    """The registers that a step reads, and those that it writes."""
    match step["op"]:
        case "combine" | "linear":
            return step["inputs"], step["outputs"]
        case "multiply" | "add":
            return [step["a"], step["b"]], [step["output"]]
        case _:
            return [step["input"]], [step["output"]]


def alive(steps: Sequence[Step], limbs: Sequence[int], inputs: int, kept: Index) -> Iterator[int]:
    """Limbs of all ciphertexts that are there while each step runs."""
    last = {register: len(steps) for register in kept.tolist()}
    for index, step in enumerate(steps):
        for register in used(step)[0]:
            last[register] = max(index, last.get(register, 0))
    ends: dict[int, int] = {}
    for register, index in last.items():
        ends[index] = ends.get(index, 0) + limbs[register]
    now = sum(limbs[:inputs])
    for index, step in enumerate(steps):
        now += sum(limbs[register] for register in used(step)[1])
        yield now
        now -= ends.get(index, 0)
