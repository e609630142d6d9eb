"""The shipped networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from hushwork.errors import NotFound
from hushwork.networks import (
    Convolution,
    Flatten,
    Linear,
    Network,
    PlainRun,
    Polynomial,
    evaluate,
    open_network,
    sample,
    trace,
    zoo,
)
from hushwork.networks.data import LABELS, to_input
from hushwork.networks.train.evaluate import in_integers, right
from hushwork.networks.zoo import NAMES

LENETS = tuple(name for name in NAMES if name.startswith("lenet-"))


@pytest.fixture(params=LENETS, scope="module")
def network(request: pytest.FixtureRequest) -> Network:
    return open_network(request.param)


def test_layers_are_those_of_orions_lenet(network: Network) -> None:
    kinds = [Convolution, Polynomial, Convolution, Polynomial, Flatten, Linear, Polynomial, Linear]
    assert [type(layer) for layer in network.layers] == kinds
    shapes = [network.shapes[layer.output] for layer in network.layers]
    assert shapes[::2] == [(32, 14, 14), (64, 7, 7), (3136,), (512,)]
    assert network.output_shape == (10,)
    for layer in network.layers:
        if isinstance(layer, Convolution):
            assert layer.weight.shape[2:] == (5, 5)
            assert (layer.stride, layer.padding) == ((2, 2), (2, 2, 2, 2))
        if isinstance(layer, Polynomial):
            assert layer.degree == 2


def test_only_plain_operators_are_used(network: Network) -> None:
    model = onnx.load_model_from_string(network.onnx)
    assert {node.op_type for node in model.graph.node} == {"Conv", "Gemm", "Flatten", "Mul", "Add"}


def test_names(network: Network) -> None:
    assert network.name in LENETS
    assert network.labels == LABELS[network.name.removeprefix("lenet-")]


def test_default_network_is_right_on_the_sample() -> None:
    images, labels = sample()
    logits = PlainRun(open_network("lenet-fashion-mnist"))(to_input(images))
    assert (logits.argmax(axis=1) == labels).mean() >= 0.89


def test_both_runs_agree_on_the_sample(network: Network) -> None:
    x = to_input(sample()[0])
    np.testing.assert_allclose(PlainRun(network)(x), evaluate(network, x), atol=1e-4)


@pytest.mark.parametrize("kind", ["real", "blended", "inverted", "noise", "black", "white"])
def test_nothing_runs_away(network: Network, kind: str) -> None:
    real = to_input(sample()[0])
    x = {
        "real": real,
        "blended": (real + real[::-1]) / 2,
        "inverted": 1 - real,
        "noise": np.random.default_rng(0).uniform(size=real.shape),
        "black": np.zeros_like(real),
        "white": np.ones_like(real),
    }[kind]
    values = trace(network, x)
    before = [layer.inputs[0] for layer in network.layers if isinstance(layer, Polynomial)]
    assert max(np.abs(values[name]).max() for name in before) < 12
    assert np.abs(values[network.output]).max() < 30


@pytest.fixture(scope="module")
def vgg() -> Network:
    return open_network("vgg9")


def test_vgg_9_has_the_layers_and_labels_that_it_should(vgg: Network) -> None:
    weights = [
        layer.weight.shape for layer in vgg.layers if isinstance(layer, Convolution | Linear)
    ]
    assert weights == [
        *((64, 3, 3, 3), (128, 64, 3, 3), (128, 128, 3, 3)),
        *((128, 128, 3, 3), (256, 128, 3, 3), (256, 256, 3, 3)),
        *((512, 256), (512, 512), (10, 512)),
    ]
    degrees = [layer.degree for layer in vgg.layers if isinstance(layer, Polynomial)]
    assert degrees == [2] * 8
    assert vgg.input_shape == (3, 32, 32)
    assert (vgg.name, vgg.labels) == ("vgg9-cifar-10", LABELS["cifar-10"])


def test_both_runs_of_vgg_9_agree_on_its_sample(vgg: Network) -> None:
    x = to_input(sample("cifar-10")[0])[:8]
    np.testing.assert_allclose(PlainRun(vgg)(x), evaluate(vgg, x), rtol=1e-3, atol=1e-3)


def test_a_path_and_an_unknown_name() -> None:
    path = Path(zoo.__file__).with_name("lenet_mnist.onnx")
    assert open_network(path).digest == open_network("lenet-mnist").digest
    with pytest.raises(NotFound, match="lenet-mnist"):
        open_network("vgg")


def test_a_network_in_whole_numbers_is_as_good() -> None:
    images, labels = sample()
    network = open_network("lenet-fashion-mnist")
    whole = in_integers(network, images[:128], to_input(images))
    assert right(whole, labels) >= right(PlainRun(network)(to_input(images)), labels) - 3
