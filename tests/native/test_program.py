from __future__ import annotations

import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from hushwork import _native as native
from hushwork.errors import InvalidBytes, MalformedBytes, MissingKey, ParameterMismatch
from tests.native.helpers import LOG_N, SCALE, SEED, small_parameters, vector

N = 1 << LOG_N
WEIGHTS = vector(8, 1)
BIAS = vector(N, 2)


def steps(parameters: native.Parameters) -> list[dict[str, Any]]:
    squared = SCALE**2 / parameters.moduli[2]
    return [
        {
            "op": "linear",
            "inputs": [0],
            "outputs": [1],
            "terms": [(0, 0, 16, 2, 1, WEIGHTS), (0, 0, 0, 0, 0, np.array([0.5]))],
            "giant_step": 5,
            "scale": SCALE,
            "bias": [BIAS],
        },
        {"op": "multiply", "a": 1, "b": 1, "output": 2, "scale": squared},
        {"op": "rotate_add", "input": 2, "output": 3, "steps": [1]},
        {"op": "add", "a": 3, "b": 2, "output": 4},
        {"op": "add_plain", "input": 4, "output": 5, "values": np.array([1.0, -1.0])},
        {"op": "drop", "input": 5, "output": 6, "limbs": 1},
    ]


def expected(x: native.Array) -> native.Array:
    y = np.tile(WEIGHTS, N // 8) * np.roll(x, -27) + 0.5 * x + BIAS
    z = y**2
    return z + np.roll(z, -1) + z + np.tile([1.0, -1.0], N // 2)


@pytest.fixture(scope="module")
def program(parameters: native.Parameters) -> native.Program:
    return native.Program(parameters, [(4, SCALE)], steps(parameters), [6])


@pytest.fixture(scope="module")
def program_keys(
    parameters: native.Parameters, secret: native.SecretKey, program: native.Program
) -> native.EvaluationKeys:
    made = secret.evaluation_keys(program.rotations, program.relinearisation)
    return native.EvaluationKeys.from_bytes(parameters, made)


def test_a_program_computes_what_its_steps_say(
    parameters: native.Parameters,
    secret: native.SecretKey,
    program: native.Program,
    program_keys: native.EvaluationKeys,
) -> None:
    x = vector(N)
    (result,) = program.run(program_keys, [secret.encrypt(x, SCALE)])
    np.testing.assert_allclose(secret.decrypt(result), expected(x), atol=1e-5)
    described = native.Evaluator(parameters).describe(result)
    assert program.outputs == [described]
    assert described[0] == 1


@pytest.mark.parametrize("copies", [1, 2, 4, N])
def test_one_period_of_an_input_is_enough(
    parameters: native.Parameters, secret: native.SecretKey, copies: int
) -> None:
    period, x = N // copies, vector(N // copies)
    sums = [period << k for k in range(copies.bit_length() - 1)]
    step = {"op": "rotate_add", "input": 0, "output": 1, "steps": sums}
    program = native.Program(parameters, [(4, SCALE)], [step], [0, 1], period)
    made = secret.evaluation_keys(program.rotations)
    keys = native.EvaluationKeys.from_bytes(parameters, made)
    sealed = secret.encrypt_projected(x / copies, SCALE)
    before, after = program.run(keys, [sealed])
    np.testing.assert_allclose(secret.decrypt(after), np.tile(x, copies), atol=1e-5)
    garbage = np.abs(secret.decrypt(before) - np.tile(x, copies) / copies).max()
    assert (garbage > 1e3) == (copies > 1)
    computed = native.Evaluator(parameters).project(secret.encrypt(x / copies, SCALE), period)
    np.testing.assert_allclose(
        secret.decrypt(program.run(keys, [computed])[1]), np.tile(x, copies), atol=1e-5
    )


def test_inputs_of_another_period_are_refused(
    parameters: native.Parameters, secret: native.SecretKey
) -> None:
    period = N // 2
    step = {"op": "rotate_add", "input": 0, "output": 1, "steps": [period]}
    program = native.Program(parameters, [(4, SCALE)], [step], [1], period)
    whole = native.Program(parameters, [(4, SCALE)], [step], [1])
    made = native.EvaluationKeys.from_bytes(parameters, secret.evaluation_keys(program.rotations))
    good = secret.encrypt_projected(vector(period), SCALE)
    for wrong in (1, N // 4, N):
        with pytest.raises(MalformedBytes, match="period of an input"):
            program.run(made, [secret.encrypt_projected(vector(wrong), SCALE)])
        relabelled = bytearray(good)
        relabelled[50:54] = wrong.to_bytes(4, "little")
        with pytest.raises(MalformedBytes):
            program.run(made, [bytes(relabelled)])
    for bad in (secret.encrypt(vector(N), SCALE), good[:-1], good + b"\0"):
        with pytest.raises(MalformedBytes):
            program.run(made, [bad])
    with pytest.raises(MalformedBytes, match="limbs"):
        program.run(made, [secret.encrypt_projected(vector(period), SCALE, 3)])
    with pytest.raises(MalformedBytes, match="scale"):
        program.run(made, [secret.encrypt_projected(vector(period), 2 * SCALE)])
    with pytest.raises(MalformedBytes, match="kind"):
        whole.run(made, [good])


@pytest.mark.parametrize("integer", [np.int32, np.uint32])
def test_combine_adds_up_ciphertexts(
    parameters: native.Parameters, secret: native.SecretKey, integer: type[np.integer[Any]]
) -> None:
    matrix = vector(21, 3).reshape(7, 3)
    matrix[4:, 1] = 0
    rows, columns = np.nonzero(matrix)
    step = {
        "op": "combine",
        "inputs": [2, 0, 1],
        "outputs": range(3, 10),
        "starts": np.searchsorted(rows, np.arange(8)),
        "columns": columns.astype(integer),
        "weights": matrix[rows, columns],
        "bias": vector(7, 4),
        "scale": SCALE,
    }
    program = native.Program(parameters, [(4, SCALE)] * 3, [step], range(3, 10))
    assert (program.rotations, program.relinearisation) == ({}, [])
    assert program.outputs == [(3, SCALE)] * 7
    keys = native.EvaluationKeys.from_bytes(parameters, secret.evaluation_keys({}))
    x = np.array([vector(N, seed) for seed in range(3)])
    results = program.run(keys, [secret.encrypt(each, SCALE) for each in x])
    expected = matrix @ x[[2, 0, 1]] + vector(7, 4)[:, None]
    np.testing.assert_allclose([secret.decrypt(each) for each in results], expected, atol=1e-6)


def test_needs_are_known_before(program: native.Program) -> None:
    assert program.rotations == {1: [4], 5: [4], 16: [4]}
    assert program.relinearisation == [3]
    words = 6 * (N + N) + 3 * N + 2 * 2
    assert 0 <= program.plaintext_bytes - 8 * words <= 6 * 64  # a margin for each modulus


def test_bytes_are_checked_before_any_work(
    parameters: native.Parameters,
    secret: native.SecretKey,
    program: native.Program,
    program_keys: native.EvaluationKeys,
) -> None:
    def run(keys: native.EvaluationKeys, *inputs: bytes) -> None:
        def progress(*_: int) -> None:
            pytest.fail("work began")

        program.run(keys, inputs, progress)

    sealed = secret.encrypt(vector(N), SCALE)
    for bad in (sealed[:-1], b"", secret.encrypt(vector(N), SCALE, 3)):
        with pytest.raises(InvalidBytes):
            run(program_keys, bad)
    with pytest.raises(MalformedBytes, match="scale"):
        run(program_keys, secret.encrypt(vector(N), SCALE * 1.5))
    for inputs in ((), (sealed, sealed)):
        with pytest.raises(ValueError, match="inputs"):
            run(program_keys, *inputs)
    shallow = secret.evaluation_keys(dict.fromkeys(program.rotations, (3,)), [3])
    with pytest.raises(MissingKey) as caught:
        run(native.EvaluationKeys.from_bytes(parameters, shallow), sealed)
    assert caught.value.expected is not None
    other = small_parameters(LOG_N, (50, 36, 36, 35))
    foreign = native.SecretKey.insecure_from_seed(other, SEED)
    with pytest.raises(ParameterMismatch):
        run(program_keys, foreign.encrypt(vector(N), SCALE))
    foreign_keys = foreign.evaluation_keys(program.rotations, program.relinearisation)
    with pytest.raises(ParameterMismatch):
        run(native.EvaluationKeys.from_bytes(other, foreign_keys), sealed)


def test_progress_walks_through_the_steps(
    secret: native.SecretKey, program: native.Program, program_keys: native.EvaluationKeys
) -> None:
    seen: list[tuple[int, int, int]] = []
    sealed = secret.encrypt(vector(N), SCALE)
    program.run(program_keys, [sealed], lambda *at: seen.append(at), threads=1)
    assert [step for step, _, _ in seen] == sorted(step for step, _, _ in seen)
    assert {step for step, _, _ in seen} >= set(range(6))
    assert seen[-1][1] == seen[-1][2]


class StopError(Exception):
    pass


def test_what_progress_raises_comes_out_unchanged(
    secret: native.SecretKey, program: native.Program, program_keys: native.EvaluationKeys
) -> None:
    stop = StopError()

    def progress(*_: int) -> None:
        raise stop

    with pytest.raises(StopError) as caught:
        program.run(program_keys, [secret.encrypt(vector(N), SCALE)], progress)
    assert caught.value is stop


@pytest.fixture(scope="module")
def long_run() -> tuple[native.Program, native.EvaluationKeys, bytes]:
    """A program that would take minutes."""
    parameters = small_parameters(12)
    secret = native.SecretKey.insecure_from_seed(parameters, SEED)
    step = {"op": "rotate_add", "input": 0, "output": 1, "steps": [1] * 4096}
    again = {"op": "rotate_add", "input": 1, "output": 2, "steps": [1] * 4096}
    program = native.Program(parameters, [(4, SCALE)], [step, again], [2])
    keys = native.EvaluationKeys.from_bytes(parameters, secret.evaluation_keys({1: [4]}))
    return program, keys, secret.encrypt(vector(1), SCALE)


LongRun = tuple[native.Program, native.EvaluationKeys, bytes]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("with_progress", [True, False])
def test_control_c_stops_a_run(long_run: LongRun, with_progress: bool) -> None:
    program, keys, sealed = long_run
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        program.run(keys, [sealed], (lambda *_: None) if with_progress else None, threads=1)
    assert time.monotonic() - begun < 5
    timer.join()


def test_progress_comes_several_times_a_second_while_other_threads_work(long_run: LongRun) -> None:
    program, keys, sealed = long_run
    turns = 0
    reports: list[int] = []

    def progress(_step: int, done: int, _total: int) -> None:
        reports.append(done)
        if len(reports) == 4:
            raise StopError

    with ThreadPoolExecutor(1) as pool:
        begun = time.monotonic()
        future = pool.submit(program.run, keys, [sealed], progress, 1)
        while not future.done():
            turns += 1
        assert time.monotonic() - begun < 5
        with pytest.raises(StopError):
            future.result()
    assert turns > 1000
    assert reports == sorted(reports)
    assert reports[-1] > 0


def test_runs_and_keys_are_shared_between_threads(
    secret: native.SecretKey, program: native.Program, program_keys: native.EvaluationKeys
) -> None:
    def run(seed: int) -> float:
        x = vector(N, seed)
        (result,) = program.run(program_keys, [secret.encrypt(x, SCALE)])
        return float(np.abs(secret.decrypt(result) - expected(x)).max())

    with ThreadPoolExecutor(4) as pool:
        assert max(pool.map(run, range(16))) < 1e-5


def test_the_number_of_threads_changes_nothing(
    secret: native.SecretKey, program: native.Program, program_keys: native.EvaluationKeys
) -> None:
    sealed = secret.encrypt(vector(N), SCALE)
    results = [program.run(program_keys, [sealed], threads=threads) for threads in (0, 1, 3)]
    assert results[0] == results[1] == results[2]
    with pytest.raises(ValueError, match="threads"):
        program.run(program_keys, [sealed], threads=100_000)


@pytest.mark.parametrize(
    ("index", "change", "message"),
    [
        (0, {"op": "wish"}, "unknown operation"),
        (0, {"extra": 1}, 'no "extra"'),
        (1, {"a": -1}, "a"),
        (1, {"a": 77}, "step 1: register 77"),
        (1, {"scale": SCALE * 1.01}, "step 1: scale"),
        (2, {"output": 1}, "step 2: register 1 is written twice"),
        (4, {"values": np.array([np.nan])}, "step 4: a value is not finite"),
        (4, {"values": np.array([1.0, 2.0, 3.0])}, "step 4: 3 values"),
        (5, {"limbs": 0}, "step 5: cannot drop"),
        (0, {"terms": []}, "step 0: an output without terms"),
        (0, {"bias": []}, "step 0: 0 biases"),
        (0, {"terms": [(0, 0, 0, -1, 0, WEIGHTS)]}, "terms"),
        (0, {"scale": float("inf")}, "step 0: scale inf"),
    ],
)
def test_wrong_programs_are_refused(
    parameters: native.Parameters, index: int, change: dict[str, Any], message: str
) -> None:
    wrong = steps(parameters)
    wrong[index] |= change
    with pytest.raises(ValueError, match=message):
        native.Program(parameters, [(4, SCALE)], wrong, [6])


@pytest.mark.parametrize("index", range(6))
def test_every_field_of_a_step_is_needed(parameters: native.Parameters, index: int) -> None:
    for name in steps(parameters)[index]:
        wrong = steps(parameters)
        del wrong[index][name]
        with pytest.raises(ValueError, match=f'lacks "{name}"'):
            native.Program(parameters, [(4, SCALE)], wrong, [6])


def test_fields_of_another_type_are_refused(parameters: native.Parameters) -> None:
    for index, name in ((0, "terms"), (0, "bias"), (1, "a"), (2, "steps"), (4, "values")):
        wrong = steps(parameters)
        wrong[index][name] = "text"
        with pytest.raises(TypeError):
            native.Program(parameters, [(4, SCALE)], wrong, [6])
