"""Networks in whole numbers: their public architecture, their weights, their exact run."""

from hushwork.networks.integers.architecture import Architecture
from hushwork.networks.integers.exact import quantise_input, run, trace
from hushwork.networks.integers.layers import Fixed, Maximum, Requantise, Sum, Weighted, Window
from hushwork.networks.integers.network import IntegerNetwork, Parameters
from hushwork.networks.integers.quantising import quantise

__all__ = [
    "Architecture",
    "Fixed",
    "IntegerNetwork",
    "Maximum",
    "Parameters",
    "Requantise",
    "Sum",
    "Weighted",
    "Window",
    "quantise",
    "quantise_input",
    "run",
    "trace",
]
