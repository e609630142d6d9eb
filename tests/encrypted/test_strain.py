"""Inputs that overflow somewhere: told apart by the judge, and typed errors on opening."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from hushwork.encrypted import compile_network, compiler, guarantee, search
from hushwork.encrypted.lifetimes import used
from hushwork.encrypted.simulate import outputs, run, simulate
from hushwork.encrypted.strain import limits, rounding, strain
from hushwork.errors import BadAnswer
from hushwork.networks import Ranges, evaluate
from tests.encrypted.networks import Builder, small

MASKS = search.MASKS
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


@pytest.fixture(scope="module", autouse=True)
def garbage():
    """Masks would cost these small networks nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "MASKS", -1)
        yield


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


def test_garbage_is_masked_where_that_costs_little(network, monkeypatch):
    assert strain(compile_network(network), RAMP) > 1
    monkeypatch.setattr(search, "MASKS", MASKS)
    assert strain(compile_network(network), RAMP) < 1


def test_room_is_half_the_modulus_by_the_scale():
    plan = compile_network(small())
    bits = np.cumsum(np.log2(plan.moduli))
    *_, linear, last = zip(plan.steps, limits(plan)[:, 1], strict=True)
    assert last[0]["op"] == "rotate_add"
    assert last[1] == pytest.approx(2.0 ** (bits[0] - 1) / plan.output_scale)
    assert linear[1] == last[1]
    products = [
        (step, room)
        for step, room in zip(plan.steps, limits(plan)[:, 1], strict=True)
        if step["op"] == "multiply"
    ]
    step, room = products[-1]
    assert room == pytest.approx(2.0 ** (bits[1] - 1) / step["scale"])


def test_strain_is_the_largest_part_of_what_slots_may_reach():
    plan, network = compile_network(small()), small()
    x = np.random.default_rng(0).random(network.input_shape)
    registers = dict(enumerate(plan.pack(x)))
    for _ in run(plan, registers):
        pass
    parts = []
    for step, (read, made) in zip(plan.steps, limits(plan), strict=True):
        sources, written = used(step)
        parts += [np.sqrt(np.mean(registers[register] ** 2)) / read for register in sources]
        parts += [np.abs(registers[register]).max() / made for register in written]
    assert strain(plan, x) == pytest.approx(max(parts))
    assert strain(plan, x) < 1e-2
    assert strain(plan, x * 1e200) == np.inf


def test_rounding_is_what_rounded_coefficients_do():
    random, slots = np.random.default_rng(0), 64
    errors = []
    for length in (64, 64, 16, 4) * 200:
        angles = np.pi * (2 * np.arange(length) + 1) / (2 * length)
        basis = 2 * np.cos(np.outer(angles, np.arange(length)))
        basis[:, 0] = 1
        exact = np.linalg.solve(basis, random.standard_normal(length) * 2.0**20)
        error = np.tile(basis @ (np.round(exact) - exact), slots // length)
        errors.append(error * random.standard_normal(slots))
    summed = np.reshape(errors, (200, 4, slots)).sum(axis=1)
    lengths = ((0, 64), (0, 64), (0, 16), (0, 4), (1, 4))
    terms = [(output, 0, 0, 0, 0, np.zeros(length)) for output, length in lengths]
    step = {"outputs": [0, 1], "terms": terms}
    assert rounding(step, 1) == pytest.approx(np.sqrt(np.mean(summed**2)), rel=0.05)
    assert rounding(step, 4) == 2 * rounding(step, 1)


def spoilt():
    """Values near one, beside garbage past the borders, millions on a ramp."""
    net = Builder((1, 8, 8)).convolve(32, (3, 3))
    layer, name = net.layers[-1], net.last
    layer.weight[...], layer.bias[...] = 0, 0
    layer.weight[:, 0, 1, 0], layer.weight[:, 0, 1, 2] = -4, 4
    for _ in range(4):
        net.polynomial(0.5, 0.0, 0.5)
    return replace(net.flatten().linear(3).build(), bounds={name: 1.5})


def test_an_image_whose_garbage_spoils_its_values_is_told_apart():
    network, images = spoilt(), np.stack([RAMP, RAMP / 2])
    judge, plan = guarantee.judge(network), compile_network(network)
    assert Ranges(network, judge.manifest.bounds)(images).all()
    overflow = simulate(plan, RAMP)[1][:, 1] / limits(plan)[:, 1]
    assert overflow.max() < 1e-3
    assert judge.within(images).tolist() == [False, True]


def test_weights_are_encoded_more_finely_beside_garbage(monkeypatch):
    network, errors = spoilt(), []
    wanted = evaluate(network, RAMP[None] / 2)[0]
    for comfort in (compiler.COMFORT, np.inf):
        monkeypatch.setattr(compiler, "COMFORT", comfort)
        worker = guarantee.worker(network)
        with closing(guarantee.client(worker.manifest)) as client:
            session, _ = worker.greet(client.hello())
            output = client.open(worker.run(session, client.seal(RAMP / 2))).output
        errors.append(np.abs(output - wanted).max())
    assert errors[0] < 2e-4
    assert errors[1] > 4 * errors[0]


def test_garbage_that_leaves_float64_is_masked():
    net = Builder((1, 8, 8)).convolve(32, (3, 3))
    layer, name = net.layers[-1], net.last
    layer.weight[...], layer.bias[...] = 0, 0
    layer.weight[:, 0, 1] = 100, -200, 100
    for _ in range(8):
        net.polynomial(0.5, 0.0, 0.5)
    network = replace(net.flatten().linear(3).build(), bounds={name: 1.0}, typical=RAMP)
    plan = compile_network(network)
    assert strain(plan, RAMP) < 1
    wanted = evaluate(network, RAMP[None])[0]
    np.testing.assert_allclose(outputs(plan, simulate(plan, RAMP)[0]), wanted)
