"""From layers to stages, and averages that take a level of their own."""

import numpy as np
import pytest

from hushwork._native import find_primes
from hushwork.encrypted import compile_network, fitting
from hushwork.encrypted.levels import Levels, schedule
from hushwork.encrypted.lowering import lower
from hushwork.encrypted.parameters import AFFINE_BITS, LOG_N, carrier, levels_at
from hushwork.encrypted.stages import Affine
from hushwork.networks import evaluate, trace
from tests.encrypted.networks import Builder, small


def pooled(channels):
    """An average after an activation, before a convolution; then an average that nothing reads
    but a linear layer."""
    net = Builder((3, 18, 18)).convolve(channels, (3, 3)).activate()
    net = net.convolve(channels, (3, 3)).activate().pool((2, 2), (2, 2))
    net = net.convolve(channels, (3, 3)).activate().pool((5, 5), (5, 5))
    return net.flatten().linear(4).build()


def lowered(network, factor=4.0):
    x = np.random.default_rng(0).random((1, *network.input_shape))
    sizes = {name: np.abs(value).max() for name, value in trace(network, x).items()}
    return lower(network, sizes, factor)


def computed(stages, x):
    atoms = {0: x.reshape(-1)}
    for stage in stages.stages:
        if isinstance(stage, Affine):
            parts = [matrix.apply(atoms[atom]) for atom, matrix in stage.terms]
            atoms[stage.output] = sum(parts) + stage.bias
        else:
            shift = 0 if stage.shift is None else stage.shift
            atoms[stage.output] = atoms[stage.a] * (atoms[stage.b] + shift)
    return atoms[stages.output]


@pytest.mark.parametrize("network", [small(), pooled(4)], ids=["small", "pooled"])
def test_stages_are_the_network(network):
    x = np.random.default_rng(1).random(network.input_shape)
    wanted = 4.0 * evaluate(network, x[None])[0]
    np.testing.assert_allclose(computed(lowered(network).stages, x), wanted, atol=1e-12)


def test_an_average_by_itself_is_a_level_more_and_the_same_network():
    network = pooled(4)
    joined = lowered(network)
    (fork,) = joined.forks
    apart = fork.taken()
    assert apart.forks == [fork]
    assert schedule(apart.stages).count == schedule(joined.stages).count + 1
    names = [{stage.name for stage in one.stages.stages} for one in (joined, apart)]
    assert names[1] - names[0] == {"averagepool4"}
    x = np.random.default_rng(1).random(network.input_shape)
    wanted = 4.0 * evaluate(network, x[None])[0]
    np.testing.assert_allclose(computed(apart.stages, x), wanted, atol=1e-12)
    np.testing.assert_allclose(computed(joined.stages, x), wanted, atol=1e-12)


def test_averages_are_by_themselves_where_that_is_cheaper(monkeypatch):
    apart = compile_network(pooled(64))
    assert "averagepool4" in apart.layers
    monkeypatch.setattr(fitting.Lowered, "forks", 0)
    joined = compile_network(pooled(64))
    assert "averagepool4" not in joined.layers
    costs = [sum(layer.milliseconds for layer in p.layers.values()) for p in (apart, joined)]
    assert costs[0] < costs[1]
    assert "averagepool4" not in compile_network(pooled(8)).layers


@pytest.mark.parametrize("log_n", LOG_N)
def test_there_are_primes_for_as_many_levels_as_a_ring_carries(log_n):
    count = levels_at(log_n)
    products = frozenset(range(3, count + 2, 2))
    chain = carrier(Levels((), count + 1, products), log_n)
    assert len(find_primes(log_n, chain.bits)) == count + 1
    affine = [chain.bits[limbs - 1] for limbs in range(2, count + 2) if limbs not in products]
    assert affine == sorted(affine)
    assert affine[0] == AFFINE_BITS
    finer = chain.finer(dict.fromkeys(range(2, count + 2, 2), AFFINE_BITS + 1))
    find_primes(log_n, finer.bits)
