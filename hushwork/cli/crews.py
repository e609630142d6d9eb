"""What `hush up` shows: networks, the guarantee of each, and the miners that work under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hushwork import guarantee as guarantees
from hushwork.cli.options import DEFAULT_MODELS
from hushwork.errors import InvalidNetwork, NotFound, UnsupportedOperator
from hushwork.networks import Network, arithmetic, open_network
from hushwork.networks.models import Model, OnnxModel, open_model
from hushwork.subnet.task import title


@dataclass(frozen=True)
class Crew:
    """The miners of one task."""

    model: str
    """A shipped network's name, or a file."""
    network: Network | Model
    guarantee: str
    task: str
    """As a validator's rows name it."""
    proves: bool
    """Whether answers prove themselves."""
    names: dict[str, str] = field(default_factory=dict)
    """Of the miners for people, by hotkey."""

    @property
    def attests(self) -> bool:
        """Whether its miners answer as enclaves do."""
        return self.guarantee == "attested"

    @property
    def takes_pictures(self) -> bool:
        """Whether its inputs are images."""
        return isinstance(self.network, Network) or (
            isinstance(self.network, OnnxModel) and bool(self.network.labels)
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """Of its network; none where outputs are not classes."""
        return self.network.labels if isinstance(self.network, Network | OnnxModel) else ()


def crews_for(models: Sequence[str], guarantee: str | None) -> list[Crew]:
    """One for each model; without models, one for what each guarantee shows by default.

    A network of sums and products runs encrypted, any other that can be proved proved, and
    whatever else there is attested, unless one says which.
    Raises UnknownManifest, NotFound, UnsupportedOperator, and what read_onnx and open_model raise.
    """
    if guarantee is not None:
        guarantees.load(guarantee)
    if models:
        return [_crew(model, guarantee or _fitting(model)) for model in models]
    shown = DEFAULT_MODELS if guarantee is None else {guarantee: DEFAULT_MODELS[guarantee]}
    return [_crew(model, name) for name, model in shown.items()]


def _crew(model: str, guarantee: str) -> Crew:
    network = open_model(model) if guarantee == "attested" else open_network(model)
    if guarantee == "encrypted" and isinstance(network, Network):
        arithmetic(network)
    promise = guarantees.load(guarantee)
    return Crew(model, network, guarantee, title(network.name, promise.name), promise.proves)


def _fitting(model: str) -> str:
    try:
        network = open_network(model)
    except (InvalidNetwork, NotFound):
        return "attested"
    try:
        arithmetic(network)
    except UnsupportedOperator:
        return "proved"
    return "encrypted"
