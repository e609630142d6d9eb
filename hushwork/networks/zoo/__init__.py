"""The networks shipped with the package."""

from __future__ import annotations

from pathlib import Path

from hushwork.errors import NotFound
from hushwork.networks.layers import Network
from hushwork.networks.reader import read_onnx

__all__ = [
    "ENCRYPTED",
    "GENERATOR",
    "NAMES",
    "PROVED",
    "SHORT",
    "folder_of",
    "open_network",
    "path_of",
]

ENCRYPTED = ("lenet-fashion-mnist", "lenet-mnist", "vgg9-cifar-10")
"""Made of polynomials, for the guarantee `encrypted`."""
PROVED = ("lenet5-fashion-mnist", "lenet5-mnist", "staking-advisor", "vgg9-relu-cifar-10")
"""Made of ReLU and max pools, for the guarantee `proved`."""
NAMES = (*ENCRYPTED, *PROVED)
GENERATOR = "tiny-tales"
"""A language model: a folder that `hushwork.networks.models.open_model` opens."""
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
    if shipped := path_of(str(name_or_path)):
        return read_onnx(shipped)
    path = Path(name_or_path)
    if not path.is_file():
        raise NotFound("network", expected=f"a file, or one of {list(NAMES)}", got=name_or_path)
    return read_onnx(path)


def path_of(name: str) -> Path | None:
    """The file of a shipped network; None if the name is not one of theirs."""
    name = SHORT.get(name, name)
    if name not in NAMES:
        return None
    return Path(__file__).with_name(f"{name}.onnx".replace("-", "_"))


def folder_of(name: str) -> Path:
    """The folder of a shipped language model."""
    return Path(__file__).with_name(name.replace("-", "_"))
