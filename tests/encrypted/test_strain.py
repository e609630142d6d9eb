"""Inputs that overflow somewhere: told apart by the judge, and typed errors on opening."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from hushwork.encrypted import compile_network, guarantee
from hushwork.encrypted.simulate import run
from hushwork.encrypted.strain import rooms, strain
from hushwork.errors import BadAnswer
from hushwork.networks import Ranges, evaluate
from tests.encrypted.networks import Builder, small

RAMP = np.tile(np.arange(8) / 8, (1, 8, 1))
BOARD = (np.indices((8, 8)).sum(axis=0) % 2)[None].astype(float)
BARS = np.tile(np.arange(8) // 4, (1, 8, 1)).astype(float)
NOISE = np.random.default_rng(0).random((1, 8, 8))
STRESS = {
    "black": np.zeros((1, 8, 8)),
    "white": np.ones((1, 8, 8)),
    "ramp": RAMP,
    "faint ramp": RAMP / 2,
    "checkerboard": BOARD,
    "columns": BARS,
    "rows": BARS.transpose(0, 2, 1),
    "noise": NOISE,
    "saturated noise": np.round(NOISE),
    "faint noise": 0.45 + 0.1 * NOISE,
}


def edges():
    """Differences of pixels, seven times squared; past the borders they are those of far pixels."""
    net = Builder((1, 8, 8)).convolve(32, (3, 3))
    layer, name = net.layers[-1], net.last
    layer.weight[...] = 0
    layer.weight[:, 0, 1, 0], layer.weight[:, 0, 1, 2] = 2, -2
    for _ in range(7):
        net.polynomial(0.0, 0.0, 1.0)
    return replace(net.flatten().linear(3).build(), bounds={name: 1.1})


@pytest.fixture(scope="module")
def network():
    return edges()


@pytest.fixture(scope="module")
def judge(network):
    return guarantee.judge(network)


@pytest.fixture(scope="module")
def opened(network, judge):
    """From an image to what its answer opens to."""
    worker = guarantee.worker(network)
    assert worker.manifest.digest == judge.manifest.digest
    with closing(guarantee.client(judge.manifest)) as client:
        session, _ = worker.greet(client.hello())
        yield lambda x: client.open(worker.run(session, client.seal(x))).output


@pytest.mark.parametrize("name", STRESS)
def test_stress_images_are_right_or_told_apart(network, judge, opened, name):
    x = STRESS[name]
    wanted = evaluate(network, x[None])[0]
    if judge.within(x[None])[0]:
        np.testing.assert_allclose(opened(x), wanted, atol=1e-3 * np.abs(wanted).max())
    else:
        with pytest.raises(BadAnswer):
            opened(x)


def test_some_stress_images_are_within_and_some_are_not(judge):
    within = judge.within(np.stack(list(STRESS.values())))
    assert dict(zip(STRESS, within, strict=True)) == {
        "black": True,
        "white": True,
        "ramp": False,
        "faint ramp": True,
        "checkerboard": False,
        "columns": False,
        "rows": False,
        "noise": False,
        "saturated noise": False,
        "faint noise": True,
    }


@pytest.mark.parametrize("name", ["ramp", "checkerboard", "rows"])
def test_slots_that_hold_no_value_overflow_alone(network, judge, name):
    x = STRESS[name][None]
    assert Ranges(network, judge.manifest.bounds)(x)[0]
    assert not judge.within(x)[0]


def test_a_value_outside_of_the_manifest_s_bounds_is_told_apart_by_itself(network, judge):
    bounds = judge.manifest.bounds
    assert bounds[network.layers[0].output] == 1.1
    assert not Ranges(network, bounds)(STRESS["columns"][None])[0]


def test_room_is_half_the_modulus_by_the_scale():
    plan = compile_network(small())
    bits = np.cumsum(np.log2(plan.moduli))
    *_, linear, last = zip(plan.steps, rooms(plan), strict=True)
    assert last[0]["op"] == "rotate_add"
    assert last[1] == pytest.approx(2.0 ** (bits[0] - 1) / plan.output_scale)
    assert linear[1] == last[1]
    products = [
        (step, room)
        for step, room in zip(plan.steps, rooms(plan), strict=True)
        if step["op"] == "multiply"
    ]
    step, room = products[-1]
    assert room == pytest.approx(2.0 ** (bits[1] - 1) / step["scale"])


def test_strain_grows_with_what_the_slots_reach():
    plan, network = compile_network(small()), small()
    x = np.random.default_rng(0).random(network.input_shape)
    registers = dict(enumerate(plan.pack(x)))
    parts = zip(run(plan, registers), rooms(plan), strict=True)
    reached = max(np.abs(v).max() / room for made, room in parts for v in made.values())
    assert strain(plan, x) == pytest.approx(reached)
    assert strain(plan, x) < 1e-3
    assert strain(plan, x * 1e200) == np.inf
