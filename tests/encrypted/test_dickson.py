"""Polynomials of high degree: well conditioned on paper, and no noisier than parabolas in fact."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.polynomial import chebyshev

from hushwork.encrypted import dickson, guarantee
from hushwork.encrypted.levels import schedule
from hushwork.encrypted.samples import samples
from hushwork.encrypted.stages import Product, lower
from hushwork.errors import InvalidNetwork
from hushwork.networks import Add, Polynomial, evaluate, trace
from tests.encrypted.networks import Builder, series_of

DEGREES = (3, 4, 7, 15, 27, 31, 63, 127)
CIRCLE = np.cos(np.linspace(0, np.pi, 1001))


def network(degree, seed=0):
    """A dense polynomial of each element, whose argument lies in [-1, 1]."""
    net = Builder((16,), seed).linear(24)
    argument, dense = net.last, net.layers[-1]
    reach = np.abs(dense.weight).sum(axis=1).max() + np.abs(dense.bias).max()
    net.layers[-1] = replace(dense, weight=dense.weight / reach, bias=dense.bias / reach)
    series = net.random.standard_normal((degree + 1, 1)) / (1 + np.arange(degree + 1)[:, None])
    net.add(Polynomial, net.shape, series).linear(10)
    return replace(net.build(), bounds={argument: 1.0})


def encrypted_error(network):
    worker = guarantee.worker(network)
    client = guarantee.client(worker.manifest)
    session, reply = worker.greet(client.hello())
    client.welcome(reply)
    x = np.random.default_rng(1).random(network.input_shape)
    wanted = evaluate(network, x[None])[0]
    found = client.open(worker.run(session, client.seal(x))).output
    client.close()
    return np.abs(found - wanted).max() / np.abs(wanted).max()


def stages_of(network):
    values = trace(network, np.stack(samples(network)))
    return lower(network, {name: np.abs(batch).max() for name, batch in values.items()}, 1.0)


@pytest.mark.parametrize("degree", DEGREES)
def test_encrypted_as_exactly_as_a_parabola(degree):
    assert encrypted_error(network(degree)) < 16 * encrypted_error(network(2)) + 1e-6


@pytest.mark.parametrize("degree", [2, *DEGREES])
def test_depth_is_the_logarithm_of_the_degree(degree):
    stages = stages_of(network(degree))
    assert schedule(stages).count == 2 + np.ceil(np.log2(degree))
    assert sum(isinstance(stage, Product) for stage in stages.stages) <= degree - 1


def test_an_even_polynomial_takes_half_of_the_products():
    even = network(16)
    polynomial = even.layers[1]
    series = polynomial.series * (np.arange(17) % 2 == 0)[:, None]
    layers = (even.layers[0], replace(polynomial, series=series), even.layers[2])
    stages = stages_of(replace(even, layers=layers))
    assert sum(isinstance(stage, Product) for stage in stages.stages) == 8


def test_no_element_is_large_and_none_needs_large_coefficients():
    for k in range(1, 128):
        assert np.abs(chebyshev.chebval(CIRCLE, dickson.element(k))).max() <= 128
        unit = np.eye(k + 1)[:, [k]]
        constant, parts = dickson.in_elements(unit)
        assert sum(np.abs(part).item() for part in parts.values()) <= 20
        made = sum(
            part * chebyshev.chebval(CIRCLE, dickson.element(j)) for j, part in parts.items()
        )
        np.testing.assert_allclose(
            constant + made, chebyshev.chebval(CIRCLE, unit[:, 0]), atol=1e-12
        )


def test_an_atom_that_fills_a_part_of_its_range_is_packed_anew():
    """A parabola of the same value has packed it before, at half the size."""
    plain = network(27)
    dense, high, last = plain.layers
    usual = np.abs(trace(plain, np.stack(samples(plain)))[dense.output]).max()
    dense = replace(dense, weight=dense.weight * 0.9 / usual, bias=dense.bias * 0.9 / usual)
    parabola = replace(
        high, name="low", output="low", series=series_of(np.array([[0.1], [0.5], [0.2]]))
    )
    total = Add("sum", ("low", high.output), "sum")
    layers = (dense, parabola, high, total, replace(last, inputs=("sum",)))
    shapes = {**plain.shapes, "low": (24,), "sum": (24,)}
    both = replace(plain, layers=layers, shapes=shapes)
    assert encrypted_error(both) < 16 * encrypted_error(network(2)) + 1e-6


def test_samples_stay_within_the_bounds():
    bounded = network(27)
    name = next(iter(bounded.bounds))
    usual = np.abs(trace(bounded, np.stack(samples(bounded)))[name]).max()
    tight = replace(bounded, bounds={name: 0.8 * usual}, typical=np.full(16, 0.1))
    inside = trace(tight, np.stack(samples(tight)))[name]
    assert 0.2 * usual < np.abs(inside).max() <= 0.8 * usual
    with pytest.raises(InvalidNetwork, match="leaves its own bounds"):
        samples(replace(bounded, bounds={name: 1e-9}))
