"""The plain run, the reference run, and what they refuse."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import hushwork.networks
from hushwork.errors import InvalidInput, InvalidNetwork
from hushwork.networks import PlainRun, evaluate, read_onnx, trace
from tests.networks.models import Model


def halves(batch: int | str) -> Model:
    model = Model(4, batch=batch)
    model.node("Mul", "x", model.tensor(0.5))
    return model


@pytest.mark.parametrize("batch", ["n", 1])
def test_large_batches_run_in_parts(batch: int | str) -> None:
    network = read_onnx(halves(batch).encoded())
    x = np.random.default_rng(0).uniform(size=(600, 4))
    got = PlainRun(network)(x)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, x / 2, rtol=1e-6)
    np.testing.assert_array_equal(evaluate(network, x), x / 2)
    assert list(trace(network, x)) == ["x", "v0"]


@pytest.mark.parametrize(
    "x",
    [
        np.zeros(4),
        np.zeros((2, 5)),
        np.zeros((0, 4)),
        np.zeros((1, 4, 1)),
        np.array(1.0),
        np.full((1, 4), np.nan),
        np.full((1, 4), np.inf),
        [[1.0, 2.0], [3.0]],
        "image",
    ],
)
def test_inputs_of_another_shape_or_kind(x: object) -> None:
    network = read_onnx(halves("n").encoded())
    for run in (PlainRun(network), lambda x: evaluate(network, x)):
        with pytest.raises(InvalidInput, match=r"shape \(n, 4\)"):
            run(x)  # type: ignore[operator]


def test_a_network_that_onnx_runtime_does_not_load() -> None:
    network = read_onnx(halves("n").encoded())
    with pytest.raises(InvalidNetwork, match="ONNX Runtime"):
        PlainRun(replace(network, onnx=network.onnx[:20]))


def test_everything_exported_is_there() -> None:
    assert hushwork.networks.__all__ == sorted(hushwork.networks.__all__)
    for name in hushwork.networks.__all__:
        assert getattr(hushwork.networks, name) is not None
    with pytest.raises(AttributeError, match="absent"):
        hushwork.networks.absent  # noqa: B018


def test_importing_the_package_loads_neither_onnx_nor_torch() -> None:
    code = (
        "import sys, hushwork.networks;"
        "sys.exit(any(name in sys.modules for name in ('onnx', 'onnxruntime', 'torch', 'PIL')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
