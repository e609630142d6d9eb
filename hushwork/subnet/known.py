"""Images whose answers are known, to be mixed in among a user's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hushwork import networks
from hushwork.errors import InvalidInput
from hushwork.networks import data
from hushwork.subnet.draws import is_judgeable

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class KnownAnswers:
    """Images (count, *input shape) and what the plain run of the same network says of them."""

    images: Array
    outputs: Array

    def choose(self, count: int, generator: np.random.Generator) -> list[tuple[Array, Array]]:
        """So many different ones. Raises InvalidInput if there are fewer."""
        clear = [i for i, output in enumerate(self.outputs) if is_judgeable(output, np.inf)]
        if count > len(clear):
            raise InvalidInput("checks", expected=f"at most {len(clear)}", got=count)
        chosen = generator.choice(clear, size=count, replace=False)
        return [(self.images[index], self.outputs[index]) for index in chosen]


Known = Callable[[str], KnownAnswers | None]
"""From the digest of a network; None where nothing is known."""


@cache
def shipped_answers(digest: str) -> KnownAnswers | None:
    """A shipped network's sample, run in the clear; Fashion-MNIST's serves MNIST's network too."""
    from hushwork.networks import zoo  # loads onnx, which only checks need

    for name in zoo.NAMES:
        network = networks.open_network(name)
        if network.digest == digest:
            named = data.name_of(network.labels)
            of = named if named in data.SAMPLES else "fashion-mnist"
            images = data.to_input(networks.sample(of)[0])
            return KnownAnswers(images, networks.PlainRun(network)(images))
    return None
