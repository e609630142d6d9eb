"""Lattigo and the native module read each other's ciphertexts under one secret key."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hushwork import _native
from tests.interop.oracle import Lattigo, Message
from tests.reference import wire
from tests.reference.subject import Shape, Subject, tops

SCALE = 2.0**40
TOLERANCE = 1e-6
TOYS = (
    Shape(4, (43, 40, 40, 40), (50,), ((4, 1, 1),)),
    Shape(6, (50, 40, 40, 40, 40), (50, 50), ((5, 2, 2), (2, 1, 2))),
    Shape(9, (50, 40, 40, 40, 40), (50, 50, 50), ((5, 3, 3), (4, 1, 2), (2, 2, 3))),
)
SECURE = (
    Shape(13, (43, 40, 40), (50, 50), ((3, 1, 1), (1, 1, 2))),
    Shape(14, (50, 40, 40, 40, 40), (50, 50, 50), ((5, 2, 2), (3, 3, 3))),
)
STEPS = (1, 3, 7)
PLAIN = np.linspace(-1, 1, 16)


def subject_of(parameters: _native.Parameters) -> Subject:
    return Subject(parameters, dict.fromkeys(STEPS, tops(parameters)))


def peer_of(executable: Path, subject: Subject) -> Lattigo:
    p = subject.parameters
    return Lattigo(executable, p.log_n, p.moduli, subject.secret)


@pytest.fixture(scope="module", params=TOYS, ids=lambda shape: f"N=2^{shape.log_n}")
def subject(request: pytest.FixtureRequest) -> Subject:
    return subject_of(request.param.parameters())


@pytest.fixture(scope="module")
def peer(lattigo: Path, subject: Subject) -> Lattigo:
    return peer_of(lattigo, subject)


def computed(e: _native.Evaluator, a: bytes, b: bytes) -> dict[str, bytes]:
    """Every operation on ciphertexts of x and y."""
    return {
        "nothing": a,
        "add": e.add(a, b),
        "subtract": e.subtract(a, b),
        "add_plain": e.add_plain(a, PLAIN),
        "multiply_plain": e.multiply_plain(a, PLAIN, 2.0**30),
        "rescale": e.rescale(e.multiply_plain(a, PLAIN, SCALE)),
        "multiply": e.multiply(a, b),
        "square": e.rescale(e.multiply(a, a)),
        "rotate": e.rotate(a, 3),
        "rotate twice": e.rotate(e.rotate(a, 7), 1),
        "drop": e.drop(a, 2),
        "all": e.drop(e.rotate(e.rescale(e.multiply(a, e.rotate(b, 1))), 7), 2),
    }


def meant(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """The slots of every result."""
    plain = np.tile(PLAIN, len(x) // len(PLAIN))
    return {
        "nothing": x,
        "add": x + y,
        "subtract": x - y,
        "add_plain": x + plain,
        "multiply_plain": x * plain,
        "rescale": x * plain,
        "multiply": x * y,
        "square": x * x,
        "rotate": np.roll(x, -3),
        "rotate twice": np.roll(x, -8),
        "drop": x,
        "all": np.roll(x * np.roll(y, -1), -7),
    }


def test_lattigo_reads_every_result(peer: Lattigo, subject: Subject) -> None:
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, subject.n))
    a, b = subject.fresh(x, SCALE), subject.key.public_key().encrypt(y, SCALE)
    results = computed(subject.evaluator, a, b)
    opened = peer.decrypt([subject.parse(data) for data in results.values()])
    for name, got in zip(results, opened, strict=True):
        assert got == pytest.approx(meant(x, y)[name], abs=TOLERANCE), name


def test_lattigos_ciphertexts_are_evaluated(peer: Lattigo, subject: Subject) -> None:
    x, y = np.random.default_rng(2).uniform(-1, 1, (2, subject.n))
    limbs = len(subject.parameters.moduli)
    theirs = peer.encrypt([Message(v.tolist(), SCALE, limbs) for v in (x, y)])
    a, b = (wire.write(subject.parameters, c) for c in theirs)
    for name, data in computed(subject.evaluator, a, b).items():
        got = subject.key.decrypt(data)
        assert got == pytest.approx(meant(x, y)[name], abs=TOLERANCE), name


def test_lattigo_reads_a_whole_program(peer: Lattigo, subject: Subject) -> None:
    """The fused path that workers take: a linear layer, a square, a sum over rotations."""
    p, n = subject.parameters, subject.n
    rng = np.random.default_rng(4)
    x, bias, shift = rng.uniform(-1, 1, (3, n))
    terms = [(0, 0, -2, giant, baby, rng.uniform(-1, 1, n)) for giant in (0, 1) for baby in (0, 3)]
    linear = {"op": "linear", "inputs": [0], "outputs": [1], "terms": terms, "giant_step": 5,
              "scale": SCALE, "bias": [bias]}  # fmt: skip
    squared = SCALE * SCALE / p.moduli[-2]
    program = _native.Program(
        p,
        [(len(p.moduli), SCALE)],
        [
            linear,
            {"op": "multiply", "a": 1, "b": 1, "output": 2, "scale": squared},
            {"op": "rotate_add", "input": 2, "output": 3, "steps": [1, 2]},
            {"op": "add_plain", "input": 3, "output": 4, "values": shift},
        ],
        [4],
    )
    data = subject.key.evaluation_keys(program.rotations, program.relinearisation)
    keys = _native.EvaluationKeys.from_bytes(p, data)
    (result,) = program.run(keys, [subject.fresh(x, SCALE)])
    want = bias + sum(
        weights * np.roll(x, -(anchor + 5 * giant + baby))
        for _, _, anchor, giant, baby, weights in terms
    )
    want = want * want
    for step in (1, 2):
        want = want + np.roll(want, -step)
    (got,) = peer.decrypt([subject.parse(result)])
    assert got == pytest.approx(want + shift, abs=TOLERANCE)


def test_short_vectors_repeat(peer: Lattigo, subject: Subject) -> None:
    x = np.array([0.25, -1.0, 0.5, 3.0])
    (got,) = peer.decrypt([subject.parse(subject.fresh(x, SCALE))])
    assert got == pytest.approx(np.tile(x, subject.n // 4), abs=TOLERANCE)


def test_another_key_reads_nothing(lattigo: Path, subject: Subject) -> None:
    other = Subject(subject.parameters, {})
    data = subject.parse(subject.fresh(np.ones(1), SCALE))
    (got,) = peer_of(lattigo, other).decrypt([data])
    assert np.abs(got).max() > 10


@pytest.mark.timeout(120)
@pytest.mark.parametrize("shape", SECURE, ids=lambda shape: f"N=2^{shape.log_n}")
def test_secure_sizes(lattigo: Path, shape: Shape) -> None:
    primes = _native.find_primes(shape.log_n, [*shape.moduli, *shape.special])
    count = len(shape.moduli)
    subject = subject_of(
        _native.Parameters(shape.log_n, primes[:count], primes[count:], shape.tiers)
    )
    e, peer = subject.evaluator, peer_of(lattigo, subject)
    x, y, z = np.random.default_rng(3).uniform(-1, 1, (3, subject.n))
    (theirs,) = peer.encrypt([Message(z.tolist(), SCALE, 2)])
    product = e.rescale(e.multiply(subject.fresh(x, SCALE), e.rotate(subject.fresh(y, SCALE), 3)))
    product = e.drop(product, 2)
    rotated = e.rotate(wire.write(subject.parameters, theirs), 7)
    got = peer.decrypt([subject.parse(product), subject.parse(rotated)])
    want = [x * np.roll(y, -3), np.roll(z, -7)]
    for seen, meant in zip(got, want, strict=True):
        assert seen == pytest.approx(meant, abs=TOLERANCE)
    assert subject.key.decrypt(rotated) == pytest.approx(want[1], abs=TOLERANCE)
