"""Networks in whole numbers: their public architecture, their weights, their exact run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hushwork.networks.integers.architecture import Architecture
from hushwork.networks.integers.exact import quantise_input, run, trace
from hushwork.networks.integers.layers import Fixed, Maximum, Requantise, Sum, Weighted, Window
from hushwork.networks.integers.network import IntegerNetwork, Parameters
from hushwork.networks.integers.segments import cut

if TYPE_CHECKING:
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
    "cut",
    "quantise",
    "quantise_input",
    "run",
    "trace",
]


def __getattr__(name: str) -> Any:
    """Who only verifies never quantises."""
    if name == "quantise":
        return import_module(f"{__name__}.quantising").quantise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
