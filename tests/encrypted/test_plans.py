"""Plans in the slot simulation: they are the network, garbage and all."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from hushwork.encrypted import compile_network
from hushwork.encrypted.simulate import outputs, simulate
from hushwork.errors import DoesNotFit
from hushwork.networks import evaluate
from tests.encrypted.networks import Builder, random_networks, small


def assert_plan_is(network, plan=None, seed=1):
    plan = plan or compile_network(network)
    x = np.random.default_rng(seed).random(network.input_shape)
    wanted = evaluate(network, x[None])[0].reshape(-1)
    got = outputs(plan, simulate(plan, x)[0])
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-9 * max(1, np.abs(wanted).max()))
    return plan


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(random_networks())
def test_any_network_that_fits_is_computed_exactly(network):
    assert_plan_is(network)


def lenet():
    net = Builder((1, 28, 28)).convolve(32, (5, 5), (2, 2), (2, 2, 2, 2)).activate()
    net.convolve(64, (5, 5), (2, 2), (2, 2, 2, 2)).activate().flatten()
    return net.linear(512).activate().linear(10).build("lenet")


def test_lenet_gets_the_plan_worked_out_by_hand():
    plan = assert_plan_is(lenet())
    linear = [step for step in plan.steps if step["op"] == "linear"]
    assert plan.log_n == 14
    assert [len(step["terms"]) for step in linear] == [3, 49, 576, 256, 16]
    periods = [max(len(term[-1]) for term in step["terms"]) for step in linear]
    assert periods == [16384, 256, 256, 16384, 512]
    assert plan.gather.shape == (1, 8192)


def test_odd_sizes_three_colours_and_stride_three():
    net = Builder((3, 27, 27)).convolve(6, (4, 3), (3, 2), (1, 0, 2, 1)).activate(3)
    assert_plan_is(net.convolve(5, (2, 2), (2, 1)).activate().flatten().linear(10).build())


@pytest.mark.parametrize(("stride", "more"), [(3, 0), (3, 2), (5, 0), (6, 2), (7, 0)])
def test_many_channels_whose_positions_are_not_a_power_of_two_apart(stride, more):
    net = Builder((1, 18, 18)).convolve(8, (3, 3)).activate()
    net.convolve(64, (3, 3), (stride, stride)).activate()
    if more:
        net.convolve(48, (more, more)).activate()
    assert_plan_is(net.flatten().linear(16).activate().linear(4).build())


def test_averages_over_three_by_three_of_many_channels():
    net = Builder((3, 14, 14)).convolve(32, (3, 3)).activate().pool((3, 3), (3, 3))
    net.convolve(64, (3, 3)).activate().pool((2, 2), (2, 2)).flatten()
    assert_plan_is(net.linear(16).activate().linear(4).build())


def test_depthwise_and_global_pooling():
    net = Builder((4, 14, 14)).convolve(4, (3, 3), padding=(1, 1, 1, 1), groups=4)
    net.convolve(8, (1, 1)).activate().pool((14, 14), (14, 14)).flatten()
    assert_plan_is(net.linear(10).build())


def test_branches_of_different_depth_and_stride():
    net = Builder((1, 16, 16)).convolve(4, (3, 3), padding=(1, 1, 1, 1)).activate()
    trunk = net.last
    net.convolve(8, (1, 1), (2, 2))
    shortcut, net.last = net.last, trunk
    net.convolve(8, (3, 3), (2, 2), (1, 1, 1, 1)).activate()
    net.convolve(8, (3, 3), padding=(1, 1, 1, 1)).plus(shortcut).activate()
    assert_plan_is(net.flatten().linear(10).build())


def test_an_image_over_several_ciphertexts():
    net = Builder((2, 40, 40)).convolve(20, (3, 3), padding=(1, 1, 1, 1)).activate()
    plan = assert_plan_is(net.pool((4, 4), (4, 4)).flatten().linear(4).build())
    assert sum(step["op"] == "multiply" for step in plan.steps) > 1


def test_a_wide_perceptron():
    assert_plan_is(Builder((300,)).linear(3000).activate().linear(3).build())


def test_a_polynomial_right_after_the_input():
    assert_plan_is(Builder((1, 8, 8)).activate(4).convolve(3, (3, 3)).activate().build())


def test_a_sum_as_the_last_layer():
    net = Builder((12,)).linear(12).activate()
    trunk = net.last
    assert_plan_is(net.linear(12).plus(trunk).build())


def test_linear_layers_alone_are_one_step():
    plan = assert_plan_is(Builder((20,)).linear(30).linear(12).linear(5).build())
    assert [step["op"] for step in plan.steps].count("linear") == 1
    assert plan.log_n == 13


def test_channels_without_a_square_cost_no_level():
    mixed = np.array([0.5, 0.0, 1e-12, -0.3])
    net = Builder((4,)).linear(4).polynomial(0.1, 0.7, mixed).linear(3)
    plain = Builder((4,)).linear(4).activate().linear(3)
    plan = assert_plan_is(net.build())
    assert plan.request_limbs == compile_network(plain.build()).request_limbs


def test_a_constant_network():
    assert_plan_is(Builder((5,)).linear(5).polynomial(0.25, 0.0).linear(2).build())


def test_a_network_of_zeros():
    net = Builder((6,)).linear(5).activate().linear(3)
    for layer in (net.layers[0], net.layers[-1]):
        layer.weight[...] = 0
    assert_plan_is(net.build())


@pytest.mark.parametrize(("degree", "levels"), [(2, 3), (3, 4), (4, 4), (7, 5), (8, 5)])
def test_a_polynomial_takes_log2_of_its_degree(degree, levels):
    plan = assert_plan_is(Builder((6,)).linear(6).activate(degree).linear(2).build())
    assert plan.request_limbs == levels + 1


def test_too_deep_names_the_layer_and_what_would_fit():
    net = Builder((4,))
    for _ in range(40):
        net.linear(4).activate()
    with pytest.raises(
        DoesNotFit, match=r"layer '\w+' comes .* at N = 65536 levels, got 81 levels"
    ):
        compile_network(net.linear(2).build())


def test_too_large_names_the_layer():
    net = Builder((8, 200, 200)).convolve(64, (3, 3))
    with pytest.raises(DoesNotFit, match="layer 'convolution0' is too large"):
        compile_network(net.build())


def test_a_network_that_runs_away_names_the_layer():
    net = Builder((4,)).linear(4)
    for _ in range(5):
        net.polynomial(0.0, 0.0, 1e100)
    with pytest.raises(DoesNotFit, match=r"layer 'polynomial[34]' leaves all bounds"):
        compile_network(net.linear(2).build())


def test_a_weight_beyond_its_encoding_names_the_layer():
    net = Builder((4,)).linear(4)
    net.layers[-1].weight[0], net.layers[-1].bias[0] = 0, 0
    net.polynomial(0.0, 0.0, 1.0).linear(2)
    net.layers[-1].weight[:, 0] = 1e9
    with pytest.raises(DoesNotFit, match="layer 'linear2' has too large a weight"):
        compile_network(net.build())


def nudged(value):
    """The same with the last bit of every weight changed."""
    if isinstance(value, dict):
        return {key: nudged(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(nudged(part) for part in value)
    weights = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return np.nextafter(value, np.inf) if weights else value


def test_the_digest_names_the_plan_but_not_the_last_bits_of_its_weights():
    plan = compile_network(small())
    assert compile_network(small()).digest == plan.digest
    assert replace(plan, steps=nudged(plan.steps)).digest == plan.digest
    others = [
        replace(plan, factor=2 * plan.factor),
        replace(plan, gather=np.roll(plan.gather, 1)),
        replace(plan, steps=plan.steps[:-1]),
        replace(plan, tiers=plan.tiers[:-1]),
        replace(plan, steps=[plan.steps[0] | {"scale": 1.0}, *plan.steps[1:]]),
    ]
    assert plan.digest not in {other.digest for other in others}


def test_a_bare_plan_is_the_same_without_the_memory_of_its_weights():
    plan = compile_network(small())
    assert plan.bare.digest == plan.digest
    steps = [step for step in plan.bare.steps if step["op"] == "linear"]
    assert steps
    assert all(weights.strides == (0,) for step in steps for *_, weights in step["terms"])


def test_progress_is_told_and_may_stop_the_compiler():
    phases = []
    compile_network(small(), lambda phase, done, total: phases.append((phase, done, total)))
    assert phases[0][1] == 0
    assert phases[-1][1] == phases[-1][2]

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compile_network(small(), stop)
