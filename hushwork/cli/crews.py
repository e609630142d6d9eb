"""What `hush up` shows: networks, the guarantee of each, and the miners that work under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hushwork import guarantee as guarantees
from hushwork.cli.options import DEFAULT_MODELS
from hushwork.errors import UnsupportedOperator
from hushwork.networks import Network, arithmetic, open_network
from hushwork.subnet.task import title


@dataclass(frozen=True)
class Crew:
    """The miners of one task."""

    model: str
    """A shipped network's name, or a file."""
    network: Network
    guarantee: str
    task: str
    """As a validator's rows name it."""
    proves: bool
    """Whether answers prove themselves."""
    names: dict[str, str] = field(default_factory=dict)
    """Of the miners for people, by hotkey."""


def crews_for(models: Sequence[str], guarantee: str | None) -> list[Crew]:
    """One for each model; without models, one for what each guarantee shows by default.

    A network of sums and products runs encrypted and any other proved, unless one says which.
    Raises UnknownManifest, NotFound, UnsupportedOperator, and what read_onnx raises.
    """
    if guarantee is not None:
        guarantees.load(guarantee)
    if not models:
        models = [DEFAULT_MODELS[guarantee]] if guarantee else list(DEFAULT_MODELS.values())
    return [_crew(model, guarantee) for model in models]


def _crew(model: str, guarantee: str | None) -> Crew:
    network = open_network(model)
    if guarantee == "encrypted":
        arithmetic(network)
    name = guarantee or ("encrypted" if _is_arithmetic(network) else "proved")
    promise = guarantees.load(name)
    return Crew(model, network, name, title(network.name, promise.name), promise.proves)


def _is_arithmetic(network: Network) -> bool:
    try:
        arithmetic(network)
    except UnsupportedOperator:
        return False
    return True
