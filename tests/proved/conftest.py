"""A small published model, and evidence of a run of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hushwork.networks import read_onnx
from hushwork.networks.integers import IntegerNetwork, quantise
from hushwork.proved import Bound, Evidence, Owner, publish
from tests.networks.models import Model

SHAPE = (1, 8, 8)
BOUND = Bound(b"a nonce", "a hotkey")


def small_onnx(seed: int = 0) -> bytes:
    """A convolution, ReLU, a pool and two dense layers."""
    rng = np.random.default_rng(seed)
    model = Model(*SHAPE)
    kernel, bias = rng.normal(size=(3, 1, 3, 3)), rng.normal(size=3)
    model.node("Conv", "x", model.tensor(kernel), model.tensor(bias))
    model.node("Relu")
    model.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    model.node("Flatten")
    for width, inputs in ((6, 27), (4, 6)):
        weight, bias = rng.normal(size=(width, inputs)), rng.normal(size=width)
        model.node("Gemm", model.last, model.tensor(weight), model.tensor(bias), transB=1)
        if width > 4:
            model.node("Relu")
    return model.encoded()


def small_network(seed: int = 0) -> IntegerNetwork:
    """The same in whole numbers."""
    images = np.random.default_rng(seed).uniform(size=(64, *SHAPE))
    return quantise(read_onnx(small_onnx(seed), f"small-{seed}"), images)


def image(seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    return np.random.default_rng(seed).integers(0, 256, (8, 8, 1), dtype=np.int32)


@pytest.fixture(scope="session")
def network() -> IntegerNetwork:
    return small_network()


@pytest.fixture(scope="session")
def owner(network: IntegerNetwork, tmp_path_factory: pytest.TempPathFactory) -> Owner:
    vault: Path = tmp_path_factory.mktemp("vaults") / "small.vault"
    return publish(network, vault, log_domain=14)


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Owner:
    """Of a network of the same architecture and other weights."""
    vault: Path = tmp_path_factory.mktemp("vaults") / "other.vault"
    return publish(small_network(1), vault, log_domain=14)


@pytest.fixture(scope="session")
def evidence(owner: Owner) -> Evidence:
    epoch, claim, _ = owner.prove(image(), bound=BOUND)
    return owner.evidence(epoch, claim)
