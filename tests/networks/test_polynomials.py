"""Chebyshev series of each channel, against numpy's of one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.polynomial import chebyshev

from hushwork.networks import polynomials

RANDOM = np.random.default_rng(0)


def series(degree: int, channels: int = 3) -> polynomials.Array:
    return RANDOM.standard_normal((degree + 1, channels))


@pytest.mark.parametrize(("p", "q"), [(0, 0), (0, 5), (1, 1), (3, 7), (40, 40)])
def test_products_and_sums_are_those_of_every_channel(p: int, q: int) -> None:
    one, two = series(p), series(q)
    for operation, wanted in (
        (polynomials.multiply, chebyshev.chebmul),
        (polynomials.add, chebyshev.chebadd),
    ):
        found = operation(one, two)
        for channel in range(3):
            expected = wanted(one[:, channel], two[:, channel])
            np.testing.assert_allclose(found[:, channel], expected, atol=1e-12)


def test_a_polynomial_of_all_channels_meets_one_of_each() -> None:
    one, two = series(4, 1), series(2)
    found = polynomials.multiply(one, two)
    np.testing.assert_allclose(found, polynomials.multiply(np.repeat(one, 3, axis=1), two))


def test_powers_are_exact_while_they_are_small() -> None:
    sixth = polynomials.raise_to(polynomials.IDENTITY, 6)
    assert polynomials.powers(sixth)[:, 0].tolist() == [0, 0, 0, 0, 0, 0, 1]
    assert polynomials.trimmed(np.array([[1.0], [2.0], [0.0]])).tolist() == [[1], [2]]
    assert polynomials.trimmed(np.zeros((3, 1))).tolist() == [[0]]


@pytest.mark.parametrize("degree", [0, 1, 2, 31, 127])
def test_evaluation_is_clenshaw_s(degree: int) -> None:
    p, x = series(degree), RANDOM.uniform(-1, 1, (50, 3))
    wanted = np.stack([chebyshev.chebval(x[:, k], p[:, k]) for k in range(3)], axis=1)
    np.testing.assert_allclose(polynomials.evaluate(p, x), wanted, atol=1e-12)


@pytest.mark.parametrize("degree", [0, 1, 2, 31, 127])
def test_composition_is_the_polynomial_of_another_argument(degree: int) -> None:
    p, x = series(degree), RANDOM.uniform(-1, 1, (50, 3))
    scale, shift = np.array([0.5, -0.7, 0.0]), np.array([0.4, 0.2, -0.9])
    made = polynomials.composed(p, scale, shift)
    wanted = polynomials.evaluate(p, scale * x + shift)
    np.testing.assert_allclose(polynomials.evaluate(made, x), wanted, atol=1e-10)
