"""The reader and both runs agree on random networks."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings

from hushwork.networks import PlainRun, Ranges, evaluate, read_onnx, trace
from tests.networks.models import Model
from tests.networks.random_models import models


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(models())
def test_layers_compute_what_onnx_runtime_computes(model: Model) -> None:
    network = read_onnx(model.encoded())
    x = np.random.default_rng(0).uniform(size=(3, *network.input_shape))
    expected = PlainRun(network, threads=1)(x)
    got = evaluate(network, x)
    assert got.shape == expected.shape
    tolerance = 1e-4 * max(abs(value).max() for value in trace(network, x).values())
    np.testing.assert_allclose(got, expected, atol=tolerance)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(models())
def test_shapes_are_those_of_the_values(model: Model) -> None:
    network = read_onnx(model.encoded())
    values = trace(network, np.zeros((2, *network.input_shape)))
    assert {name: value.shape[1:] for name, value in values.items()} == network.shapes


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(models())
def test_any_value_of_any_network_can_be_bounded(model: Model) -> None:
    network = read_onnx(model.encoded())
    x = np.random.default_rng(0).uniform(size=(5, *network.input_shape))
    for name, value in trace(network, x).items():
        reached = np.abs(value.reshape(5, -1)).max(axis=1)
        bound = float(np.median(reached))
        np.testing.assert_array_equal(Ranges(network, {name: bound})(x), reached <= bound)
