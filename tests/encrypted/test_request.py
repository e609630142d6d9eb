"""A request carries one of the copies of its slots that the ring holds."""

import numpy as np
import pytest

from hushwork._native import Evaluator
from hushwork.encrypted import compile_network, guarantee
from hushwork.encrypted.condense import condensed, spread
from hushwork.encrypted.cost import Cost
from hushwork.encrypted.layout import VALUE, Geometry, Grid, grid
from hushwork.encrypted.manifest import join, parted
from hushwork.encrypted.simulate import outputs, simulate
from hushwork.encrypted.tiers import Tier
from hushwork.errors import MalformedBytes, TooLarge
from hushwork.networks import evaluate
from tests.encrypted.networks import Builder


def image(network, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, network.input_shape)


def sealed(client, x, period, scale=1.0, limbs=0):
    """A request of another period, scale or depth than the manifest's."""
    body = client._terms.body
    slots = np.resize(np.append(x.reshape(-1), 0.0)[client._terms.gather[0]], period)
    at = (scale * body.request_scale, body.request_limbs + limbs)
    return join([client._secret.encrypt_projected(slots, *at)])


def test_one_copy_travels(network, worker, client):
    plan, body = worker.plan, client._terms.body
    assert body.request_period == plan.request_period == 1 << 10
    assert client._terms.copies == 16
    (one,) = parted("request", client.seal(image(network)), 1, worker.manifest.request_limit)
    described = Evaluator(client._terms.parameters).describe_projected(one)
    assert described == (plan.request_limbs, plan.request_scale, 1 << 10)


def test_the_first_steps_sum_the_copies(worker):
    step, *others = worker.plan.steps
    assert step["op"] == "rotate_add"
    assert step["steps"] == [1 << 10, 1 << 11, 1 << 12, 1 << 13]
    assert worker.plan.names[0] == next(iter(worker.plan.layers))
    reads = [step.get("input"), *(r for s in others for r in s.get("inputs", [s.get("input")]))]
    assert reads.count(0) == 1


def test_a_request_of_another_period_is_refused(network, worker, client, session):
    period = client._terms.body.request_period
    x = image(network)
    for other in (1, period // 2, 2 * period, 1 << 14):
        with pytest.raises((MalformedBytes, TooLarge)):
            worker.run(session, sealed(client, x, other))
    for wrong in ({"scale": 2.0}, {"limbs": -1}):
        with pytest.raises(MalformedBytes):
            worker.run(session, sealed(client, x, period, **wrong))
    worker.run(session, sealed(client, x, period))


def test_a_whole_ciphertext_is_no_request(worker, client, session):
    body = client._terms.body
    low = client._secret.encrypt(np.zeros(1), body.request_scale, 1)
    for whole in (low, client._secret.encrypt(np.zeros(1), body.request_scale)):
        with pytest.raises((MalformedBytes, TooLarge)):
            worker.run(session, join([whole]))


def test_the_sum_of_fewer_copies_is_not_the_request(network):
    plan, x = compile_network(network), image(network)
    wanted = evaluate(network, x[None])[0]
    found, _ = simulate(plan, x)
    np.testing.assert_allclose(outputs(plan, found), wanted, atol=1e-8)
    plan.steps[0]["steps"].append(1 << 9)
    try:
        found, _ = simulate(plan, x)
        assert np.abs(outputs(plan, found) - wanted).max() > 1e-3
    finally:
        plan.steps[0]["steps"].pop()


@pytest.mark.parametrize(("shape", "copies"), [((1, 4, 4), 16), ((1, 16, 16), 8)])
def test_what_does_not_fill_the_ring_is_sent_once(shape, copies):
    net = Builder(shape).convolve(4, (3, 3), (2, 2), (1, 1, 1, 1)).activate()
    plan = compile_network(net.flatten().linear(3).build())
    assert (1 << plan.log_n) // plan.request_period == copies


def tiled(channels):
    """An image that fills the ring, its channels repeated in each position."""
    form = Grid(Geometry(1 << 10, (1, 1), 8, 16), (1, 1), channels)
    return grid((channels, 8, 8), form, tiled=True)


@pytest.mark.parametrize(("channels", "copies"), [(2, 2), (2, 4), (4, 2), (4, 4), (8, 2)])
def test_masks_spread_what_is_condensed(channels, copies):
    layout = tiled(channels)
    sent = condensed(layout, copies)
    assert sent.period == layout.slots // copies
    elements = np.random.default_rng(0).uniform(1, 2, len(layout.addresses))
    x, wanted = np.zeros(layout.slots), np.zeros(layout.slots)
    x[sent.addresses] = elements[:, None]
    wanted[layout.addresses] = elements[:, None]
    np.testing.assert_array_equal(x, np.tile(x[: sent.period], copies))
    made = spread(sent, layout)
    got = np.zeros(layout.slots)
    for offset, weights in zip(made.places.offset, made.weights, strict=True):
        got += np.roll(x, -offset) * np.resize(weights, layout.slots)
    np.testing.assert_array_equal(got, wanted)
    np.testing.assert_array_equal(made.layout.states, layout.states)
    assert len(made.weights) <= 16 // channels + copies - 1


def test_what_leaves_no_slots_free_is_not_condensed():
    assert (tiled(16).states == VALUE).all()
    assert condensed(tiled(16), 2) is None
    assert condensed(tiled(8), 4) is None


def test_an_input_that_leaves_slots_free_is_condensed():
    net = Builder((1, 28, 28)).convolve(32, (5, 5), (2, 2), (2, 2, 2, 2)).activate()
    net.convolve(64, (5, 5), (2, 2), (2, 2, 2, 2)).activate().flatten()
    network = net.linear(512).activate().linear(10).build()
    worker = guarantee.worker(network)
    client = guarantee.client(worker.manifest)
    assert worker.plan.request_limbs == worker.plan.layers[worker.plan.names[0]].limbs[0] + 1
    assert worker.plan.gather.shape == (1, 1 << 13)
    assert worker.manifest.request_limit <= 500_000
    assert worker.manifest.hello_limit <= 50_000_000
    session, _ = worker.greet(client.hello())
    x = image(network)
    got = client.open(worker.run(session, client.seal(x))).output
    wanted = evaluate(network, x[None])[0]
    assert np.abs(got - wanted).max() <= 1e-4 * max(np.abs(wanted).max(), np.ptp(wanted))


@pytest.mark.parametrize("elements", [5, 20, 300])
def test_vectors_are_sent_once(elements):
    network = Builder((elements,)).linear(5).build()
    worker = guarantee.worker(network)
    client = guarantee.client(worker.manifest)
    session, _ = worker.greet(client.hello())
    x = image(network)
    got = client.open(worker.run(session, client.seal(x))).output
    np.testing.assert_allclose(got, evaluate(network, x[None])[0], atol=1e-4)
    assert client._terms.copies > 1


def test_halving_a_request_is_worth_a_rotation_and_a_key_while_it_is_large():
    model = Cost(1 << 14, (Tier(8, 3, 3),))
    prices = [model.request(8, 1, 1 << k) for k in range(15)]
    best = int(np.argmin(prices))
    assert 1 < best < 6
    assert prices[: best + 1] == sorted(prices[: best + 1], reverse=True)
    assert prices[best:] == sorted(prices[best:])
    spared = model.request(8, 1, 1) - model.request(8, 1, 2)
    assert model.request(8, 2, 1) == 2 * model.request(8, 1, 1)
    assert model.request(8, 2, 1) - model.request(8, 2, 2) > 2 * spared
