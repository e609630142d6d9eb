"""Which networks are sums and products alone."""

from __future__ import annotations

import numpy as np
import pytest

from hushwork.errors import UnsupportedOperator
from hushwork.networks import arithmetic, open_network, read_onnx
from tests.networks.models import Model


def test_a_shipped_network_is() -> None:
    network = open_network("vgg9-cifar-10")
    assert arithmetic(network) == network.layers


@pytest.mark.parametrize("operator", ["Relu", "LeakyRelu", "Clip", "Sigmoid", "Tanh", "MaxPool"])
def test_the_first_other_layer_is_named(operator: str) -> None:
    model = Model(1, 4, 4)
    model.node("Conv", "x", model.tensor(np.ones((2, 1, 3, 3))))
    model.node(operator, **({"kernel_shape": [1, 1]} if operator == "MaxPool" else {}))
    model.node("Relu")
    model.node("Flatten")
    with pytest.raises(UnsupportedOperator, match="hush adapt") as caught:
        arithmetic(read_onnx(model.encoded()))
    assert str(caught.value).startswith(f"{operator} (node n1) ")
    assert caught.value.got == operator
