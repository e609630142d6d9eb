"""Bytes from strangers: a typed error or other values, never a crash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from random import Random

import numpy as np
import pytest

from hushwork import _native
from hushwork.errors import HushworkError, InvalidBytes, InvalidParameters, MissingKey
from tests.reference import ring, wire
from tests.reference.subject import SHAPES, Subject

FLIPS = 1500
HEADER = 64  # bytes at the front that are hit as often as all the others


@pytest.fixture(scope="module")
def toy() -> Subject:
    return Subject(SHAPES[1].parameters(), {1: [4], 3: [2]})


@pytest.fixture(scope="module")
def data(toy: Subject) -> dict[str, bytes]:
    fresh = toy.fresh(np.ones(1))
    return {
        "seeded": fresh,
        "computed": toy.evaluator.add(fresh, fresh),
        "projected": toy.evaluator.project(fresh, 4),
        "public": toy.key.public_key().to_bytes(),
        "keys": toy.keys,
    }


def readers(toy: Subject) -> dict[str, Callable[[bytes], object]]:
    p = toy.parameters

    def ciphertext(data: bytes) -> object:
        limbs, scale = toy.evaluator.describe(data)
        assert 1 <= limbs <= len(p.moduli)
        assert 0 < scale < inf
        toy.evaluator.add(data, data)
        assert toy.key.decrypt_coefficients(data).shape == (toy.n,)
        return toy.key.decrypt(data).shape == (toy.n,)

    def projected(data: bytes) -> object:
        limbs, scale, period = toy.evaluator.describe_projected(data)
        assert 1 <= limbs <= len(p.moduli)
        assert 0 < scale < inf
        return toy.key.decrypt_projected(data).shape == (period,)

    def keys(data: bytes) -> object:
        loaded = _native.EvaluationKeys.from_bytes(p, data)
        assert set(loaded.rotations) <= set(range(1, toy.n))
        assert max(sum(loaded.rotations.values(), loaded.relinearisation)) <= len(p.moduli)
        return _native.Evaluator(p, loaded)

    def public(data: bytes) -> object:
        return _native.PublicKey.from_bytes(p, data).encrypt(np.ones(1), 2.0**36)

    return {
        "seeded": ciphertext,
        "computed": ciphertext,
        "projected": projected,
        "public": public,
        "keys": keys,
    }


KINDS = ("seeded", "computed", "public", "keys")


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bits(toy: Subject, data: dict[str, bytes], kind: str) -> None:
    rng, read = Random(kind), readers(toy)[kind]
    refused = 0
    for i in range(FLIPS):
        changed = bytearray(data[kind])
        for _ in range(rng.choice((1, 1, 2, 8))):
            reach = min(HEADER, len(changed)) if i % 2 else len(changed)
            changed[rng.randrange(reach)] ^= 1 << rng.randrange(8)
        try:
            read(bytes(changed))
        except (InvalidBytes, InvalidParameters):
            refused += 1
    assert refused > FLIPS / 4


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_lengths(toy: Subject, data: dict[str, bytes], kind: str) -> None:
    read, whole = readers(toy)[kind], data[kind]
    read(whole)
    cuts = {*range(min(len(whole), 2 * HEADER)), len(whole) // 2, len(whole) - 1}
    for wrong in [*(whole[:cut] for cut in cuts), whole + b"\0", whole * 2]:
        with pytest.raises((InvalidBytes, InvalidParameters)):
            read(wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_one_thing_is_not_another(toy: Subject, data: dict[str, bytes], kind: str) -> None:
    for other in KINDS:
        same = readers(toy)[kind].__code__ is readers(toy)[other].__code__
        if not same:
            with pytest.raises((InvalidBytes, InvalidParameters)):
                readers(toy)[kind](data[other])


def test_noise_is_refused(toy: Subject) -> None:
    rng = Random(1)
    for size in (0, 1, 7, 32, 64, 100, 1000, 5000):
        for read in readers(toy).values():
            with pytest.raises(InvalidBytes):
                read(rng.randbytes(size))


@pytest.mark.parametrize("kind", ["seeded", "computed", "keys"])
def test_a_program_survives_flipped_bits(toy: Subject, data: dict[str, bytes], kind: str) -> None:
    p, level = toy.parameters, toy.parameters.moduli[3] * 1.0
    square = {"op": "multiply", "a": 0, "b": 0, "output": 1, "scale": level}
    turn = {"op": "rotate_add", "input": 1, "output": 2, "steps": [1]}
    program = _native.Program(p, [(4, level)], [square, turn], [2])
    keys = _native.EvaluationKeys.from_bytes(p, data["keys"])
    fresh, rng, refused = toy.fresh(np.ones(1), level), Random(kind), 0
    whole = {"seeded": fresh, "computed": toy.evaluator.drop(fresh, 4), "keys": data["keys"]}
    for _ in range(FLIPS // 5):
        changed = bytearray(whole[kind])
        for _ in range(rng.choice((1, 1, 2, 8))):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        try:
            if kind == "keys":
                other = _native.EvaluationKeys.from_bytes(p, bytes(changed))
                program.run(other, [fresh])
            else:
                program.run(keys, [bytes(changed)])
        except (InvalidBytes, InvalidParameters):
            refused += 1
    assert 0 < refused < FLIPS // 5


def test_flipped_parameters_are_secure_or_refused() -> None:
    primes = ring.primes(1 << 13, 49, 4)
    whole = _native.Parameters(13, primes[:2], primes[2:], [(2, 1, len(primes) - 2)]).to_bytes()
    rng = Random(2)
    for cut in range(len(whole)):
        with pytest.raises(HushworkError):
            _native.Parameters.from_bytes(whole[:cut])
    for _ in range(FLIPS):
        changed = bytearray(whole)
        for _ in range(rng.choice((1, 1, 2, 3))):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        try:
            parameters = _native.Parameters.from_bytes(bytes(changed))
        except (InvalidBytes, InvalidParameters):
            continue
        assert parameters.is_secure
        assert parameters.log_qp <= _native.security_bound(parameters.log_n)
        assert all(ring.is_prime(q) for q in [*parameters.moduli, *parameters.special])


@pytest.mark.parametrize("scale", [0.0, -0.0, -1.0, nan, inf, -inf])
def test_impossible_scales(toy: Subject, data: dict[str, bytes], scale: float) -> None:
    crafted = replace(toy.parse(data["computed"]), scale=scale)
    with pytest.raises(InvalidBytes):
        toy.key.decrypt(wire.write(toy.parameters, crafted))


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1e300])
def test_absurd_scales_harm_nobody(toy: Subject, data: dict[str, bytes], scale: float) -> None:
    crafted = wire.write(toy.parameters, replace(toy.parse(data["computed"]), scale=scale))
    e = toy.evaluator
    for use in (
        toy.key.decrypt,
        e.describe,
        lambda c: e.add_plain(c, np.ones(1)),
        lambda c: e.multiply_plain(c, np.ones(1), 2.0**40),
        lambda c: e.multiply(c, c),
        e.rescale,
    ):
        try:
            use(crafted)
        except (InvalidBytes, ValueError):
            continue


def test_residues_lie_below_their_modulus(toy: Subject, data: dict[str, bytes]) -> None:
    whole = toy.evaluator.drop(data["computed"], 1)
    for residue in (toy.parameters.moduli[0], (1 << toy.parameters.moduli[0].bit_length()) - 1):
        with pytest.raises(InvalidBytes):
            toy.key.decrypt(wire.with_first_residue(toy.parameters, whole, residue))


def is_misuse(use: Callable[[], object]) -> bool:
    try:
        use()
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("values", [np.array([nan]), np.array([inf]), np.zeros(0), np.zeros(3)])
def test_what_is_no_slot_vector(toy: Subject, values: np.ndarray) -> None:
    a = toy.fresh(np.ones(1))
    assert is_misuse(lambda: toy.key.encrypt(values, 2.0**30))
    assert is_misuse(lambda: toy.evaluator.add_plain(a, values))
    assert is_misuse(lambda: toy.evaluator.multiply_plain(a, values, 2.0**30))


def test_misuse(toy: Subject) -> None:
    e, a = toy.evaluator, toy.fresh(np.ones(1))
    one_limb = e.drop(a, 1)
    wrong: list[Callable[[], object]] = [
        lambda: toy.key.encrypt(np.zeros(2 * toy.n), 2.0**30),
        lambda: toy.key.encrypt(np.ones(1), 0.0),
        lambda: toy.key.encrypt(np.ones(1), nan),
        lambda: toy.key.encrypt(np.ones(1), 2.0**80),
        lambda: toy.key.encrypt(np.ones(1), 2.0**45, 1),
        lambda: toy.key.encrypt(np.ones(1), 2.0**30, 0),
        lambda: toy.key.encrypt(np.ones(1), 2.0**30, 5),
        lambda: toy.key.evaluation_keys({1: [0]}),
        lambda: toy.key.evaluation_keys({1: [5]}),
        lambda: toy.key.evaluation_keys({}, [5]),
        lambda: e.add(a, one_limb),
        lambda: e.add(a, toy.fresh(np.ones(1), 2.0**30)),
        lambda: e.multiply(a, one_limb),
        lambda: e.rescale(one_limb),
        lambda: e.drop(one_limb, 2),
        lambda: e.drop(a, 0),
    ]
    assert [i for i, use in enumerate(wrong) if not is_misuse(use)] == []


def test_missing_keys(toy: Subject) -> None:
    a = toy.fresh(np.ones(1))
    with pytest.raises(MissingKey):
        toy.evaluator.rotate(a, 2)
    with pytest.raises(MissingKey):
        toy.evaluator.rotate(a, 3)  # only deep enough for two limbs
    with pytest.raises(MissingKey):
        toy.evaluator.rotate(toy.evaluator.drop(a, 2), 1)  # of another tier
    toy.evaluator.rotate(toy.evaluator.drop(a, 2), 3)
    toy.evaluator.rotate(toy.evaluator.drop(a, 3), 1)
    with pytest.raises(MissingKey):
        _native.Evaluator(toy.parameters).multiply(a, a)
