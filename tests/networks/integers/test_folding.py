"""Sums in floats compute what the layers compute, whatever is done to them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings

from hushwork.errors import UnsupportedOperator
from hushwork.networks import Network, evaluate, read_onnx, trace
from hushwork.networks.integers import windows
from hushwork.networks.integers.equalise import equalised
from hushwork.networks.integers.exact import channels_last
from hushwork.networks.integers.fold import folded
from hushwork.networks.integers.layers import TERMS
from hushwork.networks.integers.squares import with_squares
from hushwork.networks.integers.sums import Largest, Multiple, Product, Sums, activate, total
from tests.networks.models import Model
from tests.networks.random_models import models

RANDOM = np.random.default_rng(0)


def computed(sums: Sums, x: np.ndarray) -> np.ndarray:
    """(n, labels)"""
    values = {sums.input: channels_last(x)}
    for step in sums.steps:
        if isinstance(step, Largest):
            values[step.output] = windows.maximum(values[step.input], step.window)
        else:
            values[step.output] = activate(step.activations, total(step, values))
        assert values[step.output].shape[1:] == sums.shapes[step.output]
    return total(sums.output, values)[:, 0, 0]


def compare(network: Network, sums: Sums) -> None:
    x = np.random.default_rng(1).uniform(-1, 1, (3, *network.input_shape))
    tolerance = 1e-9 * max(np.abs(value).max() for value in trace(network, x).values())
    np.testing.assert_allclose(computed(sums, x), evaluate(network, x), atol=tolerance)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(models())
def test_random_networks(model: Model) -> None:
    network = read_onnx(model.encoded())
    try:
        sums = folded(network)
        compare(network, sums)
        compare(network, equalised(sums))
        sums = with_squares(sums)
    except UnsupportedOperator:
        reject()
    compare(network, sums)
    compare(network, equalised(sums))


def image(*steps: Callable[[Model], object], shape: tuple[int, ...] = (2, 8, 8)) -> Model:
    model = Model(*shape)
    convolve(3)(model)
    for step in steps:
        step(model)
    return model


def convolve(channels: int, **attributes: object) -> Callable[[Model], object]:
    def step(model: Model) -> None:
        before = model.shape[0] if model.last == "x" else 3
        weight = model.tensor(RANDOM.standard_normal((channels, before, 3, 3)) / 5)
        model.node(
            "Conv",
            model.last,
            weight,
            model.tensor(RANDOM.standard_normal(channels)),
            **{"pads": [1, 1, 1, 1]} | attributes,
        )

    return step


def node(operator: str, *tensors: object, **attributes: object) -> Callable[[Model], object]:
    return lambda m: m.node(operator, m.last, *(m.tensor(t) for t in tensors), **attributes)


def dense(features: int) -> Callable[[Model], object]:
    def step(model: Model) -> None:
        model.node("Flatten", model.last)
        weight = RANDOM.standard_normal((features, 4)) / np.sqrt(features)
        model.node("Gemm", model.last, model.tensor(weight))

    return step


def parabola(model: Model, signs: tuple[int, ...] = (1, -1, 1)) -> None:
    """a x^2 + b x + c of each of three channels."""
    x = model.last
    square = model.node("Mul", x, x)
    a = np.array(signs) * RANDOM.uniform(0.2, 0.5, 3)
    squared = model.node("Mul", square, model.tensor(a.reshape(3, 1, 1)))
    slope = model.node("Mul", x, model.tensor(RANDOM.uniform(0.3, 1, (3, 1, 1))))
    summed = model.node("Add", squared, slope)
    model.node("Add", summed, model.tensor(RANDOM.uniform(0.3, 1, (3, 1, 1))))


def upwards(model: Model) -> None:
    parabola(model, (1, 1, 1))


mean = node("AveragePool", kernel_shape=[2, 2], strides=[2, 2])
largest = node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])


def read(*steps: Callable[[Model], object]) -> Network:
    return read_onnx(image(*steps).encoded())


@pytest.mark.parametrize(
    ("steps", "kinds"),
    [
        ((node("Relu"), dense(192)), ["Total"]),
        ((largest, node("Relu"), dense(48)), ["Total", "Largest"]),
        ((largest, node("Relu"), node("Tanh"), dense(48)), ["Total", "Largest"]),
        ((node("Relu"), largest, node("Sigmoid"), node("Mul", 0.5), dense(48)), None),
        ((mean, node("Relu"), dense(48)), ["Total", "Total"]),
        ((node("Relu"), node("Mul", -0.5), dense(192)), ["Total"]),
        ((node("Relu"), node("Mul", RANDOM.random((3, 1, 1))), dense(192)), ["Total", "Total"]),
        ((node("Sigmoid"), node("Mul", 2.0), node("Add", 1.0), dense(192)), ["Total"]),
        ((largest, node("Mul", 2.0), dense(48)), ["Total", "Largest", "Total"]),
        ((parabola, mean, dense(48)), ["Total", "Total"]),
        ((upwards, largest, dense(48)), ["Total", "Largest"]),
        ((parabola, convolve(3, pads=[0] * 4), node("Relu"), dense(108)), ["Total", "Total"]),
        ((parabola, node("Relu"), dense(192)), ["Total", "Total"]),
        ((node("Relu"), parabola, dense(192)), ["Total", "Total"]),
        ((node("GlobalAveragePool"), node("Flatten")), ["Total"]),
        ((parabola, node("GlobalAveragePool"), node("Flatten")), ["Total"]),
    ],
)
def test_what_becomes_one_step(steps: tuple, kinds: list[str] | None) -> None:
    network = read(*steps)
    sums = folded(network)
    if kinds is not None:
        assert [type(step).__name__ for step in sums.steps] == kinds
    for made in (sums, with_squares(sums), equalised(with_squares(sums))):
        compare(network, made)


def residual(model: Model) -> None:
    before = model.last
    convolve(3)(model)
    model.node("Add", model.last, before)


def test_a_convolution_goes_into_the_sum_that_reads_it() -> None:
    network = read(node("Relu"), residual, node("Relu"), dense(192))
    sums = folded(network)
    assert [[type(term) for term in step.terms] for step in sums.steps] == [
        [Product],
        [Product, Multiple],
    ]
    compare(network, sums)


def test_a_sum_that_others_read_stays() -> None:
    def shared(model: Model) -> None:
        before = model.last
        model.node("Relu", before)
        convolve(3)(model)
        model.node("Add", model.last, before)

    network = read(shared, node("Relu"), dense(192))
    sums = folded(network)
    assert [len(step.terms) for step in sums.steps] == [1, 1, 2]
    compare(network, equalised(sums))


def test_what_is_flattened_twice_is_read_twice() -> None:
    def both(model: Model) -> None:
        before = model.last
        first = model.node("Flatten", before)
        dense(192)(model)
        one = model.last
        model.node("Relu", first)
        weight = model.tensor(RANDOM.standard_normal((192, 4)))
        model.node("Gemm", model.last, weight)
        model.node("Sub", one, model.last)

    network = read(both)
    compare(network, folded(network))


def test_channels_are_brought_to_like_ranges() -> None:
    factors = np.array([0.01, 1.0, 100.0]).reshape(3, 1, 1)
    network = read(node("Mul", factors), node("Relu"), largest, dense(48))

    def ranges(made: Sums) -> np.ndarray:
        """Of each channel before and after it, over the largest of all."""
        found = [
            np.abs(made.steps[0].products[0].weight).max(axis=(0, 1, 2)),
            np.abs(made.output.products[0].weight).max(axis=(0, 1, 3)),
        ]
        return np.array([one / one.max() for one in found])

    before, after = ranges(folded(network)), ranges(equalised(folded(network)))
    assert before[0].min() < 1e-3 < before[1].min()
    np.testing.assert_allclose(after[0], after[1], rtol=1e-6)
    assert after.min() > 3e-3


@pytest.mark.parametrize(
    "step", [node("Sigmoid"), node("Clip", 0.0, 6.0), lambda m: m.node("Mul", m.last, m.last)]
)
def test_factors_do_not_pass_other_functions(step: Callable[[Model], object]) -> None:
    network = read(step, dense(192))
    before, after = folded(network), equalised(folded(network))
    np.testing.assert_array_equal(
        before.steps[0].products[0].weight, after.steps[0].products[0].weight
    )


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ((node("AveragePool", kernel_shape=[2, 2], pads=[0, 0, 1, 1]), dense(192)), "every window"),
        ((node("Relu"), node("Flatten")), "flattened image"),
        ((largest, node("Flatten")), "flattened image"),
        ((parabola, convolve(3), dense(192)), "no padding"),
        ((parabola, largest, dense(48)), "upwards"),
        ((upwards, node("Mul", np.array([[[1.0]], [[0.0]], [[1.0]]])), dense(192)),
         "a square in every channel"),
        ((lambda m: (upwards(m), m.node("Mul", m.last, m.last)), dense(192)), "degree 2"),
        ((node("Flatten"), node("Mul", np.arange(192.0)), node("Tanh"), dense(192)), "flattened"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(steps: tuple, named: str) -> None:
    network = read(*steps)
    with pytest.raises(UnsupportedOperator, match=named) as caught:
        with_squares(folded(network))
    assert caught.value.expected is not None


def test_equal_windows_may_have_padding_that_does_not_count() -> None:
    network = read(
        node("AveragePool", kernel_shape=[6, 6], strides=[6, 6], pads=[2, 2, 2, 2]), dense(12)
    )
    compare(network, folded(network))


def test_a_sum_has_so_many_terms_at_most() -> None:
    def sums(model: Model) -> None:
        first = total = model.node("Relu", model.last)
        for _ in range(20):
            model.last = first
            convolve(3)(model)
            total = model.node("Add", total, model.last)

    network = read(sums, dense(192))
    made = folded(network)
    assert max(len(step.terms) for step in made.steps) == TERMS
    compare(network, made)
