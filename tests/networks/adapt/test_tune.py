"""Fine-tuning: the module is the network, and training brings it back."""

import numpy as np
import pytest

from hushwork.networks import PlainRun, evaluate
from hushwork.networks.adapt import Method, adapt, prepare
from hushwork.networks.adapt.examples import examples
from hushwork.networks.layers import Convolution, Polynomial
from tests.networks.adapt.test_adapting import IMAGES, SILENT, convolved, finished

torch = pytest.importorskip("torch")
tuning = pytest.importorskip("hushwork.networks.adapt.tune")

RANDOM = np.random.default_rng(0)


def original():
    model = convolved(2, 10, 10)
    trunk = model.node("Relu")
    weight = RANDOM.standard_normal((4, 4, 3, 3)) / 6
    model.node("Conv", trunk, model.tensor(weight), pads=[1] * 4)
    model.node("Add", model.node("Relu"), trunk)
    model.node("MaxPool", kernel_shape=[3, 3], strides=[2, 2])
    model.node("AveragePool", kernel_shape=[2, 2], strides=[1, 1], pads=[0, 1, 0, 1])
    return prepare(finished(model, 32).encoded(), mean=[0.3])


def test_the_module_computes_what_the_network_does():
    network = adapt(original(), IMAGES, Method(6), SILENT).network
    module = tuning.Module(network)
    with torch.no_grad():
        outputs, excess = module(torch.from_numpy(IMAGES), 1.01)
    wanted = evaluate(network, IMAGES)
    np.testing.assert_allclose(outputs.numpy(), wanted, atol=1e-4 * np.abs(wanted).max())
    assert excess.abs().max() == 0
    again = module.network()
    np.testing.assert_allclose(evaluate(again, IMAGES), wanted, atol=1e-5 * np.abs(wanted).max())


def test_values_beyond_the_range_are_clamped_and_counted():
    network = adapt(original(), IMAGES, Method(6), SILENT).network
    module = tuning.Module(network)
    with torch.no_grad():
        inside = module(torch.from_numpy(IMAGES), 0.9)
        outside = module(torch.from_numpy(IMAGES * 20), 0.9)
    assert outside[1].min() > 10 * inside[1].max()
    assert torch.isfinite(outside[0]).all()


def test_training_brings_labels_back_and_keeps_zeros():
    first = original()
    labels = first(IMAGES).argmax(axis=1)
    network = adapt(first, IMAGES, Method(2), SILENT).network
    data = examples(IMAGES, labels, (2, 10, 10))
    tuned = tuning.tune(network, data, tuning.Schedule(30, batch=16, rate=0.02), SILENT)
    before, after = (
        (PlainRun(one)(IMAGES).argmax(axis=1) == labels).mean() for one in (network, tuned)
    )
    assert after > before
    assert tuned.bounds == network.bounds
    for old, new in zip(network.layers, tuned.layers, strict=True):
        if isinstance(old, Convolution):
            np.testing.assert_array_equal(old.weight == 0, new.weight == 0)
    moved = [
        not np.allclose(old.series, new.series)
        for old, new in zip(network.layers, tuned.layers, strict=True)
        if isinstance(old, Polynomial)
    ]
    assert any(moved)
