"""What cannot be shown to be secure cannot be built."""

from __future__ import annotations

from collections.abc import Callable
from math import log2

import numpy as np
import pytest

from hushwork import _native
from hushwork.errors import InsecureParameters, InvalidParameters, ParameterMismatch
from tests.reference import ring
from tests.reference.subject import SHAPES, Shape

# Bossuat et al., eprint 2024/463, table 5.2: classical, ternary secret, 128 bits.
BOUNDS = {13: 214, 14: 430, 15: 868, 16: 1747, 17: 3523}


def split(bits: int, most: int = 49) -> list[int]:
    """Sizes of at most `most` bits with this sum, largest first."""
    count = -(-bits // most)
    return sorted((bits // count + (i < bits % count) for i in range(count)), reverse=True)


def chain(log_n: int, *, above: bool) -> tuple[list[int], list[int]]:
    """Q and P whose product is just above, or just below, the bound."""
    sizes = split(BOUNDS[log_n])
    found = {s: ring.primes(1 << log_n, s, sizes.count(s), above=above) for s in set(sizes)}
    primes = [found[s].pop() for s in sizes]
    special = max(2, len(primes) - 60)
    return primes[special:], primes[:special]


def whole(moduli: list[int], special: list[int], digit: int = 1) -> list[_native.Tier]:
    """One tier for all levels."""
    return [(len(moduli), digit, len(special))]


@pytest.mark.parametrize("log_n", BOUNDS)
def test_bound_is_that_of_the_table(log_n: int) -> None:
    assert _native.security_bound(log_n) == BOUNDS[log_n]


@pytest.mark.parametrize("log_n", [0, 1, 12, 18, 63])
def test_no_bound_is_invented(log_n: int) -> None:
    with pytest.raises(InsecureParameters):
        _native.security_bound(log_n)


@pytest.mark.parametrize("log_n", BOUNDS)
def test_a_hair_above_the_bound_is_refused(log_n: int) -> None:
    moduli, special = chain(log_n, above=True)
    assert 0 < sum(map(log2, moduli + special)) - BOUNDS[log_n] < 0.01
    with pytest.raises(InsecureParameters):
        _native.Parameters(log_n, moduli, special, whole(moduli, special))


@pytest.mark.parametrize("log_n", BOUNDS)
def test_a_hair_below_the_bound_is_accepted(log_n: int) -> None:
    moduli, special = chain(log_n, above=False)
    parameters = _native.Parameters(log_n, moduli, special, whole(moduli, special))
    assert parameters.is_secure
    assert parameters.log_qp == pytest.approx(BOUNDS[log_n], abs=0.01)
    assert parameters.log_qp <= BOUNDS[log_n]
    assert _native.Parameters.from_bytes(parameters.to_bytes()) == parameters


def test_the_special_primes_count() -> None:
    moduli, special = chain(13, above=False)
    extra = ring.primes(1 << 13, 30, 1)
    with pytest.raises(InsecureParameters):
        _native.Parameters(13, moduli, special + extra, whole(moduli, special + extra))


@pytest.mark.parametrize("log_n", BOUNDS)
def test_every_tier_counts(log_n: int) -> None:
    """What the first tier may not have of P, a lower one may have for the primes it lacks of Q."""
    moduli, special = chain(log_n, above=False)
    count = len(special)
    most = max(map(log2, moduli))
    extra = ring.primes(1 << log_n, 30, 1)
    tiers = [(len(moduli), 1, count), (len(moduli) - 1, 1, count + 1)]
    assert most > 31
    parameters = _native.Parameters(log_n, moduli, special + extra, tiers)
    assert parameters.log_qp <= BOUNDS[log_n]
    large = ring.primes(1 << log_n, 49, count + len(moduli), above=True)[-1:]
    with pytest.raises(InsecureParameters):
        _native.Parameters(log_n, moduli, special + large, tiers)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_insecure_set_does_not_travel(shape: Shape) -> None:
    parameters = shape.parameters()
    assert not parameters.is_secure
    with pytest.raises(InsecureParameters):
        _native.Parameters(shape.log_n, parameters.moduli, parameters.special, shape.tiers)
    with pytest.raises(InsecureParameters):
        _native.Parameters.from_bytes(parameters.to_bytes())


GOOD = [*ring.primes(1 << 13, 40, 3), *ring.primes(1 << 13, 49, 1)]


def test_the_set_that_is_spoilt_below_is_good() -> None:
    assert _native.Parameters(13, GOOD[:3], GOOD[3:], [(3, 1, 1)]).is_secure


@pytest.mark.parametrize(
    ("log_n", "moduli", "special", "digit"),
    [
        (13, [], GOOD[3:], 1),
        (13, GOOD[:3], [], 1),
        (13, GOOD[:3], GOOD[3:], 0),
        (13, [GOOD[0], GOOD[3]], GOOD[3:], 1),
        (13, [GOOD[0], GOOD[0]], GOOD[3:], 1),
        (13, [GOOD[0] * 2 - 1], GOOD[3:], 1),
        (13, [ring.primes(1 << 8, 40, 1)[0]], GOOD[3:], 1),
        (13, [(1 << 15) ** 2 + 2 * (1 << 15) + 1], GOOD[3:], 1),
        (13, [0], GOOD[3:], 1),
        (13, [2**64 - 1], GOOD[3:], 1),
        (0, GOOD[:3], GOOD[3:], 1),
        (40, GOOD[:3], GOOD[3:], 1),
        (2**31, GOOD[:3], GOOD[3:], 1),
    ],
    ids=[
        "no moduli", "no special", "no digit", "shared", "repeated", "composite", "not 1 mod 4N",
        "square", "zero", "huge modulus", "no degree", "huge degree", "absurd degree",
    ],
)  # fmt: skip
@pytest.mark.parametrize("make", [_native.Parameters, _native.Parameters.insecure])
def test_what_is_no_parameter_set(
    make: Callable[..., object], log_n: int, moduli: list[int], special: list[int], digit: int
) -> None:
    with pytest.raises(InvalidParameters):
        make(log_n, moduli, special, whole(moduli, special, digit))


def test_primes_are_primes() -> None:
    found = _native.find_primes(10, [30, 40, 40, 50, 50, 50])
    assert len(set(found)) == 6
    assert all(ring.is_prime(q) and q % 4096 == 1 for q in found)
    assert [round(log2(q), 3) for q in found] == [30, 40, 40, 50, 50, 50]


def test_other_peoples_parameters_are_refused() -> None:
    one, two = SHAPES[1].parameters(), SHAPES[2].parameters()
    mine, theirs = _native.SecretKey(one), _native.SecretKey(two)
    data = theirs.encrypt(np.zeros(1), 2.0**30)
    with pytest.raises(ParameterMismatch):
        mine.decrypt(data)
    with pytest.raises(ParameterMismatch):
        mine.decrypt_projected(_native.Evaluator(two).project(data, 4))
    with pytest.raises(ParameterMismatch):
        _native.Evaluator(one).drop(data, 1)
    with pytest.raises(ParameterMismatch):
        _native.PublicKey.from_bytes(one, theirs.public_key().to_bytes())
    with pytest.raises(ParameterMismatch):
        _native.EvaluationKeys.from_bytes(one, theirs.evaluation_keys({1: [1]}))


def test_a_seeded_key_is_for_tests_only() -> None:
    parameters = _native.Parameters(13, GOOD[:3], GOOD[3:], [(3, 1, 1)])
    with pytest.raises(ValueError, match="secure"):
        _native.SecretKey.insecure_from_seed(parameters, bytes(32))


def test_a_destroyed_key_does_nothing() -> None:
    key = _native.SecretKey(SHAPES[0].parameters())
    data = key.encrypt(np.zeros(1), 2.0**30)
    projected = _native.Evaluator(SHAPES[0].parameters()).project(data, 4)
    key.destroy()
    key.destroy()
    for use in (
        lambda: key.decrypt(data),
        lambda: key.decrypt_coefficients(data),
        lambda: key.decrypt_projected(projected),
        lambda: key.encrypt(np.zeros(1), 2.0**30),
        lambda: key.encrypt_coefficients(np.zeros(1), 2.0**30),
        key.public_key,
        lambda: key.evaluation_keys({1: [1]}),
    ):
        with pytest.raises(ValueError, match="destroyed"):
            use()
