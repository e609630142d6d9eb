"""What is scored: one network under one guarantee, with what a validator needs to judge it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hushwork.guarantee import Answer, Guarantee, Input, Manifest
from hushwork.subnet.scoring import AGREEMENTS

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Reference = Callable[[Any], Array]
"""The plain run: images (count, *input shape), or a list of texts, to outputs (count, width)."""


def _all(images: Any) -> Mask:
    return np.ones(len(images), dtype=bool)


@dataclass(frozen=True, eq=False)
class Task:
    """A task of the subnet, as a validator holds it.

    `manifest` is the one the validator made itself, with `guarantee.judge(network).manifest`:
    only miners that offer exactly it are scored, so that no miner chooses the parameters.
    """

    manifest: Manifest
    guarantee: Guarantee
    reference: Reference | None
    """None where nobody but its owner can run the network: then answers prove themselves."""
    examples: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Real inputs of a model that takes tensors by name, each (count, *its shape)."""
    images: Array = field(default_factory=lambda: np.empty(0))
    """Real images to draw from, (count, *input shape), values in [0, 1]."""
    within: Callable[[Any], Mask] = _all
    """Which images (count, *input shape) a miner can be held to: `Judge.within`. Others are never
    used."""
    emission: float = 1.0
    """Share of the emission that this task pays, of the shares of all tasks."""
    top: int = 3
    """How many miners share it."""
    agreement: Literal["logits", "cosine"] = "logits"
    logit_bound: float = 100.0
    """An image whose reference leaves [-bound, bound] is never used."""
    flip: bool = False
    """Whether a mirrored image keeps its label."""
    policy: Path | None = None
    """Whom the validator trusts, where the guarantee asks for that; read anew for each round."""

    follows: Callable[[Input, Answer], bool] | None = None
    """Whether an answer is right for an input, where there is no one output to compare."""

    def accepts(self, x: Input, reference: Array | None, answer: Answer) -> bool:
        """Whether an answer is right."""
        if self.follows is not None:
            return self.follows(x, answer)
        return reference is not None and AGREEMENTS[self.agreement](answer.output, reference)

    @property
    def key(self) -> str:
        """Name in the history: guarantee and network digest."""
        return f"{self.manifest.guarantee}:{self.manifest.network_digest}"

    @property
    def title(self) -> str:
        """As people say it."""
        return title(self.manifest.network, self.manifest.guarantee)


def title(network: str, guarantee: str) -> str:
    """What people call a network's work under a guarantee."""
    return f"{network} {guarantee}"
