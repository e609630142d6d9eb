"""The shipped networks of ReLU and max pools, as ONNX and ONNX Runtime see them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from hushwork.networks import sample, zoo
from hushwork.networks.data import LABELS, to_input
from hushwork.networks.train import advice

CONVOLUTION, LAST = ["Conv", "Relu"], ["Gemm", "Relu", "Gemm", "Relu", "Gemm"]
LENET5 = [*CONVOLUTION, "MaxPool", *CONVOLUTION, "MaxPool", "Flatten", *LAST]
LAYERS = {
    "lenet5-fashion-mnist": LENET5,
    "lenet5-mnist": LENET5,
    "staking-advisor": [*CONVOLUTION, *CONVOLUTION, "Conv", "Flatten"],
    "vgg9-relu-cifar-10": [
        *(*CONVOLUTION, *CONVOLUTION, "MaxPool"),
        *(*CONVOLUTION, *CONVOLUTION, "MaxPool"),
        *(*CONVOLUTION, *CONVOLUTION, "Flatten", *LAST),
    ],
}
WEIGHTS = {
    "lenet5-fashion-mnist": 44_426,
    "lenet5-mnist": 44_426,
    "staking-advisor": 833,
    "vgg9-relu-cifar-10": 1_544_778,
}
NAMES_OF_OUTPUTS = {
    "lenet5-fashion-mnist": LABELS["fashion-mnist"],
    "lenet5-mnist": LABELS["mnist"],
    "staking-advisor": tuple(f"validator {number}" for number in range(1, 17)),
    "vgg9-relu-cifar-10": LABELS["cifar-10"],
}


def path_of(name: str) -> Path:
    return Path(zoo.__file__).with_name(f"{name}.onnx".replace("-", "_"))


def run(name: str, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path_of(name))
    (output,) = session.run(None, {"image": x.astype(np.float32)})
    return output


@pytest.fixture(params=zoo.PROVED)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_layers_and_weights_are_as_they_should_be(name: str) -> None:
    model = onnx.load_model(path_of(name))
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == LAYERS[name]
    sizes = [np.prod(tensor.dims) for tensor in model.graph.initializer]
    assert sum(sizes) == WEIGHTS[name]


def test_names(name: str) -> None:
    metadata = {entry.key: entry.value for entry in onnx.load_model(path_of(name)).metadata_props}
    assert metadata["hushwork.name"] == name
    assert tuple(json.loads(metadata["hushwork.labels"])) == NAMES_OF_OUTPUTS[name]


@pytest.mark.parametrize("name", ["lenet5-fashion-mnist", "vgg9-relu-cifar-10"])
def test_a_network_is_right_on_the_sample_of_its_data(name: str) -> None:
    images, labels = sample(name.partition("-")[2].removeprefix("relu-"))
    assert (run(name, to_input(images)).argmax(axis=1) == labels).mean() >= 0.8


def test_lenet_5_takes_digits() -> None:
    images, _ = sample("fashion-mnist")
    assert run("lenet5-mnist", to_input(images)).shape == (len(images), 10)


def test_the_advisor_earns_more_than_simple_rules() -> None:
    found = dict(advice.compare(lambda seen: run("staking-advisor", seen), 5_000, 1))
    mean = {rule: value for rule, (value, _) in found.items()}
    assert mean["the advisor"] > mean["highest past return"] > mean["lowest commission"]
