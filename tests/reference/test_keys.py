"""Keys, opened: each hides what it must under an error of its own.

A missing or a repeated error would go unseen in every result, and give the secret away.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod, sqrt

import numpy as np
import pytest

from hushwork import _native
from tests.reference import ring, wire
from tests.reference.ckks import SIGMA
from tests.reference.ring import Polynomial
from tests.reference.subject import SHAPES, Subject
from tests.reference.wire import Limbs, SwitchingKey

TAIL = 10 * SIGMA


def small(limbs: Limbs, moduli: Sequence[int]) -> Polynomial:
    """The one small element that has these residues."""
    centred = [ring.centre(limb, q) for limb, q in zip(limbs, moduli, strict=True)]
    assert all(one == two for one, two in pairwise(centred))
    return centred[0]


def opened(b: Limbs, a: Limbs, secret: Polynomial) -> Limbs:
    """b + a s, limb by limb."""
    return [ring.add(x, ring.multiply(y, secret)) for x, y in zip(b, a, strict=True)]


def errors(subject: Subject, key: SwitchingKey, source: Polynomial) -> list[Polynomial]:
    """What is left of each digit's b + a s without P times the source in the digit's limbs."""
    found = []
    width, special = key.digit, prod(key.special)
    for index, (b, a) in enumerate(key.digits):
        limbs = opened(b, a, subject.secret)
        for row in range(index * width, min((index + 1) * width, key.limbs)):
            limbs[row] = ring.subtract(limbs[row], [special * x for x in source])
        found.append(small(limbs, key.moduli))
    return found


@pytest.fixture(scope="module")
def key_errors(subject: Subject) -> list[Polynomial]:
    found = []
    for step, key in wire.parse_evaluation_keys(subject.parameters, subject.keys):
        squared = ring.multiply(subject.secret, subject.secret)
        source = ring.automorphism(subject.secret, step) if step else squared
        found += errors(subject, key, source)
    return found


def test_evaluation_keys_hold_what_they_must(
    subject: Subject, key_errors: list[Polynomial]
) -> None:
    digits = sum(-(-limbs // digit) for limbs, digit, _ in subject.parameters.tiers)
    assert len(key_errors) == digits * (1 + len(subject.rotations))
    assert max(abs(x) for error in key_errors for x in error) < TAIL


def test_every_digit_has_an_error_of_its_own(key_errors: list[Polynomial]) -> None:
    assert len({tuple(error) for error in key_errors}) == len(key_errors)
    together = np.array(key_errors).ravel()
    assert abs(together.std() / SIGMA - 1) < 8 / sqrt(2 * len(together))


def test_public_key_is_an_encryption_of_zero(subject: Subject) -> None:
    found = []
    for _ in range(30):
        b, a = wire.parse_public_key(subject.parameters, subject.key.public_key().to_bytes())
        found += small(opened(b, a, subject.secret), subject.parameters.moduli)
    assert max(map(abs, found)) < TAIL
    assert abs(np.std(found) / SIGMA - 1) < 8 / sqrt(2 * len(found))


def test_public_encryption_masks_both_halves(subject: Subject) -> None:
    """Without its error, a half divided by the key's would be the ternary mask itself."""
    key, q = subject.key.public_key(), subject.parameters.moduli[0]
    ciphertext = subject.parse(key.encrypt(np.zeros(1), 2.0**30))
    zeta = wire.root(subject.n, q)
    halves = zip(
        (ciphertext.c0[0], ciphertext.c1[0]),
        wire.parse_public_key(subject.parameters, key.to_bytes()),
        strict=True,
    )
    for half, public in halves:
        above, below = ring.evaluate(half, zeta, q), ring.evaluate(public[0], zeta, q)
        mask = [x * pow(y, -1, q) % q for x, y in zip(above, below, strict=True)]
        quotient = ring.centre(ring.interpolate(mask, zeta, q), q)
        assert max(map(abs, quotient)) > 2


def test_public_encryption_carries_all_its_errors() -> None:
    """v e + e0 + s e1: two products of deviation sqrt(2N) sigma sqrt(2/3), and one error."""
    large = Subject(SHAPES[2].parameters(), {})
    found: list[int] = []
    for _ in range(100):
        data = large.key.public_key().encrypt(np.zeros(1), 2.0**30, 1)
        found += large.open(data)[1:]
    weight = sum(map(abs, large.secret)) / large.n
    expected = SIGMA * sqrt(1 + 2 * large.n * (2 / 3 + weight))
    assert np.std(found) == pytest.approx(expected, rel=0.15)


def test_seeds_are_expanded_alike(subject: Subject) -> None:
    seeded = subject.fresh(np.ones(1))
    whole = subject.evaluator.add_plain(seeded, np.zeros(1))
    assert wire.parse(subject.parameters, seeded) == wire.parse(subject.parameters, whole)
    assert wire.write(subject.parameters, wire.parse(subject.parameters, whole)) == whole


def test_words_that_would_bias_are_redrawn_alike() -> None:
    """At a modulus near 2^50 one word in some 2^14 is refused: enough limbs to meet several."""
    log_n, n, count = 13, 1 << 13, 12
    near = ring.primes(n, 50, 60, above=False)
    moduli = sorted(near, key=lambda q: 2**64 % q)[-count:]
    special = [q for q in near if q not in moduli][:2]
    parameters = _native.Parameters.insecure(log_n, moduli, special, [(len(moduli), 1, 2)])
    seeded = _native.SecretKey(parameters).encrypt(np.zeros(1), 2.0**30)
    whole = _native.Evaluator(parameters).add_plain(seeded, np.zeros(1))
    limbs = [
        wire.pack(wire.draw(seeded[-wire.SEED :], "ciphertext", i, n, q), q)
        for i, q in enumerate(moduli)
    ]
    assert whole.endswith(b"".join(limbs))
