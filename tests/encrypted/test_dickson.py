"""Polynomials of high degree: well conditioned on paper, and no noisier than parabolas in fact."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.polynomial import chebyshev

from hushwork.encrypted import dickson, guarantee
from hushwork.encrypted.levels import schedule
from hushwork.encrypted.lowering import lower
from hushwork.encrypted.samples import samples
from hushwork.encrypted.stages import Affine, Product
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
    return lower(network, {name: np.abs(batch).max() for name, batch in values.items()}, 1.0).stages


@pytest.mark.parametrize("degree", DEGREES)
def test_encrypted_as_exactly_as_a_parabola_while_slopes_are_no_steeper(degree):
    steeper = max(16, degree)
    assert encrypted_error(network(degree)) < steeper * encrypted_error(network(2)) + 1e-6


@pytest.mark.parametrize("degree", [2, *DEGREES])
def test_depth_is_the_logarithm_of_the_degree(degree):
    stages = stages_of(network(degree))
    assert schedule(stages).count == 2 + np.ceil(np.log2(degree))


@pytest.mark.parametrize(("degree", "products"), [(7, 5), (15, 10), (31, 17), (63, 29), (127, 41)])
def test_products_grow_like_the_root_of_the_degree(degree, products):
    stages = stages_of(network(degree)).stages
    assert sum(isinstance(stage, Product) for stage in stages) == products


@pytest.mark.parametrize("degree", [2, 5, 16, 31, 100, 127])
@pytest.mark.parametrize("width", [2, 4, 8, 16])
def test_blocks_are_terms_of_their_degrees_and_no_deeper(degree, width):
    made = dickson.blocks(degree, width)
    covered = [k for block in made for k in block.degrees]
    assert len(set(covered)) == len(covered)
    assert all(k > width for k in covered)
    for block in made:
        assert block.depth <= np.ceil(np.log2(degree))
        assert sum(block.giants) == block.top
        for k in block.degrees:
            term = block.term(k)
            assert (len(term) - 1, term[-1]) == (k, 2)


@pytest.mark.parametrize("way", [[], dickson.blocks(100, 8), dickson.blocks(100, 16)])
def test_terms_sum_to_the_series(way):
    series = np.random.default_rng(0).standard_normal((101, 2))
    constant, parts = dickson.in_terms(series, way)
    total = np.zeros((101, 2))
    total[0] = constant
    for k, part in parts.items():
        owner = next((block for block in way if k in block.degrees), None)
        term = owner.term(k) if owner else np.array(dickson.element(k))
        total[: k + 1] += np.outer(term, part)
    np.testing.assert_allclose(total, series, atol=1e-10)


def test_blocks_of_an_image_over_several_ciphertexts():
    net = Builder((2, 24, 24)).convolve(24, (3, 3))
    argument, first = net.last, net.layers[-1]
    reach = np.abs(first.weight).sum(axis=(1, 2, 3)).max() + np.abs(first.bias).max()
    net.layers[-1] = replace(first, weight=first.weight / reach, bias=first.bias / reach)
    net.add(Polynomial, net.shape, net.random.standard_normal((16, 24)) / 4)
    net.pool((2, 2), (2, 2)).convolve(4, (3, 3)).flatten()
    image = replace(net.linear(4).build(), bounds={argument: 1.0})
    assert any(stage.in_place for stage in stages_of(image).stages if isinstance(stage, Affine))
    assert encrypted_error(image) < 1e-3


@pytest.mark.parametrize(("degree", "products"), [(4, 2), (16, 8), (30, 12), (62, 20)])
def test_an_even_polynomial_takes_fewer_products(degree, products):
    even = network(degree)
    polynomial = even.layers[1]
    series = polynomial.series * (np.arange(degree + 1) % 2 == 0)[:, None]
    layers = (even.layers[0], replace(polynomial, series=series), even.layers[2])
    stages = stages_of(replace(even, layers=layers))
    assert sum(isinstance(stage, Product) for stage in stages.stages) == products


def test_no_element_is_large_and_none_needs_large_coefficients():
    for k in range(1, 128):
        assert np.abs(chebyshev.chebval(CIRCLE, dickson.element(k))).max() <= 128
        unit = np.eye(k + 1)[:, [k]]
        constant, parts = dickson.in_terms(unit)
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
