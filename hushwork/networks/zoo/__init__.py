"""The networks shipped with the package."""

from __future__ import annotations

from pathlib import Path

from hushwork.errors import NotFound
from hushwork.networks.layers import Network
from hushwork.networks.reader import read_onnx

__all__ = ["ENCRYPTED", "NAMES", "PROVED", "SHORT", "open_network"]

ENCRYPTED = ("lenet-fashion-mnist", "lenet-mnist", "vgg9-cifar-10")
"""Made of polynomials, for the guarantee `encrypted`."""
PROVED = ("lenet5-fashion-mnist", "lenet5-mnist", "staking-advisor", "vgg9-relu-cifar-10")
"""Made of ReLU and max pools, for the guarantee `proved`."""
NAMES = (*ENCRYPTED, *PROVED)
SHORT = {
    "lenet5": "lenet5-mnist",
    "vgg9": "vgg9-cifar-10",
    "vgg9-relu": "vgg9-relu-cifar-10",
}
"""What a network may be called too."""


def open_network(name_or_path: str | Path) -> Network:
    """Open a shipped network by name, or an ONNX file by path.

    Raises NotFound, and what read_onnx raises.
    """
    name = SHORT.get(str(name_or_path), name_or_path)
    if name in NAMES:
        return read_onnx(Path(__file__).with_name(f"{name}.onnx".replace("-", "_")))
    path = Path(name_or_path)
    if not path.is_file():
        raise NotFound("network", expected=f"a file, or one of {list(NAMES)}", got=name_or_path)
    return read_onnx(path)
