"""What is computed: ONNX in, typed layers, the plain run, the data."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hushwork.networks.arithmetic import arithmetic
from hushwork.networks.data import sample
from hushwork.networks.layers import (
    Add,
    Arithmetic,
    AveragePool,
    Convolution,
    Flatten,
    Layer,
    Linear,
    MaxPool,
    Network,
    Pointwise,
    Polynomial,
)
from hushwork.networks.ranges import Ranges
from hushwork.networks.reference import evaluate, trace

if TYPE_CHECKING:
    from hushwork.networks.plain import PlainRun
    from hushwork.networks.reader import read_onnx
    from hushwork.networks.zoo import open_network

__all__ = [
    "Add",
    "Arithmetic",
    "AveragePool",
    "Convolution",
    "Flatten",
    "Layer",
    "Linear",
    "MaxPool",
    "Network",
    "PlainRun",
    "Pointwise",
    "Polynomial",
    "Ranges",
    "arithmetic",
    "evaluate",
    "open_network",
    "read_onnx",
    "sample",
    "trace",
]

# These load onnx or onnxruntime, which a client that only seals and opens never needs.
_LAZY = {"PlainRun": "plain", "read_onnx": "reader", "open_network": "zoo"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
