"""What the reader recovers from ONNX, and what it says of the file itself."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from hushwork.errors import InvalidNetwork
from hushwork.networks import (
    Add,
    AveragePool,
    Convolution,
    Flatten,
    Linear,
    MaxPool,
    Network,
    PlainRun,
    Pointwise,
    Polynomial,
    evaluate,
    read_onnx,
    trace,
)
from hushwork.networks.functions import Clip, LeakyRelu, Relu, Sigmoid, Tanh
from hushwork.networks.polynomials import powers
from tests.networks.models import Model

ONES = np.ones


def kinds(network: Network) -> list[type]:
    return [type(layer) for layer in network.layers]


def small() -> Model:
    """A convolution of an image (1, 4, 4) to two channels."""
    model = Model(1, 4, 4)
    model.node("Conv", "x", model.tensor(ONES((2, 1, 3, 3))), model.tensor([1.0, 2.0]))
    return model


def finished(model: Model) -> Network:
    model.node("Flatten")
    return read_onnx(model.encoded())


def test_batch_norm_is_folded_into_the_convolution_before_it() -> None:
    model = small()
    vectors = ([2.0, 3.0], [0.5, 0.0], [1.0, 1.0], [4.0, 1.0])
    model.node("BatchNormalization", model.last, *map(model.tensor, vectors), epsilon=0.0)
    network = finished(model)
    assert kinds(network) == [Convolution, Flatten]
    convolution = network.layers[0]
    assert isinstance(convolution, Convolution)
    np.testing.assert_allclose(convolution.weight[:, 0, 0, 0], [1.0, 3.0])
    np.testing.assert_allclose(convolution.bias, [0.5, 3.0])


def test_batch_norm_of_a_shared_value_is_a_polynomial() -> None:
    model = small()
    shared = model.last
    model.node("BatchNormalization", shared, *[model.tensor(ONES(2)) for _ in range(4)])
    model.node("Conv", model.last, model.tensor(ONES((2, 2, 1, 1))))
    model.node("Add", model.last, shared)
    network = finished(model)
    assert kinds(network) == [Convolution, Polynomial, Convolution, Add, Flatten]


def test_a_value_read_again_under_another_name_is_not_folded() -> None:
    model = small()
    first = model.last
    one = model.tensor(1.0)
    same = model.node("Mul", first, one)
    twice = model.node("Mul", same, model.tensor(2.0))
    model.node("Conv", first, model.tensor(ONES((2, 2, 1, 1))))
    model.node("Add", model.last, twice)
    network = finished(model)
    convolution = network.layers[0]
    assert isinstance(convolution, Convolution)
    np.testing.assert_array_equal(convolution.bias, [1.0, 2.0])


def test_horner_is_one_polynomial_with_coefficients_of_each_channel() -> None:
    model = small()
    x = model.last
    model.node("Mul", x, model.tensor([[[0.5]], [[0.25]]]))
    model.node("Add", model.last, model.tensor(3.0))
    model.node("Mul", model.last, x)
    model.node("Sub", model.last, model.tensor([[[[7.0]], [[8.0]]]]))
    network = finished(model)
    assert kinds(network) == [Convolution, Polynomial, Flatten]
    polynomial = network.layers[1]
    assert isinstance(polynomial, Polynomial)
    np.testing.assert_array_equal(
        powers(polynomial.series), [[-7.0, -8.0], [3.0, 3.0], [0.5, 0.25]]
    )


def test_powers_of_powers_stay_one_polynomial() -> None:
    model = small()
    model.node("Pow", model.last, model.tensor(3, np.int64))
    model.node("Pow", model.last, model.tensor(2.0))
    network = finished(model)
    polynomial = network.layers[1]
    assert isinstance(polynomial, Polynomial)
    np.testing.assert_array_equal(powers(polynomial.series)[:, 0], [0, 0, 0, 0, 0, 0, 1])


def test_matrix_product_takes_its_bias() -> None:
    model = Model(3)
    model.node("MatMul", "x", model.tensor(np.arange(6).reshape(3, 2)))
    model.node("Add", model.last, model.tensor([5.0, 6.0]))
    network = read_onnx(model.encoded())
    linear = network.layers[0]
    assert kinds(network) == [Linear]
    assert isinstance(linear, Linear)
    np.testing.assert_array_equal(linear.weight, [[0, 2, 4], [1, 3, 5]])
    np.testing.assert_array_equal(linear.bias, [5, 6])


def test_padding_goes_into_the_pool_and_counts() -> None:
    model = Model(1, 4, 4)
    model.node("Pad", "x", model.integers(0, 0, 1, 0, 0, 0, 0, 1))
    model.node("AveragePool", kernel_shape=[2, 2])
    network = finished(model)
    pool = network.layers[0]
    assert isinstance(pool, AveragePool)
    assert (pool.padding, pool.count_padding) == ((1, 0, 0, 1), True)


def test_reshape_to_the_same_shape_is_nothing() -> None:
    model = small()
    model.node("Reshape", model.last, model.integers(-1, 2, 0, 2))
    assert kinds(finished(model)) == [Convolution, Flatten]


def test_a_constant_network_keeps_its_input() -> None:
    model = small()
    model.node("Sub", model.last, model.last)
    network = finished(model)
    polynomial = network.layers[1]
    assert isinstance(polynomial, Polynomial)
    assert not polynomial.series.any()


def test_layers_that_nothing_needs_are_left_out() -> None:
    model = small()
    used = model.last
    model.node("Conv", used, model.tensor(ONES((2, 2, 1, 1))))
    model.node("Flatten", used)
    network = read_onnx(model.encoded())
    assert kinds(network) == [Convolution, Flatten]
    assert set(network.shapes) == {network.input, *(layer.output for layer in network.layers)}


def test_name_labels_and_digest() -> None:
    model = small()
    model.node("Flatten")
    proto = model.proto()
    labels = [f"label {index}" for index in range(8)]
    helper.set_model_props(proto, {"hushwork.name": "eight", "hushwork.labels": json.dumps(labels)})
    data = proto.SerializeToString()
    network = read_onnx(data)
    assert (network.name, network.labels) == ("eight", tuple(labels))
    assert network.digest == hashlib.sha256(data).hexdigest()
    assert read_onnx(data, name="mine").name == "mine"


def test_without_metadata_the_file_names_it(tmp_path: Path) -> None:
    model = small()
    model.node("Flatten")
    path = tmp_path / "shoes.onnx"
    path.write_bytes(model.encoded())
    network = read_onnx(path)
    assert (network.name, network.labels) == ("shoes", tuple("01234567"))


@pytest.mark.parametrize("opset", [7, 9, 11])
def test_older_operator_sets(opset: int) -> None:
    model = Model(2, 3, 3, opset=opset)
    model.node("Pad", pads=[0, 0, 1, 1, 0, 0, 1, 1], **({"value": 0.0} if opset < 11 else {}))
    model.node("Conv", model.last, model.tensor(ONES((2, 2, 5, 5))))
    model.node("Squeeze", axes=[2, 3])
    assert kinds(read_onnx(model.encoded())) == [Convolution, Flatten]


@pytest.mark.parametrize(
    ("operator", "attributes", "function"),
    [
        ("Relu", {}, Relu()),
        ("LeakyRelu", {}, LeakyRelu(pytest.approx(0.01))),
        ("LeakyRelu", {"alpha": 0.5}, LeakyRelu(0.5)),
        ("Sigmoid", {}, Sigmoid()),
        ("Tanh", {}, Tanh()),
        ("Clip", {}, Clip(-np.inf, np.inf)),
    ],
)
def test_a_function_of_each_element(operator: str, attributes: dict, function: object) -> None:
    model = small()
    model.node(operator, **attributes)
    network = finished(model)
    assert kinds(network) == [Convolution, Pointwise, Flatten]
    assert network.layers[1].function == function


@pytest.mark.parametrize("opset", [8, 17])
def test_ends_of_a_clip_are_attributes_or_inputs(opset: int) -> None:
    model = Model(3, opset=opset)
    model.node("Mul", "x", model.tensor(2.0))
    if opset < 11:
        model.node("Clip", max=6.0)
    else:
        model.node("Clip", model.last, "", model.tensor(6.0))
    network = read_onnx(model.encoded())
    assert network.layers[1].function == Clip(-np.inf, 6.0)


def test_batch_norm_is_not_folded_through_a_function() -> None:
    model = small()
    model.node("Relu")
    vectors = ([-2.0, 3.0], [0.5, 0.0], [1.0, 1.0], [4.0, 1.0])
    model.node("BatchNormalization", model.last, *map(model.tensor, vectors))
    assert kinds(finished(model)) == [Convolution, Pointwise, Polynomial, Flatten]


def test_a_maximum_over_the_whole_image() -> None:
    model = small()
    model.node("GlobalMaxPool")
    network = finished(model)
    pool = network.layers[1]
    assert isinstance(pool, MaxPool)
    assert (pool.kernel, network.shapes[pool.output]) == ((2, 2), (2, 1, 1))


@pytest.mark.parametrize("size", [5, 6, 7, 8])
@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (2, 3), (3, 1), (1, 2)])
@pytest.mark.parametrize("pads", [[0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 1]])
def test_windows_that_reach_past_the_end(
    size: int, kernel: int, stride: int, pads: list[int]
) -> None:
    if kernel == 1 and any(pads):
        return
    model = Model(1, size, 7)
    shape = {"kernel_shape": [kernel, 2], "strides": [stride, 2], "pads": pads}
    model.node("MaxPool", "x", ceil_mode=1, **shape)
    network = finished(model)
    x = np.random.default_rng(0).uniform(-1, -0.5, (2, 1, size, 7))
    np.testing.assert_allclose(evaluate(network, x), PlainRun(network, threads=1)(x), rtol=1e-6)


def bounded(**said):
    """An affine map of the input that is bounded, and a square of that."""
    model = Model(1, 4, 4)
    moved = model.node("Add", model.node("Mul", "x", model.tensor(0.5)), model.tensor(0.25))
    model.node("Mul", moved, moved)
    model.node("GlobalAveragePool")
    model.node("Flatten")
    proto = model.proto(1)
    onnx.helper.set_model_props(proto, {f"hushwork.{key}": text for key, text in said.items()})
    return moved, proto.SerializeToString()


def test_a_bound_makes_a_value_of_a_tensor() -> None:
    moved, _ = bounded()
    _, data = bounded(bounds=json.dumps({moved: 2.0}))
    network = read_onnx(data)
    ((name, bound),) = network.bounds.items()
    _, square = (layer for layer in network.layers if isinstance(layer, Polynomial))
    assert (square.inputs, bound) == ((name,), 2.0)
    np.testing.assert_array_equal(powers(square.series), [[0], [0], [1]])
    np.testing.assert_array_equal(
        trace(network, np.ones((1, 1, 4, 4)))[name], np.full((1, 1, 4, 4), 0.75)
    )


def test_a_typical_input_is_read() -> None:
    _, data = bounded(typical=base64.b64encode(bytes(range(16))).decode())
    np.testing.assert_allclose(read_onnx(data).typical.reshape(-1), np.arange(16) / 255)
    assert read_onnx(bounded()[1]).typical is None


@pytest.mark.parametrize(
    "said",
    [
        {"bounds": "[]"},
        {"bounds": '{"nothing": 1.0}'},
        {"bounds": '{"t0": 1.0}'},
        {"bounds": '{"x": 0.0}'},
        {"bounds": '{"x": -1.0}'},
        {"typical": "AAAA"},
        {"typical": "?"},
    ],
)
def test_bounds_and_inputs_that_do_not_fit_are_refused(said: dict[str, str]) -> None:
    with pytest.raises(InvalidNetwork, match="hushwork"):
        read_onnx(bounded(**said)[1])
