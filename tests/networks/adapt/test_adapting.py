"""What comes out is read, is close to what went in, and is exact in float32."""

import json

import numpy as np
import onnx
import pytest

from hushwork.errors import InvalidInput, InvalidNetwork, UnsupportedOperator
from hushwork.networks import PlainRun, evaluate, trace
from hushwork.networks.adapt import Method, adapt, prepare
from hushwork.networks.adapt.write import to_onnx
from hushwork.networks.layers import AveragePool, Polynomial
from hushwork.networks.reader import read_onnx
from tests.networks.models import Model

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((64, 2, 10, 10)).astype(np.float32)
SILENT = lambda *_: None  # noqa: E731


def convolved(*shape, opset=20, batch="batch"):
    model = Model(*shape, opset=opset, batch=batch)
    weight = RANDOM.standard_normal((4, shape[0], 3, 3)) / 3
    model.node("Conv", "x", model.tensor(weight), model.tensor(RANDOM.standard_normal(4)))
    return model


def finished(model, features):
    """With a dense layer of three classes on top."""
    model.node("Flatten", model.last)
    model.node("Gemm", model.last, model.tensor(RANDOM.standard_normal((features, 3)) / 8))
    return model


def relu(model, _):
    model.node("Relu")


def gelu(model, value):
    model.node("Gelu", value)


def gelu_by_erf(model, x):
    divided = model.node("Div", x, model.tensor(np.sqrt(2)))
    erf = model.node("Add", model.node("Erf", divided), model.tensor(1.0))
    model.node("Mul", model.node("Mul", x, erf), model.tensor(0.5))


def silu(model, x):
    model.node("Mul", x, model.node("Sigmoid", x))


def prelu(model, x):
    model.node("PRelu", x, model.tensor(RANDOM.random((4, 1, 1))))


def relu6(model, x):
    model.node("Clip", x, model.tensor(0.0), model.tensor(6.0))


def hard_swish_by_hand(model, x):
    clipped = model.node(
        "Clip", model.node("Add", x, model.tensor(3.0)), model.tensor(0.0), model.tensor(6.0)
    )
    model.node("Div", model.node("Mul", x, clipped), model.tensor(6.0))


ACTIVATIONS = {
    "Relu": relu,
    "LeakyRelu": lambda model, x: model.node("LeakyRelu", x, alpha=0.1),
    "PRelu": prelu,
    "Clip": relu6,
    "Gelu": gelu,
    "Div, Erf, Add, Mul, Mul": gelu_by_erf,
    "Sigmoid": lambda model, x: model.node("Sigmoid", x),
    "Tanh": lambda model, x: model.node("Tanh", x),
    "Sigmoid, Mul": silu,
    "Add, Clip, Mul, Div": hard_swish_by_hand,
    "Max": lambda model, x: model.node("Max", x, model.tensor(-0.2)),
}


def apart(original, adapted, images=IMAGES):
    wanted = original(images)
    return np.abs(PlainRun(adapted.network)(images) - wanted).max() / np.abs(wanted).max()


@pytest.mark.parametrize("operators", ACTIVATIONS)
def test_an_activation_becomes_one_polynomial(operators):
    model = convolved(2, 10, 10)
    ACTIVATIONS[operators](model, model.last)
    original = prepare(finished(model, 256).encoded())
    adapted = adapt(original, IMAGES, Method(15), SILENT)
    assert [one.operators for one in adapted.replaced] == [operators]
    degrees = [one.degree for one in adapted.network.layers if isinstance(one, Polynomial)]
    assert degrees == [15]
    assert list(adapted.network.bounds.values()) == [1.0]
    assert apart(original, adapted) < 0.05


@pytest.mark.parametrize(
    ("attributes", "side"),
    [
        ({"kernel_shape": [2, 2], "strides": [2, 2]}, 4),
        ({"kernel_shape": [3, 3], "strides": [2, 2]}, 3),
        ({"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, 4),
        ({"kernel_shape": [3, 2], "strides": [1, 2], "auto_pad": "SAME_UPPER"}, 0),
        ({"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}, 4),
        ({"kernel_shape": [5, 1], "strides": [2, 1]}, 0),
    ],
)
def test_a_maximum_of_any_window(attributes, side):
    model = convolved(2, 10, 10)
    model.node("Relu")
    model.node("MaxPool", **attributes)
    features = {4: 64, 3: 36, 0: {3: 128, 5: 64}.get(attributes["kernel_shape"][0], 0)}[side]
    original = prepare(finished(model, features).encoded())
    adapted = adapt(original, IMAGES, Method(31), SILENT)
    assert [one.operators for one in adapted.replaced] == ["Relu", "MaxPool"]
    assert apart(original, adapted) < 0.1
    coarse = adapt(original, IMAGES, Method(2), SILENT)
    assert apart(original, adapted) < apart(original, coarse)


def test_a_shape_that_is_computed():
    model = convolved(2, 10, 10)
    active = model.node("Relu")
    count = model.node("Gather", model.node("Shape", active), model.tensor(0, np.int64))
    sizes = model.node("Unsqueeze", count, model.integers(0)), model.integers(-1)
    model.node("Reshape", active, model.node("Concat", *sizes, axis=0))
    model.node("Gemm", model.last, model.tensor(RANDOM.standard_normal((256, 3)) / 8))
    original = prepare(model.encoded())
    assert apart(original, adapt(original, IMAGES, Method(15), SILENT)) < 0.05


@pytest.mark.parametrize("average", [True, False])
def test_a_maximum_over_the_whole_image(average):
    model = convolved(2, 10, 10)
    model.node("GlobalMaxPool")
    original = prepare(finished(model, 4).encoded())
    adapted = adapt(original, IMAGES, Method(15, average=average), SILENT)
    assert [one.degree for one in adapted.replaced] == [0 if average else 14]
    assert apart(original, adapted) < (10 if average else 0.1)


def test_max_pooling_by_the_mean_takes_no_polynomial():
    model = convolved(2, 10, 10)
    model.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    original = prepare(finished(model, 64).encoded())
    adapted = adapt(original, IMAGES, Method(4, average=True), SILENT)
    assert [type(one) for one in adapted.network.layers[1:2]] == [AveragePool]
    assert adapted.replaced[0].degree == 0


@pytest.mark.parametrize("degree", [2, 3, 8, 31, 63, 127])
def test_exact_in_float32_and_as_typed_layers(degree):
    model = convolved(2, 10, 10)
    model.node("Relu")
    model.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    original = prepare(finished(model, 64).encoded())
    network = adapt(original, IMAGES, Method(degree), SILENT).network
    wanted = evaluate(network, IMAGES)
    np.testing.assert_allclose(PlainRun(network)(IMAGES), wanted, atol=2e-5 * np.abs(wanted).max())
    written = read_onnx(to_onnx(network))
    assert written.bounds == network.bounds
    assert written.name == network.name
    np.testing.assert_array_equal(written.typical, network.typical)
    np.testing.assert_allclose(PlainRun(written)(IMAGES), wanted, atol=2e-5 * np.abs(wanted).max())


def test_arguments_stay_within_their_bounds():
    model = convolved(2, 10, 10)
    model.node("Relu")
    original = prepare(finished(model, 256).encoded())
    network = adapt(original, IMAGES, Method(4, margin=1.25), SILENT).network
    (name,) = network.bounds
    layer = next(one for one in network.layers if isinstance(one, Polynomial))
    assert layer.inputs == (name,)
    values = _traced(network)[name]
    assert np.abs(values).max() == pytest.approx(0.8, abs=1e-3)
    np.testing.assert_allclose(network.typical, IMAGES.mean(axis=0), atol=1 / 255)


def _traced(network):
    return trace(network, IMAGES)


def test_later_polynomials_see_what_earlier_ones_give():
    """A function that an earlier polynomial misses badly: the next range must follow it."""
    model = convolved(2, 10, 10)
    model.node("Mul", model.last, model.tensor(9.0))
    model.node("Sigmoid")
    model.node("Conv", model.last, model.tensor(5 * RANDOM.standard_normal((4, 4, 1, 1))))
    model.node("Relu")
    original = prepare(finished(model, 256).encoded())
    network = adapt(original, IMAGES, Method(2, margin=1.0), SILENT).network
    values = _traced(network)
    assert max(np.abs(values[name]).max() for name in network.bounds) == pytest.approx(1, abs=1e-3)


def test_a_residual_network_and_its_preprocessing():
    model = convolved(2, 10, 10)
    trunk = model.node("Relu")
    model.node("Conv", trunk, model.tensor(RANDOM.standard_normal((4, 4, 3, 3)) / 6), pads=[1] * 4)
    model.node("Add", model.node("Relu"), trunk)
    model.node("Relu")
    model.node("GlobalAveragePool")
    encoded = finished(model, 4).encoded()
    original = prepare(encoded, mean=[0.4, 0.6], std=[0.25])
    plain = prepare(encoded)
    moved = (IMAGES - np.array([0.4, 0.6], np.float32)[:, None, None]) / np.float32(0.25)
    np.testing.assert_allclose(original(IMAGES), plain(moved), rtol=1e-4, atol=1e-5)
    adapted = adapt(original, IMAGES, Method(15), SILENT)
    assert len(adapted.replaced) == 3
    assert apart(original, adapted) < 0.05


def test_a_file_for_one_image_and_its_softmax():
    model = convolved(2, 10, 10, batch=1)
    model.node("Relu")
    model.node("Reshape", model.last, model.integers(1, -1))
    model.node("Gemm", model.last, model.tensor(RANDOM.standard_normal((256, 3)) / 8))
    model.node("Softmax")
    original = prepare(model.encoded())
    assert original(IMAGES).shape == (64, 3)
    assert apart(original, adapt(original, IMAGES, Method(15), SILENT)) < 0.05


def test_what_is_a_polynomial_stays():
    model = convolved(2, 10, 10)
    model.node("Mul", model.last, model.last)
    adapted = adapt(prepare(finished(model, 256).encoded()), IMAGES, Method(8), SILENT)
    assert adapted.replaced == ()
    assert [one.degree for one in adapted.network.layers if isinstance(one, Polynomial)] == [2]


def test_labels_and_name_are_kept():
    model = finished(convolved(2, 10, 10), 256).proto()
    said = {"hushwork.name": "mine", "hushwork.labels": json.dumps(["a", "b", "c"])}
    onnx.helper.set_model_props(model, said)
    original = prepare(model.SerializeToString())
    network = adapt(original, IMAGES, Method(2), SILENT).network
    assert (network.name, network.labels) == ("mine", ("a", "b", "c"))


@pytest.mark.parametrize(
    "method", [Method(1), Method(0), Method(128), Method(4, margin=0.5), Method(4, margin=np.nan)]
)
def test_a_method_out_of_range_is_refused(method):
    with pytest.raises(InvalidInput, match="--"):
        adapt(prepare(finished(convolved(2, 10, 10), 256).encoded()), IMAGES, method, SILENT)


def test_every_unsupported_operator_is_named():
    model = convolved(2, 10, 10)
    model.node(
        "InstanceNormalization", model.last, model.tensor([1.0] * 4), model.tensor([0.0] * 4)
    )
    model.node("Resize", model.last, "", model.tensor([1.0, 1, 2, 2]))
    with pytest.raises(UnsupportedOperator) as refused:
        prepare(finished(model, 1024).encoded())
    assert "InstanceNormalization" in str(refused.value)
    assert "Resize" in str(refused.value)


def test_a_product_of_two_values_is_refused():
    model = convolved(2, 10, 10)
    first = model.last
    second = model.node("Conv", "x", model.tensor(RANDOM.standard_normal((4, 2, 3, 3))))
    model.node("Mul", first, model.node("Sigmoid", second))
    with pytest.raises(UnsupportedOperator, match="Mul"):
        adapt(prepare(finished(model, 256).encoded()), IMAGES, Method(2), SILENT)


def test_a_function_that_is_not_of_channels_is_refused():
    model = convolved(2, 10, 10)
    model.node("PRelu", model.last, model.tensor(RANDOM.random((4, 8, 8))))
    with pytest.raises(UnsupportedOperator, match="PRelu"):
        adapt(prepare(finished(model, 256).encoded()), IMAGES, Method(2), SILENT)


def test_a_function_of_what_is_replaced_already_starts_from_there():
    model = convolved(2, 10, 10)
    active = model.node("Relu")
    weight = model.tensor(RANDOM.standard_normal((4, 4, 1, 1)))
    first = model.node("Conv", active, weight)
    model.node("Add", first, model.node("Sigmoid", active))
    original = prepare(finished(model, 256).encoded())
    adapted = adapt(original, IMAGES, Method(15), SILENT)
    assert [one.operators for one in adapted.replaced] == ["Relu", "Sigmoid"]
    assert apart(original, adapted) < 0.05


def test_nodes_out_of_order_are_refused():
    model = convolved(2, 10, 10)
    model.node("Relu")
    finished(model, 256)
    model.nodes.reverse()
    with pytest.raises(InvalidNetwork, match="before their use"):
        prepare(model.encoded())


def test_weights_that_are_no_numbers_are_refused():
    model = Model(2, 10, 10)
    model.node("Conv", "x", model.tensor(np.full((4, 2, 3, 3), np.nan)))
    with pytest.raises(InvalidNetwork, match="NaN"):
        prepare(finished(model, 256).encoded())


def test_values_that_are_no_numbers_are_refused():
    model = convolved(2, 10, 10)
    model.node("Log")
    with pytest.raises(InvalidNetwork, match="Log"):
        adapt(prepare(finished(model, 256).encoded()), IMAGES, Method(2), SILENT)


def test_a_network_that_does_not_run_is_refused():
    with pytest.raises(InvalidNetwork, match="ONNX Runtime"):
        prepare(finished(convolved(2, 10, 10), 100).encoded())(IMAGES)


@pytest.mark.parametrize(("mean", "std"), [([0.1] * 3, []), ([], [0.0]), ([np.inf], [1.0])])
def test_preprocessing_that_does_not_fit_is_refused(mean, std):
    with pytest.raises(InvalidInput, match="--"):
        prepare(finished(convolved(2, 10, 10), 256).encoded(), mean, std)


def test_images_without_a_spread_are_enough():
    model = convolved(2, 10, 10)
    model.node("Relu")
    original = prepare(finished(model, 256).encoded())
    adapted = adapt(original, np.zeros_like(IMAGES), Method(4), SILENT)
    assert np.isfinite(PlainRun(adapted.network)(IMAGES * 0)).all()
