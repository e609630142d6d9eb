"""What a validator scores: a network, a guarantee, and images to draw from."""

from __future__ import annotations

from hushwork.errors import NotFound
from hushwork.guarantee import Guarantee, Progress
from hushwork.networks import Network, PlainRun, open_network, sample
from hushwork.networks.data import LABELS, load, to_input
from hushwork.networks.layers import Array
from hushwork.subnet import Task


def make_task(model: str, guarantee: Guarantee, data: str | None, progress: Progress) -> Task:
    """Compile a model and gather its images. Raises NotFound, Unreachable or InvalidNetwork."""
    network = open_network(model)
    return Task(
        manifest=guarantee.worker(network, progress).manifest,
        guarantee=guarantee,
        reference=PlainRun(network, threads=1),
        images=images_for(network, data),
    )


def images_for(network: Network, data: str | None) -> Array:
    """Test images of the data set whose labels the network has; the shipped sample if it fits."""
    name = next((name for name, labels in LABELS.items() if labels == network.labels), None)
    if name is None:
        raise NotFound("no data set has these labels", expected=list(LABELS), got=network.labels)
    if name == "fashion-mnist" and data is None:
        return to_input(sample()[0])
    return to_input(load(name, data).test_images)
