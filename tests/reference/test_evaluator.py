"""Every operation decrypts to what the reference says, within the noise that it may add."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2, prod
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.reference import ckks, ring, wire
from tests.reference.ring import Polynomial
from tests.reference.subject import Subject

SCALE = 2.0**36
COARSE = 2.0**24  # so coarse that doubles round every coefficient the same way

seeds = st.integers(0, 2**32 - 1)
examples = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


def draw(subject: Subject, seed: int) -> np.ndarray:
    """Slot values of a random period."""
    rng = np.random.default_rng(seed)
    period = 1 << int(rng.integers(0, subject.parameters.log_n + 1))
    return rng.uniform(-1, 1, period)


def rounded(values: np.ndarray, scale: float, n: int) -> Polynomial:
    exact = ckks.encode(values.tolist(), scale, n)
    assume(all(abs(abs(x - round(x)) - 0.5) > 1e-4 for x in exact))
    return [round(x) for x in exact]


def distance(got: Sequence[float], want: Sequence[float]) -> float:
    return max(abs(x - y) for x, y in zip(got, want, strict=True))


def modulus(subject: Subject, limbs: int) -> int:
    return prod(subject.parameters.moduli[:limbs])


@examples
@given(seeds)
def test_encryption_encodes_and_adds_one_error(subject: Subject, seed: int) -> None:
    values = draw(subject, seed)
    want = ckks.encode(values.tolist(), SCALE, subject.n)
    assert distance(subject.open(subject.fresh(values)), want) <= subject.noise.fresh_secret
    public = subject.key.public_key().encrypt(values, SCALE)
    assert distance(subject.open(public), want) <= subject.noise.fresh_public


@examples
@given(seeds)
def test_coefficients_are_encoded_as_they_are(subject: Subject, seed: int) -> None:
    values = np.random.default_rng(seed).uniform(-1, 1, subject.n)
    opened = subject.open(subject.key.encrypt_coefficients(values, SCALE))
    assert distance(opened, (values * SCALE).tolist()) <= subject.noise.fresh_secret


@examples
@given(seeds)
def test_decryption_agrees_with_the_reference(subject: Subject, seed: int) -> None:
    data = subject.fresh(draw(subject, seed))
    opened = subject.open(data)
    assert subject.key.decrypt(data) == pytest.approx(ckks.decode(opened, SCALE), abs=1e-12)
    coefficients = subject.key.decrypt_coefficients(data) * SCALE
    assert [round(x) for x in coefficients.tolist()] == opened


@examples
@given(seeds, st.integers(0, 7))
def test_a_projection_keeps_the_coefficients_of_its_period(
    subject: Subject, seed: int, log_period: int
) -> None:
    period = min(1 << log_period, subject.n)
    data = subject.fresh(np.random.default_rng(seed).uniform(-1, 1, subject.n))
    projected = subject.evaluator.project(data, period)
    whole, kept = subject.parse(data), slice(None, None, subject.n // period)
    parsed = wire.parse_projected(subject.parameters, projected)
    assert parsed.c0 == [limb[kept] for limb in whole.c0]
    assert parsed.c1 == whole.c1
    assert wire.write_projected(subject.parameters, parsed) == projected
    assert parsed.decrypt(subject.secret) == subject.open(data)[kept]


@examples
@given(seeds, st.integers(0, 7))
def test_a_fresh_period_decrypts_as_the_reference_says(
    subject: Subject, seed: int, log_period: int
) -> None:
    period = min(1 << log_period, subject.n)
    values = np.random.default_rng(seed).uniform(-1, 1, period)
    data = subject.key.encrypt_projected(values, SCALE)
    opened = wire.parse_projected(subject.parameters, data).decrypt(subject.secret)
    want = ckks.encode(values.tolist(), SCALE, period)
    assert distance(opened, want) <= subject.noise.fresh_secret
    got = subject.key.decrypt_projected(data)
    assert got == pytest.approx(ckks.decode(opened, SCALE), abs=1e-12)


@examples
@given(seeds, st.integers(0, 7))
def test_a_period_decrypts_as_the_reference_says(
    subject: Subject, seed: int, log_period: int
) -> None:
    period = min(1 << log_period, subject.n)
    values = np.random.default_rng(seed).uniform(-1, 1, period)
    projected = subject.evaluator.project(subject.fresh(values), period)
    opened = wire.parse_projected(subject.parameters, projected).decrypt(subject.secret)
    want = ckks.encode(values.tolist(), SCALE, period)
    assert distance(opened, want) <= subject.noise.fresh_secret
    got = subject.key.decrypt_projected(projected)
    assert got == pytest.approx(ckks.decode(opened, SCALE), abs=1e-12)
    assert got == pytest.approx(values, abs=1e-6)


@examples
@given(seeds, st.integers(1, 9))
def test_fewer_limbs(subject: Subject, seed: int, limbs: int) -> None:
    limbs = min(limbs, len(subject.parameters.moduli))
    values = draw(subject, seed)
    data = subject.fresh(values, 2.0**30, limbs)
    assert subject.evaluator.describe(data) == (limbs, 2.0**30)
    assert len(subject.parse(data).moduli) == limbs
    assert subject.key.decrypt(data) == pytest.approx(
        np.tile(values, subject.n // len(values)), abs=1e-5
    )


@examples
@given(seeds, seeds)
def test_sum_and_difference_are_exact(subject: Subject, one: int, two: int) -> None:
    a, b = (subject.fresh(draw(subject, seed)) for seed in (one, two))
    x, y = subject.open(a), subject.open(b)
    assert subject.open(subject.evaluator.add(a, b)) == ring.add(x, y)
    assert subject.open(subject.evaluator.subtract(a, b)) == ring.subtract(x, y)


@examples
@given(seeds, seeds)
def test_adding_a_plaintext_is_exact(subject: Subject, one: int, two: int) -> None:
    a, values = subject.fresh(draw(subject, one), COARSE), draw(subject, two)
    want = ring.add(subject.open(a), rounded(values, COARSE, subject.n))
    assert subject.open(subject.evaluator.add_plain(a, values)) == want


@examples
@given(seeds, seeds)
def test_multiplying_by_a_plaintext_is_exact(subject: Subject, one: int, two: int) -> None:
    a, values = subject.fresh(draw(subject, one)), draw(subject, two)
    product = subject.evaluator.multiply_plain(a, values, COARSE)
    want = ring.multiply(subject.open(a), rounded(values, COARSE, subject.n))
    assert subject.open(product) == want
    assert subject.evaluator.describe(product) == (len(subject.parameters.moduli), SCALE * COARSE)


@examples
@given(seeds, seeds, st.booleans())
def test_product_and_relinearisation(subject: Subject, one: int, two: int, deep: bool) -> None:
    limbs = len(subject.parameters.moduli) - int(deep)
    a, b = (subject.fresh(draw(subject, seed), SCALE / 2, limbs) for seed in (one, two))
    product = subject.evaluator.multiply(a, b)
    want = ring.multiply(subject.open(a), subject.open(b))
    error = ring.centre(ring.subtract(subject.open(product), want), modulus(subject, limbs))
    assert distance(error, [0] * subject.n) <= subject.noise.key_switch(limbs)
    assert subject.evaluator.describe(product) == (limbs, SCALE * SCALE / 4)


@examples
@given(seeds)
def test_rescaling_divides_by_the_last_prime(subject: Subject, seed: int) -> None:
    limbs = len(subject.parameters.moduli)
    last = subject.parameters.moduli[-1]
    a = subject.fresh(draw(subject, seed), 2.0**60)
    want = [x / last for x in subject.open(a)]
    result = subject.evaluator.rescale(a)
    assert distance(subject.open(result), want) <= subject.noise.rescale
    assert subject.evaluator.describe(result) == (limbs - 1, 2.0**60 / last)


@examples
@given(seeds)
def test_rescaling_rounds_to_the_nearest(subject: Subject, seed: int) -> None:
    rng, p = Random(seed), subject.parameters
    whole, last = prod(p.moduli), p.moduli[-1]
    halves = [[rng.randrange(whole) - whole // 2 for _ in range(subject.n)] for _ in range(2)]
    crafted = ckks.Ciphertext(
        2.0**60, p.moduli, *([[x % q for x in half] for q in p.moduli] for half in halves)
    )
    result = subject.parse(subject.evaluator.rescale(wire.write(p, crafted)))
    for half, got in zip(halves, (result.c0, result.c1), strict=True):
        rounded = [(2 * x + last) // (2 * last) for x in half]
        assert ring.from_residues(got, p.moduli[:-1]) == rounded


@examples
@given(seeds, st.integers(0, 99), st.integers(-2, 2), st.integers(1, 9))
def test_rotation_is_the_automorphism(
    subject: Subject, seed: int, choice: int, turns: int, limbs: int
) -> None:
    limbs = min(limbs, len(subject.parameters.moduli))
    steps = [0, *subject.rotations]
    step = steps[choice % len(steps)] + turns * subject.n
    values = draw(subject, seed)
    a = subject.fresh(values, 2.0**30, limbs)
    rotated = subject.evaluator.rotate(a, step)
    want = ring.automorphism(subject.open(a), step)
    assert distance(subject.open(rotated), want) <= subject.noise.key_switch(limbs)
    slots = np.roll(np.tile(values, subject.n // len(values)), -step)
    assert subject.key.decrypt(rotated) == pytest.approx(slots, abs=1e-4)


@examples
@given(seeds, st.integers(1, 9))
def test_dropping_limbs_changes_nothing(subject: Subject, seed: int, limbs: int) -> None:
    limbs = min(limbs, len(subject.parameters.moduli))
    a = subject.fresh(draw(subject, seed))
    dropped = subject.evaluator.drop(a, limbs)
    assert subject.open(dropped) == subject.open(a)
    assert subject.evaluator.describe(dropped) == (limbs, SCALE)


def test_a_whole_computation(subject: Subject) -> None:
    rng = np.random.default_rng(7)
    x, y, w = rng.uniform(-1, 1, (3, subject.n))
    e, (below, last) = subject.evaluator, subject.parameters.moduli[-2:]
    level = 2.0 ** round(log2(last))
    product = e.rescale(e.multiply(subject.fresh(x, level), subject.fresh(y, level)))
    result = e.rescale(e.multiply_plain(e.rotate(product, 5), w, level))
    want = np.roll(x * y, -5) * w
    scale = level * level / last * level / below
    assert ckks.decode(subject.open(result), scale) == pytest.approx(want, abs=1e-7)
    assert subject.key.decrypt(result) == pytest.approx(want, abs=1e-7)
