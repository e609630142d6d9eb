"""Run as a module in a process of its own: works where memory is scarce, and says how it went.

`python -m tests.native.scarce_memory TASK...` prints one JSON object: of each task, a method of
Work, how it ended for each of SPARE. Whatever is not a MemoryError ends the process.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from hushwork import _native as native
from hushwork.errors import InvalidParameters
from tests.native.helpers import SCALE, SEED, small_parameters, vector

MIB = 1 << 20
SPARE = [8, 70]
"""MiB left to each task. The first are fewer than must stay free for what is small."""

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


Task = Callable[[], object]


class Work:
    """What is made before memory is scarce, and what then is done with it."""

    def __init__(self) -> None:
        self.parameters = small_parameters(LOG_N, BITS)
        self.secret = native.SecretKey.insecure_from_seed(self.parameters, SEED)
        self.keys = self.secret.evaluation_keys({step: [len(BITS)] for step in STEPS})
        self.sealed = self.secret.encrypt(vector(N), SCALE)
        self.small = self.program([1])
        few = self.secret.evaluation_keys({1: [len(BITS)]})
        self.few = native.EvaluationKeys.from_bytes(self.parameters, few)

    def program(self, steps: list[int]) -> native.Program:
        step = {"op": "rotate_add", "input": 0, "output": 1, "steps": steps}
        return native.Program(self.parameters, [(len(BITS), SCALE)], [step], [1])

    def make_keys(self) -> Task:
        rotations = {step: [len(BITS)] for step in range(1, 121)}
        return lambda: self.secret.evaluation_keys(rotations)

    def read_keys(self) -> Task:
        return lambda: [self.read() for _ in range(6)]

    def run(self) -> Task:
        """Expands a key for each rotation."""
        program, keys = self.program(list(STEPS)), [self.read(), self.read()]
        return lambda: [program.run(each, [self.sealed]) for each in keys]

    def compile(self) -> Task:
        """A program of weights as long as the ring, and of such as are packed."""
        lengths = (N, N // 2)
        step = {
            "op": "linear",
            "inputs": [0],
            "outputs": [1],
            "terms": [(0, 0, 0, 0, baby, vector(n)) for baby in range(250) for n in lengths],
            "giant_step": 0,
            "scale": SCALE,
            "bias": [vector(N)],
        }
        shapes = [(len(BITS), SCALE)]
        return lambda: native.Program(self.parameters, shapes, [step], [1])

    def compile_many(self) -> Task:
        """As many products as a program may have, each a sum of its own: none is large."""
        outputs = range(1, 257)
        step = {
            "op": "linear",
            "inputs": [0],
            "outputs": outputs,
            "terms": [(term % 256, 0, 0, term // 256, 0, vector(1)) for term in range(1 << 17)],
            "giant_step": 1,
            "scale": SCALE,
            "bias": [None] * 256,
        }
        shapes = [(len(BITS), SCALE)]
        return lambda: native.Program(self.parameters, shapes, [step], [1])

    def compile_combine(self) -> Task:
        """Many weights, each a few bytes."""
        rows, columns = 1 << 10, 1 << 12
        step = {
            "op": "combine",
            "inputs": [0] * columns,
            "outputs": range(1, rows + 1),
            "starts": np.arange(rows + 1) * columns,
            "columns": np.tile(np.arange(columns, dtype=np.int32), rows),
            "weights": np.ones(rows * columns),
            "bias": None,
            "scale": SCALE,
        }
        shapes = [(len(BITS), SCALE)]
        return lambda: native.Program(self.parameters, shapes, [step], [1])

    def compile_long(self) -> Task:
        """As many steps as a program may have."""
        steps = [{"op": "add", "a": i, "b": i, "output": i + 1} for i in range(1 << 16)]
        shapes = [(len(BITS), SCALE)]
        return lambda: native.Program(self.parameters, shapes, steps, [1 << 16])

    def make_parameters(self) -> Task:
        primes = native.find_primes(17, [*[44] * 62, 50, 50])
        tiers = [(62, 2, 2)]
        return lambda: native.Parameters.insecure(17, primes[:62], primes[62:], tiers)

    def read(self) -> native.EvaluationKeys:
        return native.EvaluationKeys.from_bytes(self.parameters, self.keys)

    def still_works(self) -> bool:
        (result,) = self.small.run(self.few, [self.sealed])
        expected = vector(N) + np.roll(vector(N), -1)
        return bool(np.abs(self.secret.decrypt(result) - expected).max() < 1e-5)


def ending(task: Task, mebibytes: int) -> str:
    with spare(mebibytes):
        try:
            task()
        except MemoryError:
            return "out of memory"
    return "done"


def endings(work: Work, make: Callable[[], Task]) -> Iterator[str]:
    exhaust = work.make_parameters()
    for mebibytes in SPARE:
        task = make()
        # Gives back what waits to be used again.
        assert ending(exhaust, SPARE[0]) == "out of memory"
        yield ending(task, mebibytes)
        assert work.still_works()


def first_use() -> str:
    """Where there is no memory for threads."""
    with spare(1):
        try:
            native.find_primes(LOG_N, [50])
        except RuntimeError as error:
            return str(error)
    return "done"


def main(names: list[str]) -> dict[str, object]:
    first = first_use()
    try:
        work = Work()
    except InvalidParameters as error:
        return {"refused": str(error)}
    assert work.still_works()
    ended = {name: list(endings(work, getattr(work, name))) for name in names}
    return {"kernel": native.kernel(), "first use": first, "endings": ended}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])))
