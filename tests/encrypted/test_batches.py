"""Several images in a run, encrypted: each gets its own answer, and one bad place spoils all."""

import msgspec
import numpy as np
import pytest

from hushwork.encrypted import batch, batches, guarantee, summarise
from hushwork.encrypted.manifest import CIPHERTEXTS, Body, join, parted
from hushwork.errors import BadAnswer, InvalidBytes, InvalidInput, RefusedManifest
from hushwork.guarantee import Manifest
from hushwork.networks import evaluate
from tests.encrypted.networks import Builder, small

IMAGES = 8
FULL = 1 << 13


def vector():
    """Small enough for the smallest ring."""
    return Builder((12,)).linear(6).polynomial(0.2, 0.5, 0.2).linear(3).build("vector")


def images(network, count, seed=0):
    return np.random.default_rng(seed).random((count, *network.input_shape))


class Served:
    """A worker and a client who has its keys."""

    def __init__(self, network, count):
        self.network = network
        self.worker = guarantee.worker(network, images=count)
        self.client = guarantee.client(Manifest.from_bytes(self.worker.manifest.to_bytes()))
        self.session, reply = self.worker.greet(self.client.hello())
        self.client.welcome(reply)

    def __call__(self, x):
        return self.client.open(self.worker.run(self.session, self.client.seal(x))).output


@pytest.fixture(scope="module", params=["interleaved", "full"])
def served(request):
    if request.param == "full":
        return Served(vector(), FULL)
    return Served(small(), IMAGES)


def test_every_image_gets_its_own_answer(served):
    x = images(served.network, served.worker.manifest.images)
    np.testing.assert_allclose(served(x), evaluate(served.network, x), atol=1e-3)


@pytest.mark.parametrize("count", [1, 3])
def test_fewer_images_fill_a_run_over_again(served, count):
    x, places = images(served.network, count), np.arange(served.worker.manifest.images)
    np.testing.assert_allclose(served(x), evaluate(served.network, x)[places % count], atol=1e-3)


def test_one_image_alone_is_a_batch_of_one(served):
    (x,) = images(served.network, 1)
    got = served(x)
    assert got.shape == (served.worker.manifest.images, 3)
    np.testing.assert_allclose(got[-1], evaluate(served.network, x[None])[0], atol=1e-3)


def test_batches_that_do_not_fit_are_refused(served):
    most = served.worker.manifest.images
    empty = images(served.network, 0)
    nan, large = images(served.network, 2), images(served.network, 2)
    nan[1], large[1] = np.nan, 9.0
    for x in (images(served.network, most + 1), empty, nan, large, nan[None]):
        with pytest.raises(InvalidInput):
            served.client.seal(x)


def test_messages_have_the_sizes_that_the_manifest_says(served):
    manifest = served.worker.manifest
    request = served.client.seal(images(served.network, 1))
    assert 0 <= manifest.request_limit - len(request) <= 16 * (1 + len(served.worker.plan.gather))
    assert len(served.worker.run(served.session, request)) <= manifest.response_limit
    assert len(request) == len(served.client.seal(images(served.network, 2)))
    summary = summarise(served.worker)
    assert summary.images == manifest.images
    assert summary.images_per_minute == pytest.approx(60 * manifest.images / summary.seconds)


def test_a_request_lacking_a_ciphertext_is_malformed(served):
    limit = served.worker.manifest.request_limit
    count = len(served.worker.plan.gather)
    request = parted("r", served.client.seal(images(served.network, 1)), count, limit)
    with pytest.raises(InvalidBytes):
        served.worker.run(served.session, join([*request[:-1], request[-1][:-1]]))
    with pytest.raises(InvalidBytes):
        served.worker.run(served.session, join(request[:-1]))


@pytest.mark.parametrize("count", [4, FULL])
def test_an_overflow_of_one_image_spoils_the_batch(count):
    net = Builder((12,)).linear(6)
    for _ in range(2):
        net.polynomial(0.0, 0.0, 50.0).linear(6)
    served = Served(net.build(), count)
    x = 0.2 * images(served.network, count)
    wanted = evaluate(served.network, x)
    np.testing.assert_allclose(served(x), wanted, atol=1e-2 * np.abs(wanted).max())
    x[count // 2] = 8.0
    with pytest.raises(BadAnswer):
        served(x)


@pytest.fixture(scope="module")
def manifest():
    return guarantee.worker(small(), images=IMAGES).manifest


def test_images_are_stated(manifest):
    assert manifest.images == IMAGES
    assert guarantee.worker(small()).manifest.images == 1


@pytest.mark.parametrize("count", [-8, 0, 1, 3, 4, 16, 1 << 14, 1 << 15, 1 << 40])
def test_a_lie_about_images_is_refused(manifest, count):
    with pytest.raises(RefusedManifest):
        guarantee.client(msgspec.structs.replace(manifest, images=count))


def changed(manifest, **fields):
    body = msgspec.structs.replace(msgspec.msgpack.decode(manifest.body, type=Body), **fields)
    return msgspec.structs.replace(manifest, body=msgspec.msgpack.encode(body))


def test_requests_beyond_a_limit_are_refused(monkeypatch, manifest):
    body = msgspec.msgpack.decode(manifest.body, type=Body)
    monkeypatch.setattr("hushwork.encrypted.manifest.MESSAGE_LIMIT", manifest.request_limit)
    with pytest.raises(RefusedManifest, match="ciphertexts of gather"):
        guarantee.client(changed(manifest, gather=body.gather * (CIPHERTEXTS + 1)))
    with pytest.raises(RefusedManifest, match="bytes of a request"):
        guarantee.client(changed(manifest, gather=body.gather * CIPHERTEXTS))


def test_periods_are_those_of_an_image(manifest):
    for field in ("request_period", "response_period"):
        with pytest.raises(RefusedManifest, match="period"):
            guarantee.client(changed(manifest, **{field: 1 << 14}))


def test_the_cheapest_batch_is_taken(monkeypatch):
    costs = {1: 10.0, 2: 11.0, 4: 30.0}
    monkeypatch.setattr(batches, "_shared", lambda *_: costs.items())
    monkeypatch.setattr(batches, "_alone", lambda *_: [(64, 100.0)])
    chosen = {count: batch(small(), count) for count in (1, 2, 3, 4, 12, 20, 32, 1000)}
    assert chosen == {1: 1, 2: 2, 3: 2, 4: 2, 12: 2, 20: 64, 32: 64, 1000: 64}


def test_more_images_cost_less_each():
    chosen = [batch(vector(), count) for count in (1, 8, FULL)]
    assert chosen[0] == 1 < chosen[1] <= 8
    assert chosen[2] == FULL
