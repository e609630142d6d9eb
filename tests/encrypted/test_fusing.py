"""A convolution and the averages of its output become one, which computes the same."""

import numpy as np
import pytest

from hushwork.encrypted.fusing import fused
from hushwork.networks import Convolution, evaluate
from tests.encrypted.networks import Builder


def assert_same(network, layers):
    made = fused(network)
    assert [type(layer) for layer in made.layers] == [Convolution] * layers
    x = np.random.default_rng(1).standard_normal((3, *network.input_shape))
    np.testing.assert_allclose(evaluate(made, x), evaluate(network, x), atol=1e-12)


@pytest.mark.parametrize("stride", [(1, 1), (2, 1)])
@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (1, 2, 0, 1)])
@pytest.mark.parametrize(("kernel", "step"), [((2, 2), (2, 2)), ((3, 2), (2, 3))])
def test_averages_after_a_convolution(stride, padding, kernel, step):
    net = Builder((4, 13, 14)).convolve(6, (3, 3), stride, padding, groups=2)
    assert_same(net.pool(kernel, step).build(), 1)


def test_averages_before_a_convolution_stay():
    net = Builder((2, 12, 8)).pool((2, 2), (2, 2)).convolve(3, (3, 2)).build()
    assert fused(net).layers == net.layers


def test_averages_with_padding_stay():
    net = Builder((2, 8, 8)).convolve(2, (3, 3)).pool((2, 2), (2, 2), (1, 1, 1, 1)).build()
    assert fused(net).layers == net.layers


def test_a_convolution_that_others_read_stays():
    net = Builder((2, 8, 8)).convolve(2, (1, 1))
    shared = net.last
    net.pool((1, 1), (1, 1)).plus(shared)
    network = net.build()
    assert fused(network).layers == network.layers
