"""Hushwork: strangers run, prove and train AI models for one another without trust.

import hushwork

model = hushwork.connect("http://127.0.0.1:8700").model()
print(model.infer("shoe.png").label)
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hushwork.subnet import connect

__all__ = ["__version__", "connect"]

__version__ = version("hushwork")

# ONNX Runtime reports its use to its maker unless it is told not to before it loads.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def __getattr__(name: str) -> object:
    """Import the SDK on first use, so that the rooms below do not load the whole house."""
    if name != "connect":
        raise AttributeError(f"module 'hushwork' has no attribute {name!r}")
    from hushwork.subnet import connect

    return connect
