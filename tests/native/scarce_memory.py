"""Run as a module in a process of its own: works where memory is scarce, and says how it went.

`python -m tests.native.scarce_memory` prints one JSON object: of each task, how it ended for each
of SPARE. Whatever is not a MemoryError ends the process.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

from hushwork import _native as native
from tests.native.helpers import SCALE, SEED, small_parameters, vector

MIB = 1 << 20
SPARE = [8, 66, 70, 80, 100]
"""MiB left to each task; what is not left free for small things is at most the last 36."""

LOG_N = 13
N = 1 << LOG_N
STEPS = range(1, 41)
BITS = (50, 36, 36, 36, 36, 36)


@contextmanager
def spare(mebibytes: int) -> Iterator[None]:
    """Lets the process grow by so much."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + mebibytes * MIB
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class Work:
    """What is made before memory is scarce, and what then is done with it."""

    def __init__(self) -> None:
        self.parameters = small_parameters(LOG_N, BITS)
        self.secret = native.SecretKey.insecure_from_seed(self.parameters, SEED)
        self.rotations = {step: [len(BITS)] for step in STEPS}
        self.keys = self.secret.evaluation_keys(self.rotations)
        self.sealed = self.secret.encrypt(vector(N), SCALE)
        self.small = self.program([1])
        few = self.secret.evaluation_keys({1: [len(BITS)]})
        self.few = native.EvaluationKeys.from_bytes(self.parameters, few)

    def program(self, steps: list[int]) -> native.Program:
        step = {"op": "rotate_add", "input": 0, "output": 1, "steps": steps}
        return native.Program(self.parameters, [(len(BITS), SCALE)], [step], [1])

    def make_keys(self) -> None:
        self.secret.evaluation_keys(self.rotations)

    def read_keys(self) -> None:
        native.EvaluationKeys.from_bytes(self.parameters, self.keys)

    def compile(self) -> None:
        """A program of weights as long as the ring and such as are packed."""
        long, short = vector(N), vector(N // 2)
        step = {
            "op": "linear",
            "inputs": [0],
            "outputs": [1],
            "terms": [(0, 0, 0, 0, baby, each) for baby in range(99) for each in (long, short)],
            "giant_step": 0,
            "scale": SCALE,
            "bias": [vector(N)],
        }
        native.Program(self.parameters, [(len(BITS), SCALE)], [step], [1])

    def run(self) -> None:
        """Expands a key for each rotation."""
        self.program(list(STEPS)).run(self.many(), [self.sealed])

    @cache  # noqa: B019
    def many(self) -> native.EvaluationKeys:
        return native.EvaluationKeys.from_bytes(self.parameters, self.keys)

    def make_parameters(self) -> None:
        small_parameters(LOG_N + 4, (44,) * 12)

    def encrypt(self) -> None:
        kept = [self.secret.encrypt(vector(N), SCALE) for _ in range(300)]
        assert len(kept) == 300

    def still_works(self) -> bool:
        (result,) = self.small.run(self.few, [self.sealed])
        expected = vector(N) + np.roll(vector(N), -1)
        return bool(np.abs(self.secret.decrypt(result) - expected).max() < 1e-5)


def ending(task: Callable[[], None], mebibytes: int) -> str:
    with spare(mebibytes):
        try:
            task()
        except MemoryError:
            return "out of memory"
    return "done"


def main() -> dict[str, object]:
    work = Work()
    assert work.still_works()
    tasks = [work.run, work.make_keys, work.read_keys, work.compile, work.make_parameters]
    endings: dict[str, list[str]] = {}
    for task in [*tasks, work.encrypt]:
        for mebibytes in SPARE:
            ended = ending(task, mebibytes)
            assert work.still_works()
            endings.setdefault(task.__name__, []).append(ended)
    return {"kernel": native.kernel(), "endings": endings}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
