"""Networks of growing size, made narrow, from compilation to the opened answer."""

import numpy as np
import pytest

from benchmarks.growing import NETWORKS, multiply_adds
from hushwork.encrypted import depth, guarantee
from hushwork.networks import evaluate

NARROW = {"mlp": 1, "conv3": 8, "lenet": 8, "resnet8": 16, "vgg6": 16, "vgg9_64": 32}
LEVELS = {
    "mlp": 3,
    "conv3": 7,
    "lenet": 7,
    "resnet8": 15,
    "vgg6": 11,
    "vgg9_64": 17,
    "vgg9_96": 17,
}


@pytest.mark.parametrize("name", NARROW)
def test_a_narrow_one_computes_what_the_plain_run_does(name):
    network = NETWORKS[name](NARROW[name])
    worker = guarantee.worker(network)
    client = guarantee.client(worker.manifest)
    session, reply = worker.greet(client.hello())
    client.welcome(reply)
    x = np.random.default_rng(0).random(network.input_shape)
    output = client.open(worker.run(session, client.seal(x))).output
    wanted = evaluate(network, x[None])[0]
    np.testing.assert_allclose(output, wanted, rtol=0, atol=1e-3 * np.ptp(wanted))


def test_they_grow_and_vgg9_is_zamas():
    work = {name: multiply_adds(made()) for name, made in NETWORKS.items()}
    assert list(work.values()) == sorted(work.values())
    assert set(work) == set(LEVELS)
    assert round(work["vgg9_64"] / 1e6, 1) == 59.5


@pytest.mark.parametrize(("name", "levels"), LEVELS.items())
def test_levels_do_not_depend_on_widths(name, levels):
    assert depth(NETWORKS[name](narrow=16))[0] == levels
