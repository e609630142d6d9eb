"""What is random has the distribution it must have.

Seeds cannot be fixed, so every bound lies at least eight deviations out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import sqrt

import numpy as np
import pytest

from hushwork import _native
from tests.reference.ckks import SIGMA
from tests.reference.subject import SHAPES, Subject, recover_secret

DEVIATIONS = 8
BUCKETS = 64
CHI_SQUARE = 220  # 63 degrees of freedom: exceeded once in 10^18 runs


@pytest.fixture(scope="module")
def large() -> Subject:
    return Subject(SHAPES[2].parameters(), {})


@pytest.fixture(scope="module")
def errors(large: Subject) -> np.ndarray:
    zeros = np.zeros(1)
    return np.array([large.open(large.fresh(zeros, 2.0**40, 2)) for _ in range(80)]).ravel()


def test_secret_is_uniformly_ternary(large: Subject) -> None:
    coefficients: Counter[int] = Counter()
    for _ in range(60):
        coefficients.update(recover_secret(large.parameters, _native.SecretKey(large.parameters)))
    total = coefficients.total()
    assert set(coefficients) == {-1, 0, 1}
    for count in coefficients.values():
        assert abs(count - total / 3) < DEVIATIONS * sqrt(total * 2 / 9)


def test_errors_have_the_stated_deviation(errors: np.ndarray) -> None:
    count = len(errors)
    assert abs(errors.std() / SIGMA - 1) < DEVIATIONS / sqrt(2 * count)
    assert abs(errors.mean()) < DEVIATIONS * SIGMA / sqrt(count)
    assert np.abs(errors).max() < 10 * SIGMA


@pytest.mark.parametrize("bound", [1, 2, 4, 7, 10])
def test_errors_are_a_discrete_gaussian(errors: np.ndarray, bound: int) -> None:
    points = np.arange(-60, 61)
    weights = np.exp(-(points**2) / (2 * SIGMA**2))
    share = weights[np.abs(points) < bound].sum() / weights.sum()
    deviation = sqrt(share * (1 - share) / len(errors))
    assert abs(np.mean(np.abs(errors) < bound) - share) < DEVIATIONS * deviation


def halves(subject: Subject) -> Iterator[tuple[list[int], list[int], int]]:
    for _ in range(30):
        ciphertext = subject.parse(subject.fresh(np.ones(1), 2.0**30))
        yield from zip(ciphertext.c0, ciphertext.c1, ciphertext.moduli, strict=True)


def chi_square(shares: list[float]) -> float:
    """Statistic of numbers in [0, 1) against the uniform distribution."""
    counts, _ = np.histogram(shares, bins=BUCKETS, range=(0, 1))
    expected = len(shares) / BUCKETS
    return float(((counts - expected) ** 2 / expected).sum())


def test_both_halves_look_uniform(large: Subject) -> None:
    first: list[float] = []
    second: list[float] = []
    for c0, c1, q in halves(large):
        first += [x / q for x in c0]
        second += [x / q for x in c1]
    assert len(second) > 1000 * BUCKETS / 4
    assert chi_square(first) < CHI_SQUARE
    assert chi_square(second) < CHI_SQUARE


def test_the_statistic_sees_a_bias() -> None:
    rng = np.random.default_rng(0)
    assert chi_square(rng.uniform(0, 1, 20000).tolist()) < CHI_SQUARE
    assert chi_square((rng.uniform(0, 1, 20000) ** 1.1).tolist()) > CHI_SQUARE


def test_no_two_encryptions_share_anything(large: Subject) -> None:
    data = [large.fresh(np.ones(1)) for _ in range(4)]
    ciphertexts = [large.parse(d) for d in data]
    words = [x for c in ciphertexts for limb in (*c.c0, *c.c1) for x in limb]
    assert len(set(words)) > 0.99 * len(words)
    public = large.key.public_key()
    assert public.to_bytes() != large.key.public_key().to_bytes()
    first, second = (large.parse(public.encrypt(np.ones(1), 2.0**36)) for _ in range(2))
    assert not set(first.c1[0]) & set(second.c1[0])


def test_a_fresh_ciphertext_is_half_as_long(large: Subject) -> None:
    p = large.parameters
    data = large.fresh(np.ones(1))
    whole = large.evaluator.add_plain(data, np.zeros(1))
    assert len(data) == _native.ciphertext_bytes(p, len(p.moduli), True)
    assert len(whole) == _native.ciphertext_bytes(p, len(p.moduli), False)
    assert len(data) < 0.6 * len(whole)
