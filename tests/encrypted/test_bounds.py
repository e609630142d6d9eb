"""How large values may get: by hand, and for whole networks."""

import numpy as np
import pytest

from hushwork.encrypted import compile_network
from hushwork.encrypted.bounds import bounds, within
from hushwork.encrypted.levels import schedule
from hushwork.encrypted.lowering import lower
from hushwork.networks import trace
from tests.encrypted.networks import Builder, small

MODULI = [2**46, 2**32, 2**36, 2**32]


def test_bounds_leave_room_for_values_and_for_their_products():
    net = Builder((2,)).linear(2).polynomial(0.0, 4.0, 1.0).linear(2).build()
    stages = lower(net, dict.fromkeys([net.input, *net.shapes], 1.0), 0.5).stages
    found = bounds(stages, schedule(stages), MODULI, (2.0**36, 2.0**31))
    inner, output = (stage for stage in found if stage != net.input)
    # A quarter of what the last modulus holds; the answer holds half the output.
    assert found[output] == 2.0 ** (46 - 1 - 31 - 2) / 0.5
    # x (x + 4) at the square of the scale, under three moduli.
    assert found[inner] * (found[inner] + 4) == pytest.approx(2.0 ** (46 + 32 + 36 - 1 - 72))


def test_what_a_network_states_of_its_values_holds_too():
    assert within({"a": 8.0, "b": 2.0}, {"a": 3.0, "b": 5.0, "c": 1.0}) == {"a": 3.0, "b": 2.0}


def test_every_packed_value_has_a_bound_far_above_ordinary_values():
    network = small()
    plan = compile_network(network)
    values = trace(network, np.random.default_rng(0).random((20, *network.input_shape)))
    assert network.output in plan.bounds
    for name, bound in plan.bounds.items():
        assert np.abs(values[name]).max() < bound / 100
