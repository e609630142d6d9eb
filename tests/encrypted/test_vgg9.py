"""VGG-9 as it is shipped, encrypted: on its sample, and on images unlike those it was made for."""

from contextlib import closing

import numpy as np
import pytest

from hushwork.encrypted import compile_network, guarantee
from hushwork.encrypted.strain import strain
from hushwork.encrypted.worker import EncryptedWorker
from hushwork.errors import BadAnswer
from hushwork.networks import Ranges, evaluate, open_network, sample
from hushwork.networks.data import to_input
from hushwork.subnet.scoring import agrees

NOISE = np.random.default_rng(0).random((3, 32, 32))
BOARD = np.tile(np.indices((32, 32)).sum(axis=0) % 2, (3, 1, 1)).astype(float)
PHOTO = to_input(sample("cifar-10")[0][:2])
STRESS = {
    "black": np.zeros((3, 32, 32)),
    "white": np.ones((3, 32, 32)),
    "inverted": 1 - PHOTO[0],
    "two at once": PHOTO.mean(axis=0),
    "a little noise": 0.9 * PHOTO[0] + 0.1 * NOISE,
    "noise": NOISE,
    "saturated noise": np.round(NOISE),
    "checkerboard": BOARD,
    "large squares": np.kron(BOARD[:, :4, :4], np.ones((8, 8))),
}


@pytest.fixture(scope="module")
def network():
    return open_network("vgg9")


@pytest.fixture(scope="module")
def plan(network):
    return compile_network(network)


@pytest.fixture(scope="module")
def worker(network, plan):
    return EncryptedWorker(network, plan)


@pytest.fixture(scope="module")
def opened(worker):
    """From an image to what its answer opens to."""
    with closing(guarantee.client(worker.manifest)) as client:
        session, _ = worker.greet(client.hello())
        yield lambda x: client.open(worker.run(session, client.seal(x))).output


def test_its_plan_keeps_few_weights_and_its_keys_are_small(worker, plan):
    weights = [term[-1] for step in plan.steps if step["op"] == "linear" for term in step["terms"]]
    assert sum(map(len, weights)) < 1 << 25
    assert worker.manifest.hello_limit < 400_000_000


def test_photographs_are_answered_as_by_the_plain_run(network, opened):
    for x in to_input(sample("cifar-10")[0][-3:]):
        assert agrees(opened(x), evaluate(network, x[None])[0], 1e-3)


def test_stress_images_are_right_or_told_apart(network, worker, plan, opened):
    ranges, within = Ranges(network, worker.manifest.bounds), {}
    for name, x in STRESS.items():
        within[name] = ranges(x[None])[0] and strain(plan, x) < 1
        if within[name]:
            assert agrees(opened(x), evaluate(network, x[None])[0]), name
    assert within["black"]
    assert not within["saturated noise"]


def test_an_overflow_is_an_error(plan, opened):
    assert strain(plan, STRESS["saturated noise"]) > 1e6
    with pytest.raises(BadAnswer):
        opened(STRESS["saturated noise"])
