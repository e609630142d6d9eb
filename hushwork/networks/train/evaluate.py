"""Measure a network on a whole test set, once it is finished.

python -m hushwork.networks.train.evaluate lenet-fashion-mnist --data fashion-mnist
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import typer
from rich import print as show

from hushwork.networks import Network, PlainRun, Polynomial, open_network
from hushwork.networks.data import Images, Labels, load, to_input
from hushwork.networks.integers import quantise, quantise_input, run
from hushwork.networks.layers import Array
from hushwork.networks.ranges import reached


def right(logits: Array, labels: Labels) -> int:
    """How many of a batch (n, classes) have their largest logit where `labels` (n,) says."""
    return int((logits.argmax(axis=1) == labels).sum())


def largest(network: Network, x: Array) -> dict[str, float]:
    """The largest magnitude that reaches each activation."""
    activations = [layer.inputs[0] for layer in network.layers if isinstance(layer, Polynomial)]
    found = dict.fromkeys(activations, 0.0)
    for start in range(0, len(x), 500):
        values = reached(network, x[start : start + 500], activations)
        found = {name: max(found[name], float(values[name].max())) for name in activations}
    return found


def in_integers(network: Network, images: Images, x: Array) -> Array:
    """Outputs of inputs (n, *shape), of the network as quantised by some of its training images."""
    made = quantise(network, to_input(images))
    outputs = run(made, quantise_input(made.architecture, x)).astype(np.float64)
    return outputs * made.architecture.output_scale


def main(
    network: str,
    data: Annotated[Literal["fashion-mnist", "mnist", "cifar-10"], typer.Option(help="test set")],
    source: Annotated[str | None, typer.Option(help="as for hushwork.networks.data.load")] = None,
    quantised: Annotated[int, typer.Option(help="by so many training images, too")] = 0,
) -> None:
    """Print the accuracy, the range of the logits, and what reaches the activations."""
    opened, dataset = open_network(network), load(data, source)
    x = to_input(dataset.test_images)
    logits = PlainRun(opened)(x)
    correct = right(logits, dataset.test_labels)
    show(f"{opened.name}: {correct} of {len(x)} test images right ({correct / len(x):.2%})")
    show(f"logits from {logits.min():.2f} to {logits.max():.2f}")
    if quantised:
        order = np.random.default_rng(0).permutation(len(dataset.train_images))
        whole = in_integers(opened, dataset.train_images[order[:quantised]], x)
        correct = right(whole, dataset.test_labels)
        show(f"quantised: {correct} right ({correct / len(x):.2%})")
        same = right(whole, logits.argmax(axis=1))
        show(f"{same} as before ({same / len(x):.2%})")
    noise = np.random.default_rng(0).uniform(size=(1000, *opened.input_shape))
    for kind, images in (("test images", x), ("uniform noise", noise)):
        if reached := {name: round(value, 2) for name, value in largest(opened, images).items()}:
            show(f"largest before each polynomial, {kind}: {reached}")


if __name__ == "__main__":
    typer.run(main)
