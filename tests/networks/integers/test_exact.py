"""The exact run against one in loops, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from hushwork.errors import InvalidInput
from hushwork.networks.integers import exact, quantise_input, run, trace, windows
from hushwork.networks.integers.layers import Requantise, Window
from tests.networks.integers import naive
from tests.networks.integers.random_networks import images, networks


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_every_value_is_that_of_the_loops(network) -> None:
    x = images(network, 2)
    found = trace(network, x)
    for index, image in enumerate(x):
        wanted = naive.run(network, image)
        assert len(found) == len(wanted)
        for got, value in zip(found, wanted, strict=True):
            assert {place: got[index][place] for place in value} == value
    np.testing.assert_array_equal(run(network, x), found[-1][:, 0, 0])


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_values_stay_within_their_ranges(network) -> None:
    x = images(network, 3)
    x[0], x[1] = network.architecture.low, network.architecture.high
    values = network.architecture.values
    for got, value in zip(trace(network, x), values, strict=True):
        assert got.shape[1:] == value.shape
        assert value.low <= got.min()
        assert got.max() <= value.high


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_parts_of_a_batch_are_the_batch(network) -> None:
    x = images(network, 5)
    with pytest.MonkeyPatch.context() as patch:
        whole = run(network, x)
        patch.setattr(exact, "ELEMENTS", 1)
        patch.setattr(windows, "COLUMNS", 1)
        np.testing.assert_array_equal(run(network, x), whole)


def test_halves_are_rounded_up() -> None:
    layer = Requantise((), False, 1, True, None)
    acc = np.array([-5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0])
    np.testing.assert_array_equal(exact.requantise(layer, acc), [-2, -2, -1, -1, 0, 0, 1, 1, 2])


def test_a_maximum_of_negative_numbers_beside_padding() -> None:
    x = np.full((1, 2, 2, 1), -7.0)
    found = windows.maximum(x, Window((2, 2), (1, 1), (1, 1, 1, 1)))
    np.testing.assert_array_equal(found, np.full((1, 3, 3, 1), -7.0))


def test_sums_of_many_products_are_exact() -> None:
    """2^29 and an odd rest: beyond float32."""
    x = np.full((1, 1, 1, 16384), 255.0)
    x[..., 0] = 1.0
    weight = np.full((1, 1, 16384, 1), 127, np.int8)
    assert windows.weighted(x, Window((1, 1)), weight).item() == 127 * (255 * 16383 + 1)


def architecture(shape):
    class Stub:
        low, high, input_scale = -100, 255, 0.25

    Stub.shape = shape
    return Stub()


def test_inputs_are_rounded_and_kept_within_the_range() -> None:
    x = np.array([[-1000.0, -0.126, -0.125, 0.124, 0.125, 1.0, 1000.0]])
    found = quantise_input(architecture((1, 1, 7)), x)
    np.testing.assert_array_equal(found[0, 0, 0], [-100, -1, 0, 0, 1, 4, 255])


def test_channels_come_last() -> None:
    x = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5) / 4
    found = quantise_input(architecture((4, 5, 3)), x)
    np.testing.assert_array_equal(found, (4 * x).transpose(0, 2, 3, 1))
    pixel = quantise_input(architecture((1, 1, 3)), x[:, :, :1, :1])
    np.testing.assert_array_equal(pixel, found[:, :1, :1])


@pytest.mark.parametrize("x", [np.zeros((1, 4)), np.full((1, 1, 1, 7), np.nan), "image"])
def test_inputs_of_another_kind_are_refused(x: object) -> None:
    with pytest.raises(InvalidInput, match="7"):
        quantise_input(architecture((1, 1, 7)), x)


@pytest.mark.parametrize("value", [0.5, 256, -101, np.nan])
def test_numbers_that_no_input_can_be_are_refused(value: float) -> None:
    class Network:
        architecture = architecture((1, 1, 1))

    with pytest.raises(InvalidInput):
        run(Network(), np.full((1, 1, 1, 1), value))
