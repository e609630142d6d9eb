"""Polynomials are where the numbers are."""

import numpy as np
import pytest
from numpy.polynomial import chebyshev

from hushwork.networks.adapt.fit import fit, spread

RANDOM = np.random.default_rng(0)


def relu(x):
    return np.maximum(x, 0)


def test_a_polynomial_is_found_exactly():
    numbers = RANDOM.uniform(-3, 5, (2, 1000))
    made = fit(lambda x: 2 * x**3 - x + 1, spread(numbers, 1.2), 3)
    x = np.stack([np.linspace(-3, 5, 50)] * 2, axis=1)
    np.testing.assert_allclose(made.series(x), 2 * x**3 - x + 1, atol=1e-9)
    assert made.error < 1e-12


def test_each_group_has_its_own_range_with_a_margin():
    numbers = np.stack([RANDOM.uniform(-1, 1, 5000), RANDOM.uniform(4, 10, 5000)])
    where = spread(numbers, 1.5)
    np.testing.assert_allclose(where.centre, [0, 7], atol=0.02)
    np.testing.assert_allclose(where.half, [1.5, 4.5], atol=0.02)
    np.testing.assert_allclose(where.weights.sum(axis=0), 1)


def test_a_group_of_one_number_still_has_a_range():
    where = spread(np.stack([np.zeros(10), RANDOM.uniform(-1, 1, 10)]), 1.0)
    assert where.half.min() > 0.01
    assert np.isfinite(fit(relu, where, 4).series.coefficients).all()
    assert np.isfinite(fit(relu, spread(np.zeros((1, 10)), 1.0), 4).series.coefficients).all()


def test_the_error_is_that_of_the_numbers_met():
    numbers = RANDOM.normal(0, 0.3, (1, 20000))
    made = fit(relu, spread(numbers, 1.2), 4)
    missed = made.series(numbers.T) - relu(numbers.T)
    size = np.sqrt((relu(numbers) ** 2).mean())
    assert made.error == pytest.approx(np.sqrt((missed**2).mean()) / size, rel=0.05)


def test_numbers_met_often_weigh_more():
    often = RANDOM.normal(0, 0.2, (1, 20000))
    often[0, :2] = -3, 3
    evenly = RANDOM.uniform(-3, 3, (1, 20000))
    x = often[0, 2:, None]
    near = fit(relu, spread(often, 1.0), 4).series(x) - relu(x)
    far = fit(relu, spread(evenly, 1.0), 4).series(x) - relu(x)
    assert np.square(near).mean() < 0.5 * np.square(far).mean()


def test_nothing_explodes_in_the_margin():
    made = fit(relu, spread(RANDOM.normal(0, 0.2, (1, 20000)), 1.5), 27)
    edges = chebyshev.chebval(np.linspace(-1, 1, 1001), made.series.coefficients[:, 0])
    assert np.abs(edges).max() < 2 * made.series.half.item()


def test_an_even_polynomial_has_no_odd_coefficients():
    made = fit(np.abs, spread(RANDOM.uniform(-1, 2, (1, 100)), 1.0, symmetric=True), 7, even=True)
    assert made.series.centre == [0]
    assert not made.series.coefficients[1::2].any()
    assert made.series.coefficients[6].any()
    assert len(made.series.coefficients) == 7


def test_a_higher_degree_is_closer():
    where = spread(RANDOM.normal(0, 1, (1, 20000)), 1.2)
    errors = [fit(relu, where, degree).error for degree in (2, 4, 8, 16, 31)]
    assert sorted(errors, reverse=True) == errors
    assert errors[-1] < 0.02
