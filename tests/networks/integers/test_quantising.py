"""Quantised networks are close to what they were made from, and made as they should be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from hushwork.errors import DoesNotFit, InvalidInput, InvalidNetwork, TooLarge
from hushwork.networks import Network, PlainRun, evaluate, open_network, read_onnx, sample
from hushwork.networks.integers import (
    Fixed,
    IntegerNetwork,
    Maximum,
    Requantise,
    Weighted,
    equalise,
    geometry,
    quantise,
    quantise_input,
    run,
    search,
    trace,
)
from tests.networks.integers.random_floats import models
from tests.networks.models import Model

RANDOM = np.random.default_rng(0)


def inputs(network: Network, count: int = 48) -> np.ndarray:
    return np.random.default_rng(1).uniform(size=(count, *network.input_shape))


def outputs(made: IntegerNetwork, x: np.ndarray) -> np.ndarray:
    """In the units of the network."""
    return run(made, quantise_input(made.architecture, x)) * made.architecture.output_scale


def relative_error(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.sqrt(((found - wanted) ** 2).mean() / (wanted**2).mean()))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(models())
def test_random_networks(model: Model) -> None:
    network = read_onnx(model.encoded())
    x = inputs(network)
    made = quantise(network, x[:40])
    wanted = PlainRun(network, threads=1)(x)
    assert relative_error(outputs(made, x), wanted) < 0.1
    again = IntegerNetwork.from_bytes(made.architecture.to_bytes(), made.parameters_to_bytes())
    np.testing.assert_array_equal(outputs(again, x), outputs(made, x))


def lenet(functions: tuple[str, ...] = ("Relu", "Relu", "Relu"), spread: float = 1.0) -> Network:
    """Two convolutions with pools and two dense layers, on images 1 x 14 x 12."""
    random = np.random.default_rng(2)
    factors = spread ** random.uniform(-1, 1, 6)

    def weights(*shape: int) -> np.ndarray:
        return random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))

    model = Model(1, 14, 12)
    first = weights(6, 1, 3, 3) * factors.reshape(-1, 1, 1, 1)
    model.node("Conv", "x", model.tensor(first), model.tensor(factors * random.random(6)))
    model.node(functions[0])
    model.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    second = weights(8, 6, 3, 3) / factors.reshape(1, -1, 1, 1)
    model.node("Conv", model.last, model.tensor(second), model.tensor(random.random(8)))
    model.node(functions[1])
    model.node("AveragePool", kernel_shape=[2, 2], strides=[2, 1])
    model.node("Flatten")
    model.node("Gemm", model.last, model.tensor(weights(16, 32)), transB=1)
    model.node(functions[2])
    model.node("Gemm", model.last, model.tensor(weights(5, 16)), transB=1)
    return read_onnx(model.encoded(), "small lenet")


def test_layers_of_a_quantised_lenet() -> None:
    network = lenet()
    made = quantise(network, inputs(network))
    architecture = made.architecture
    assert [type(layer) for layer in architecture.layers] == [
        Requantise, Maximum, Requantise, Requantise, Requantise,
    ]  # fmt: skip
    convolution, pool, _, mean, dense = architecture.layers
    assert (convolution.signed, convolution.table, convolution.has_bias) == (False, None, True)
    assert pool.window.kernel == pool.window.stride == (2, 2)
    assert (mean.signed, mean.table, mean.has_bias) == (False, None, False)
    assert [type(term) for term in mean.terms] == [Fixed]
    (term,) = dense.terms
    assert (term.window.kernel, term.channels) == ((2, 2), 16)
    assert made.parameters[4].weights[0].shape == (2, 2, 8, 16)
    assert [value.shape for value in architecture.values] == [
        (14, 12, 1), (12, 10, 6), (6, 5, 6), (4, 3, 8), (2, 2, 8), (1, 1, 16), (1, 1, 5),
    ]  # fmt: skip
    assert (architecture.low, architecture.high, architecture.input_scale) == (0, 255, 1 / 255)
    assert architecture.name == "small lenet"
    assert architecture.labels == network.labels


def test_weights_and_bytes_are_used_to_the_full() -> None:
    network = lenet()
    made = quantise(network, inputs(network))
    for parameters in made.parameters:
        for weight in parameters.weights:
            assert 64 <= np.abs(weight.astype(int)).max() <= 127
    values = trace(made, quantise_input(made.architecture, inputs(network)))
    assert all(value.max() > 160 for value in values[:-1])


@pytest.mark.parametrize("function", ["Sigmoid", "Tanh", "LeakyRelu"])
def test_other_functions_are_tables(function: str) -> None:
    network = lenet((function, "Relu", function))
    made = quantise(network, inputs(network))
    first, _, second, _, last = made.architecture.layers
    assert first.signed
    assert last.signed
    assert first.table is not None
    assert last.table is not None
    assert second.table is None
    assert list(first.table) == sorted(first.table)
    if function != "LeakyRelu":  # whose small negative values may be worth less than a bit
        assert (min(first.table) < 0) == (function == "Tanh")
    x = inputs(network)
    assert relative_error(outputs(made, x), evaluate(network, x)) < 0.02


def test_the_same_file_and_calibration_give_the_same_bytes() -> None:
    network = lenet(("Sigmoid", "Relu", "LeakyRelu"))
    first, second = (quantise(network, inputs(network)) for _ in range(2))
    assert first.architecture.to_bytes() == second.architecture.to_bytes()
    assert first.parameters_to_bytes() == second.parameters_to_bytes()


def test_outputs_are_right_in_the_mean() -> None:
    network = lenet()
    x = inputs(network)
    made = quantise(network, x)
    off = np.abs((outputs(made, x) - evaluate(network, x)).mean(axis=0))
    assert off.max() <= made.architecture.output_scale / 2 * (1 + 1e-6)


def test_channels_of_unlike_ranges_are_equalised(monkeypatch: pytest.MonkeyPatch) -> None:
    network = lenet(spread=16.0)
    x = inputs(network)
    wanted = evaluate(network, x)
    with_it = relative_error(outputs(quantise(network, x), x), wanted)
    monkeypatch.setattr(equalise, "ROUNDS", 0)
    without = relative_error(outputs(quantise(network, x), x), wanted)
    assert with_it < 0.02
    assert with_it < without / 2


def test_the_search_finds_the_least_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one scale for the weights, and no clipping, the error is larger."""
    network = lenet()
    x = inputs(network)
    wanted = evaluate(network, x)
    searched = relative_error(outputs(quantise(network, x), x), wanted)
    monkeypatch.setattr(search._Search, "_weighted", lambda _: [(1 / 255 / 127, [7, 8, 9])])
    assert relative_error(outputs(quantise(network, x), x), wanted) > 1.5 * searched


def test_inputs_on_both_sides_of_zero() -> None:
    network = lenet()
    x = 3 * inputs(network) - 1
    made = quantise(network, x)
    assert (made.architecture.low, made.architecture.high) == (-255, 255)
    assert made.architecture.input_scale == x.max() / 255
    assert relative_error(outputs(made, x), evaluate(network, x)) < 0.02
    larger = quantise(network, 2 * inputs(network))
    assert (larger.architecture.low, larger.architecture.high) == (0, 255)


def test_progress_is_told() -> None:
    network, told = lenet(), []
    quantise(network, inputs(network), lambda *said: told.append(said))
    assert told[0] == ("quantising", 0, 5)
    assert told[-1] == ("quantising", 1, 1)


def test_what_is_always_zero() -> None:
    model = Model(1, 4, 4)
    model.node("Conv", "x", model.tensor(np.zeros((2, 1, 3, 3))), model.tensor([0.0, -1.0]))
    model.node("Relu")
    model.node("Flatten")
    model.node("Gemm", model.last, model.tensor(np.zeros((8, 3))), model.tensor([0.5, -0.25, 0.0]))
    network = read_onnx(model.encoded())
    made = quantise(network, np.zeros((1, 1, 4, 4)))
    np.testing.assert_allclose(outputs(made, inputs(network, 2)), [[0.5, -0.25, 0.0]] * 2, 0.01)


def test_a_bias_far_larger_than_the_weights() -> None:
    model = Model(1, 2, 2)
    weight, bias = model.tensor(np.full((2, 1, 2, 2), 1e-6)), model.tensor([1.0, 0.5])
    model.node("Conv", "x", weight, bias)
    model.node("Relu")
    model.node("Flatten")
    model.node("Gemm", model.last, model.tensor(np.eye(2)))
    network = read_onnx(model.encoded())
    x = inputs(network, 8)
    np.testing.assert_allclose(outputs(quantise(network, x), x), evaluate(network, x), rtol=0.01)


def wide(features: int) -> Network:
    model = Model(features)
    model.node("Gemm", "x", model.tensor(np.ones((features, 2))))
    return read_onnx(model.encoded())


def test_a_layer_with_too_many_products_is_named() -> None:
    quantise(wide(8223), inputs(wide(8223), 2))
    with pytest.raises(DoesNotFit, match="layer 'n0'"):
        quantise(wide(8224), inputs(wide(8224), 2))


@pytest.mark.parametrize("x", [np.zeros((4, 14, 12)), np.zeros((0, 1, 14, 12)), "images"])
def test_calibration_of_another_shape_is_refused(x: object) -> None:
    with pytest.raises(InvalidInput, match=r"\(n, 1, 14, 12\)"):
        quantise(lenet(), x)


def test_a_network_without_layers() -> None:
    model = Model(3)
    model.node("Identity", "x")
    network = read_onnx(model.encoded())
    x = inputs(network)
    made = quantise(network, x)
    assert made.architecture.layers == ()
    np.testing.assert_allclose(outputs(made, x), x, atol=0.5 / 255 + 1e-9)


@pytest.mark.parametrize(
    ("name", "calibrated", "data"),
    [("lenet-fashion-mnist", 128, "fashion-mnist"), ("vgg9-cifar-10", 32, "cifar-10")],
)
def test_a_shipped_network_says_the_same(name: str, calibrated: int, data: str) -> None:
    """VGG-9 has parabolas of each channel."""
    network = open_network(name)
    x = sample(data)[0] / 255
    made = quantise(network, x[:calibrated])
    rest = x[calibrated:]
    wanted = PlainRun(network)(rest).argmax(axis=1)
    assert (outputs(made, rest).argmax(axis=1) == wanted).mean() > 0.95


@pytest.mark.parametrize("kind", [Weighted, Fixed])
def test_a_sum_of_values_of_unlike_scales(kind: type) -> None:
    """A convolution of one value beside another value, or means of both."""
    model = Model(2, 6, 6)
    first = model.node("Relu", model.node("Conv", "x", model.tensor(RANDOM.random((2, 2, 3, 3)))))
    tiny = model.tensor(RANDOM.standard_normal((2, 2, 3, 3)) / 100)
    second: Callable[[], str] = lambda: model.node("Conv", "x", tiny)  # noqa: E731
    other = second() if kind is Weighted else model.node("Relu", second())
    model.node("Add", first, other)
    model.node("Relu")
    model.node("Flatten")
    model.node("Gemm", model.last, model.tensor(RANDOM.standard_normal((32, 3))))
    network = read_onnx(model.encoded())
    x = inputs(network)
    made = quantise(network, x)
    assert {type(term) for term in made.architecture.layers[-1].terms} == {Fixed, kind}
    assert relative_error(outputs(made, x), evaluate(network, x)) < 0.02


def test_means_and_copies_take_the_smallest_shift() -> None:
    """A mean over 2 x 2 that is as large as its input, and a table of a maximum."""
    model = Model(1, 4, 4)
    model.node("AveragePool", "x", kernel_shape=[2, 2], strides=[2, 2])
    largest = model.node("MaxPool", kernel_shape=[2, 2])
    model.node("Sub", model.node("Flatten", largest), model.node("Sigmoid", model.last))
    network = read_onnx(model.encoded())
    mean, _, table = quantise(network, np.ones((1, 1, 4, 4))).architecture.layers
    assert (mean.terms[0].factor, mean.shift) == (1, 2)
    assert (table.terms[0].factor, table.shift, table.signed) == (1, 0, False)


def test_a_layer_that_runs_away_is_named() -> None:
    model = Model(3)
    model.node("Mul", "x", model.tensor(1e9))
    for _ in range(6):
        model.node("MatMul", model.last, model.tensor(np.eye(3)))
        model.node("Pow", model.last, model.tensor(9.0))
    network = read_onnx(model.encoded())
    with pytest.raises(InvalidNetwork, match=r"layer 'n\d+' leaves all bounds"):
        quantise(network, inputs(network))


@pytest.mark.parametrize("kind", ["groups", "features"])
def test_zeros_between_channels_count_as_weights(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    model = Model(16, 1, 1)
    if kind == "groups":
        model.node("Conv", "x", model.tensor(np.ones((16, 1, 1, 1))), group=16)
    else:
        model.node("Mul", "x", model.tensor(np.arange(16.0).reshape(16, 1, 1)))
    model.node("Flatten", model.last)
    network = read_onnx(model.encoded())
    monkeypatch.setattr(geometry, "WEIGHTS", 256)
    quantise(network, inputs(network))
    monkeypatch.setattr(geometry, "WEIGHTS", 255)
    with pytest.raises(TooLarge, match="'x'"):
        quantise(network, inputs(network))
