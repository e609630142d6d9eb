"""Somebody's network with ReLU, GELU and max pooling, adapted and run encrypted."""

import numpy as np

from hushwork.encrypted import depth, guarantee
from hushwork.networks import PlainRun
from hushwork.networks.adapt import Method, adapt, prepare
from tests.networks.models import Model

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((64, 1, 12, 12)).astype(np.float32)


def strangers_network():
    model = Model(1, 12, 12, opset=20)
    model.node("Conv", "x", model.tensor(RANDOM.standard_normal((4, 1, 3, 3)) / 2), pads=[1] * 4)
    trunk = model.node("Relu")
    weight = RANDOM.standard_normal((4, 4, 3, 3)) / 6
    model.node("Conv", trunk, model.tensor(weight), pads=[1] * 4)
    model.node("Add", model.node("Gelu"), trunk)
    model.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    model.node("Flatten")
    model.node("Gemm", model.last, model.tensor(RANDOM.standard_normal((144, 5)) / 12))
    model.node("Softmax")
    return prepare(model.encoded(), mean=[0.5], std=[0.3])


def test_it_answers_as_in_the_clear():
    network = adapt(strangers_network(), IMAGES, Method(5), lambda *_: None).network
    worker = guarantee.worker(network)
    assert worker.plan.request_limbs - 1 == depth(network)[0]
    client = guarantee.client(worker.manifest)
    session, reply = worker.greet(client.hello())
    client.welcome(reply)
    wanted = PlainRun(network)(IMAGES[:3])
    for image, plain in zip(IMAGES, wanted, strict=False):
        output = client.open(worker.run(session, client.seal(image))).output
        np.testing.assert_allclose(output, plain, atol=1e-3 * np.ptp(plain))
    client.close()
