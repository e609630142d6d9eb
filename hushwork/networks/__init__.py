"""What is computed: ONNX in, typed layers, the plain run, the data."""

from hushwork.networks.layers import (
    Add,
    AveragePool,
    Convolution,
    Flatten,
    Layer,
    Linear,
    Network,
    Polynomial,
)

__all__ = [
    "Add",
    "AveragePool",
    "Convolution",
    "Flatten",
    "Layer",
    "Linear",
    "Network",
    "Polynomial",
]
