"""Absurd sizes and keys that do not fit: a typed error before any work, on every kernel."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from hushwork import _native as native
from hushwork.errors import HushworkError, MissingKey, ParameterMismatch
from tests.native.helpers import LOG_N, SCALE, SEED, vector

N = 1 << LOG_N
I64 = 1 << 63
USIZE = 1 << 64
TERM = (0, 0, 0, 0, 0, np.ones(1))

Step = dict[str, Any]


class Endless(Sequence[Any]):
    """Claims one item and has no end of them."""

    def __init__(self, item: object) -> None:
        self.item = item

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int | slice) -> Any:
        return self.item

    def __iter__(self) -> Iterator[Any]:
        while True:
            yield self.item


def linear(**changes: Any) -> Step:
    step = {"op": "linear", "inputs": [0], "outputs": [1], "terms": [TERM], "giant_step": 1}
    return step | {"scale": SCALE, "bias": [None]} | changes


def combine(**changes: Any) -> Step:
    step = {"op": "combine", "inputs": [0], "outputs": [1], "starts": np.array([0, 1])}
    step |= {"columns": np.zeros(1, np.int32), "weights": np.ones(1), "bias": None, "scale": SCALE}
    return step | changes


def rotate_add(steps: Sequence[int]) -> Step:
    return {"op": "rotate_add", "input": 0, "output": 1, "steps": steps}


def add_plain(values: native.Array) -> Step:
    return {"op": "add_plain", "input": 0, "output": 1, "values": values}


def program(
    parameters: native.Parameters,
    steps: Sequence[Step],
    inputs: Sequence[tuple[int, float]] = ((4, SCALE),),
    outputs: Sequence[int] = (1,),
) -> native.Program:
    return native.Program(parameters, inputs, steps, outputs)


def shared(values: int, terms: int) -> Step:
    """Terms that share one array: little memory here, much in there."""
    return linear(terms=[(0, 0, 0, 0, 0, np.ones(values))] * terms)


ABSURD_STEPS = {
    "weights beyond any slots": add_plain(np.broadcast_to(0.0, 2**41)),
    "weights beyond these slots": add_plain(np.ones(2 * N)),
    "no weights": add_plain(np.ones(0)),
    "period of no power of two": add_plain(np.ones(N - 1)),
    "term of no power of two": linear(terms=[(0, 0, 0, 0, 0, np.ones(24))]),
    "sum of all weights": shared(1 << 17, (1 << 14) + 1),
    "claimed terms": linear(terms=range(1 << 42)),
    "endless terms": linear(terms=Endless(TERM)),
    "too many terms": linear(terms=[TERM] * ((1 << 17) + 1)),
    "claimed rotations": rotate_add(range(1 << 42)),
    "too many rotations": rotate_add([1] * 4097),
    "rotation over i64": rotate_add([I64]),
    "giant over its limit": linear(terms=[(0, 0, 0, 4097, 0, np.ones(1))]),
    "giant of i64": linear(terms=[(0, 0, 0, I64 - 1, 0, np.ones(1))]),
    "giant of usize": linear(terms=[(0, 0, 0, USIZE - 1, 0, np.ones(1))]),
    "giant over usize": linear(terms=[(0, 0, 0, USIZE, 0, np.ones(1))]),
    "negative giant": linear(terms=[(0, 0, 0, -1, 0, np.ones(1))]),
    "output of usize": linear(terms=[(USIZE - 1, 0, 0, 0, 0, np.ones(1))]),
    "input of usize": linear(terms=[(0, USIZE - 1, 0, 0, 0, np.ones(1))]),
    "anchor over i64": linear(terms=[(0, 0, I64, 0, 0, np.ones(1))]),
    "baby under i64": linear(terms=[(0, 0, 0, 0, -I64 - 1, np.ones(1))]),
    "giant step over i64": linear(giant_step=I64),
    "register of usize": linear(inputs=[USIZE - 1]),
    "register over usize": linear(outputs=[USIZE]),
    "negative register": linear(inputs=[-1]),
    "too many inputs": linear(inputs=[0] * 257),
    "too many outputs": linear(outputs=range(1, 258), bias=[None] * 257),
    "scale of nothing": linear(scale=0.0),
    "scale of no number": linear(scale=float("nan")),
    "scale beyond words": linear(scale=2.0**119),
    "combine of too many inputs": combine(inputs=[0] * ((1 << 14) + 1)),
    "combine of too many starts": combine(starts=np.arange((1 << 14) + 2)),
    "combine of claimed entries": combine(columns=np.broadcast_to(np.int32(0), 1 << 41)),
    "combine of claimed weights": combine(weights=np.broadcast_to(1.0, 1 << 41)),
    "combine of claimed biases": combine(bias=np.broadcast_to(1.0, 1 << 20)),
    "combine from a negative start": combine(starts=np.array([-1, 1])),
    "combine from behind": combine(starts=np.array([0, I64 - 1])),
    "combine of a negative column": combine(columns=np.array([-1], np.int32)),
    "combine of a column too far": combine(columns=np.array([2**32 - 1], np.uint32)),
    "combine of no number": combine(weights=np.array([np.nan])),
    "combine of nothing": combine(starts=np.array([0, 0]), columns=np.zeros(0, np.int32)),
    "combine beyond words": combine(weights=np.array([1e30])),
    "limbs of usize": {"op": "drop", "input": 0, "output": 1, "limbs": USIZE - 1},
    "negative limbs": {"op": "drop", "input": 0, "output": 1, "limbs": -1},
}


@pytest.mark.parametrize("name", ABSURD_STEPS)
def test_absurd_steps_are_refused(parameters: native.Parameters, name: str) -> None:
    what = r"most|period|range|scale|giant|int|register|no \w+put|drop|columns|starts|finite"
    with pytest.raises(ValueError, match=what):
        program(parameters, [ABSURD_STEPS[name]])


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": [(0, SCALE)]},
        {"inputs": [(5, SCALE)]},
        {"inputs": [(USIZE - 1, SCALE)]},
        {"inputs": [(USIZE, SCALE)]},
        {"inputs": [(4, 2.0**121)]},
        {"inputs": [(4, -SCALE)]},
        {"inputs": [(4, SCALE)] * ((1 << 14) + 1)},
        {"inputs": Endless((4, SCALE))},
        {"outputs": [1] * ((1 << 14) + 1)},
        {"outputs": [USIZE - 1]},
        {"outputs": range(1 << 60)},
        {"outputs": []},
        {"steps": [rotate_add([1])] * ((1 << 16) + 1)},
        {"steps": Endless(rotate_add([1]))},
    ],
)
def test_absurd_programs_are_refused(parameters: native.Parameters, changes: Any) -> None:
    arguments = {"steps": [rotate_add([1])]} | changes
    with pytest.raises(ValueError, match=r"most|limbs|range|int|register|output"):
        program(parameters, **arguments)


@pytest.mark.parametrize("step", [I64 - 1, -I64, -1, N, 3 * N + 1])
def test_any_rotation_is_one_of_n(parameters: native.Parameters, step: int) -> None:
    terms = [(0, 0, step, 4096, step, np.ones(1))]
    steps = [linear(terms=terms, giant_step=step), rotate_add([step]) | {"output": 2}]
    expected = {step % N: [4]} if step % N else {}
    assert program(parameters, steps, outputs=[1, 2]).rotations == expected


def test_claims_are_not_believed(
    parameters: native.Parameters, secret: native.SecretKey, key_bytes: bytes
) -> None:
    zeros, claimed = np.broadcast_to(0.0, 2**41), range(1 << 42)
    uses: list[Callable[[], object]] = [
        lambda: native.find_primes(LOG_N, claimed),
        lambda: native.find_primes(LOG_N, Endless(50)),
        lambda: native.Parameters.insecure(LOG_N, claimed, parameters.special, [(1, 1, 2)]),
        lambda: native.Parameters.insecure(LOG_N, parameters.moduli, parameters.special, claimed),  # type: ignore[arg-type]
        lambda: secret.encrypt(zeros, SCALE),
        lambda: secret.encrypt_coefficients(zeros, SCALE),
        lambda: secret.public_key().encrypt(zeros, SCALE),
        lambda: secret.evaluation_keys({1: claimed}),
        lambda: secret.evaluation_keys({}, claimed),
        lambda: native.evaluation_keys_bytes(parameters, {1: claimed}),
        lambda: native.Evaluator(parameters).add_plain(secret.encrypt(vector(1), SCALE), zeros),
    ]
    for use in uses:
        with pytest.raises(ValueError, match="at most"):
            use()
    with pytest.raises(MemoryError):
        native.PublicKey.from_bytes(parameters, memoryview(np.broadcast_to(np.uint8(0), 2**45)))  # type: ignore[arg-type]
    with pytest.raises(HushworkError):
        native.EvaluationKeys.from_bytes(parameters, key_bytes[:44] + b"\xff" * 100)


def never(*_: int) -> None:
    pytest.fail("work began")


def tiered(bits: Sequence[int] = (44, 36, 36, 36)) -> native.Parameters:
    """Tiers of other keys from two limbs down."""
    primes = native.find_primes(LOG_N, [*bits, 50, 50])
    return native.Parameters.insecure(LOG_N, primes[:4], primes[4:], [(4, 2, 2), (2, 1, 1)])


def falling(parameters: native.Parameters) -> native.Program:
    """Rotates by one in both tiers, and by two in the lower one alone."""
    steps = [
        rotate_add([1]),
        {"op": "drop", "input": 1, "output": 2, "limbs": 2},
        {"op": "rotate_add", "input": 2, "output": 3, "steps": [1, 2]},
    ]
    return program(parameters, steps, outputs=[3])


@pytest.mark.parametrize(
    "rotations",
    [
        {},
        {2: [2]},
        {1: [4, 2]},
        {1: [4], 2: [2]},
        {1: [2], 2: [2]},
        {1: [4, 2], 2: [4]},
        {1: [3, 2], 2: [2]},
        {1: [4, 1], 2: [2]},
    ],
)
def test_keys_are_there_at_every_depth_before_any_work(rotations: dict[int, list[int]]) -> None:
    parameters = tiered()
    secret = native.SecretKey.insecure_from_seed(parameters, SEED)
    keys = native.EvaluationKeys.from_bytes(parameters, secret.evaluation_keys(rotations))
    falls = falling(parameters)
    assert falls.rotations == {1: [4, 2], 2: [2]}
    with pytest.raises(MissingKey) as caught:
        falls.check_keys(keys)
    assert str(caught.value.expected).startswith("rotation by")
    for inputs in ([secret.encrypt(vector(N), SCALE)], [b"not looked at"]):
        with pytest.raises(MissingKey):
            falls.run(keys, inputs, never)


def test_nothing_of_other_parameters_is_run() -> None:
    parameters, other = tiered(), tiered((44, 36, 36, 35))
    secret, foreign = (
        native.SecretKey.insecure_from_seed(each, SEED) for each in (parameters, other)
    )
    rotations = falling(parameters).rotations
    keys = native.EvaluationKeys.from_bytes(parameters, secret.evaluation_keys(rotations))
    foreign_keys = native.EvaluationKeys.from_bytes(other, foreign.evaluation_keys(rotations))
    sealed, strange = (each.encrypt(vector(N), SCALE) for each in (secret, foreign))
    runs = [
        (falling(parameters), foreign_keys, sealed),
        (falling(parameters), keys, strange),
        (falling(other), keys, sealed),
        (falling(other), keys, strange),
        (falling(other), foreign_keys, sealed),
    ]
    for falls, held, given in runs:
        with pytest.raises(ParameterMismatch):
            falls.run(held, [given], never)
    with pytest.raises(ValueError, match="inputs"):
        falling(parameters).run(keys, [sealed] * (1 << 17), never)
    (result,) = falling(parameters).run(keys, [sealed])
    x = vector(N) + np.roll(vector(N), -1)
    x = x + np.roll(x, -1)
    np.testing.assert_allclose(secret.decrypt(result), x + np.roll(x, -2), atol=1e-5)


@pytest.mark.parametrize("kernel", ["avx2", "portable"])
def test_every_kernel_refuses_the_same(kernel: str) -> None:
    if "HUSHWORK_KERNEL" in os.environ:
        pytest.skip("within this test")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    environment = os.environ | {"HUSHWORK_KERNEL": kernel}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if b"names no kernel of this processor" in done.stdout:
        pytest.skip(f"no {kernel}")
    assert done.returncode == 0, done.stdout.decode()[-2000:]
