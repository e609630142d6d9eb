"""Outputs that are flattened convolutions: in whole numbers they are matrices."""

from __future__ import annotations

import numpy as np
import pytest

from hushwork.errors import TooLarge, UnsupportedOperator
from hushwork.networks import PlainRun, open_network, read_onnx
from hushwork.networks.integers import quantise, quantise_input, run
from tests.networks.models import Model

RNG = np.random.default_rng(11)


def flattened(size: int = 6, **attributes: object) -> Model:
    model = Model(2, size, size)
    kernel, bias = RNG.normal(size=(3, 2, 3, 3)), RNG.normal(size=3)
    model.node("Conv", "x", model.tensor(kernel), model.tensor(bias), **attributes)
    return model


@pytest.mark.parametrize(
    "attributes", [{}, {"strides": [2, 1]}, {"pads": [1, 0, 0, 2]}, {"strides": [3, 3]}]
)
def test_a_flattened_convolution_is_a_matrix(attributes: dict[str, object]) -> None:
    model = flattened(**attributes)
    model.node("Flatten")
    network = read_onnx(model.encoded())
    x = RNG.uniform(size=(64, 2, 6, 6))
    whole = quantise(network, x)
    outputs = run(whole, quantise_input(whole.architecture, x)) * whole.architecture.output_scale
    plain = PlainRun(network)(x)
    assert outputs.shape == plain.shape
    assert np.abs(outputs - plain).max() < 0.02 * np.abs(plain).max()


def test_where_to_stake_survives_whole_numbers() -> None:
    network = open_network("staking-advisor")
    x = RNG.uniform(size=(300, *network.input_shape))
    whole = quantise(network, x[:150])
    found = run(whole, quantise_input(whole.architecture, x)).argmax(1)
    assert (found == PlainRun(network)(x).argmax(1)).mean() > 0.95


def test_large_matrices_and_other_functions_are_refused() -> None:
    model = flattened(60)
    model.node("Flatten")
    with pytest.raises(TooLarge):
        quantise(read_onnx(model.encoded()), RNG.uniform(size=(2, 2, 60, 60)))
    model = flattened()
    model.node("AveragePool", kernel_shape=[2, 2])
    model.node("Flatten")
    with pytest.raises(UnsupportedOperator):
        quantise(read_onnx(model.encoded()), RNG.uniform(size=(2, 2, 6, 6)))
