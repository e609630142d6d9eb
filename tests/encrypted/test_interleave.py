"""Several images in the slots of one run: the laws that a lifted plan keeps."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hushwork.encrypted import compile_network
from hushwork.encrypted.interleave import lifted, repeated, unwoven, woven
from hushwork.encrypted.simulate import outputs, simulate
from hushwork.errors import DoesNotFit
from hushwork.networks import evaluate
from tests.encrypted.networks import Builder, random_networks, small


def ring(plan, network):
    """The plan of one run as that of one input, in which all images follow each other."""
    inputs, results = (int(np.prod(s)) for s in (network.input_shape, network.output_shape))
    return replace(
        plan,
        images=1,
        gather=_table(plan.gather, inputs, plan.images),
        scatter=_table(plan.scatter, results, plan.images),
        steps=[lifted(step, plan.images) for step in plan.steps],
    )


def _table(table, elements, images):
    first = elements * np.arange(images)[:, None]
    return woven(np.where(table[:, None] < 0, table[:, None], table[:, None] + first))


def check(network, images, seed=1):
    plan = compile_network(network, images=images)
    assert plan.images == images
    x = np.random.default_rng(seed).random((images, *network.input_shape))
    wanted = evaluate(network, x).reshape(-1)
    whole = ring(plan, network)
    got = outputs(whole, simulate(whole, x)[0])
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-9 * max(1, np.abs(wanted).max()))
    return plan


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(random_networks(), st.sampled_from([2, 4, 32]))
def test_every_image_of_a_run_gets_its_own_answer(network, images):
    check(network, images)


@pytest.mark.parametrize("images", [1, 2, 64, 1024])
def test_of_every_kind_of_layer(images):
    plan = check(small(), images)
    assert plan.slots * images == 1 << plan.log_n
    assert plan.gather.shape[1] <= plan.slots == plan.scatter.shape[1]


def test_partial_sums_and_copies_turn_within_an_image():
    net = Builder((4, 14, 14)).convolve(4, (3, 3), padding=(1, 1, 1, 1), groups=4)
    net.convolve(8, (1, 1)).activate().pool((14, 14), (14, 14)).flatten().linear(10).activate()
    plan = check(net.linear(3).build(), 8)
    turned = [r for step in plan.steps for r in lifted(step, 8).get("steps", ())]
    assert turned
    assert all(rotation % 8 == 0 for rotation in turned)


def test_a_rotation_of_an_image_is_one_of_the_ring():
    x = np.random.default_rng(0).random((4, 16))
    np.testing.assert_array_equal(np.roll(woven(x), -3 * 4), woven(np.roll(x, -3, axis=1)))
    np.testing.assert_array_equal(unwoven(woven(x), 4), x)
    np.testing.assert_array_equal(repeated(x[0], 4), woven(np.tile(x[0], (4, 1))))
    assert len(repeated(np.ones(1), 4)) == 1


def test_a_network_too_wide_for_so_few_slots_is_refused():
    net = Builder((1, 40, 40)).convolve(8, (3, 3)).activate().flatten()
    with pytest.raises(DoesNotFit, match="too wide"):
        compile_network(net.linear(3).build(), images=1 << 12)


def test_images_come_in_powers_of_two():
    with pytest.raises(ValueError, match="power of two"):
        compile_network(small(), images=3)


def test_plans_of_more_images_differ():
    digests = {compile_network(small(), images=images).digest for images in (1, 2, 4)}
    assert len(digests) == 3
