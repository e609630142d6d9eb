"""The inputs of a round that are no images: texts, and tensors by name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import InvalidNetwork
from hushwork.guarantee import Array, Input, Prompt
from hushwork.networks import texts
from hushwork.subnet.draws import KINDS, Drawn, Draws, Kind, spread
from hushwork.subnet.task import Task

Tensor = NDArray[Any]
_ATTEMPTS = 1000
MOST_TOKENS = 24
"""Asked of a language model that writes."""


class Drawing(Protocol):
    """Whoever makes the inputs of a round."""

    def __init__(self, task: Task, generator: np.random.Generator) -> None: ...

    def draw(self, count: int) -> list[Drawn]:
        """So many, none of which came before."""


class TextDraws:
    """The draws of one round for a model that reads texts."""

    def __init__(self, task: Task, generator: np.random.Generator) -> None:
        self._task = task
        self._generator = generator
        self._seen: set[str] = set()

    def draw(self, count: int) -> list[Drawn]:
        """So many, spread over kinds, with the outputs of the reference run if there is one.

        Raises InvalidNetwork where the model has no room for a sentence.
        """
        kinds = spread(self._generator, KINDS, count)
        drawn = [self._new(kind) for kind in kinds]
        return [
            Drawn(self._asked(text), output, kind)
            for text, output, kind in zip(drawn, self._outputs(drawn), kinds, strict=True)
        ]

    def _new(self, kind: texts.Kind) -> str:
        """One that the model has room for. Raises InvalidNetwork where hardly any is."""
        for _ in range(_ATTEMPTS):
            text = texts.draw(self._generator, kind)
            if text not in self._seen and self._task.within([self._asked(text)])[0]:
                self._seen.add(text)
                return text
            kind = "synthetic"  # of which there is no end
        raise InvalidNetwork("the model", expected="room for a sentence", got="a short context")

    def _asked(self, text: str) -> Input:
        return Prompt(text, most_tokens=MOST_TOKENS) if self._task.manifest.streams else text

    def _outputs(self, drawn: Sequence[str]) -> Sequence[Array | None]:
        reference = self._task.reference
        return [None] * len(drawn) if reference is None else list(reference(drawn))


class TensorDraws:
    """The draws of one round for a model that takes tensors by name."""

    def __init__(self, task: Task, generator: np.random.Generator) -> None:
        self._examples = task.examples
        self._generator = generator
        self._seen: set[bytes] = set()

    def draw(self, count: int) -> list[Drawn]:
        """So many: examples, and examples whose numbers are blended with another's.

        Raises InvalidNetwork where all that can be made of the examples came already.
        """
        kinds = spread(self._generator, KINDS, count)
        return [Drawn(self._new(kind), None, kind) for kind in kinds]

    def _new(self, kind: Kind) -> Mapping[str, Tensor]:
        for _ in range(_ATTEMPTS):
            made = self._made(blended=kind != "real")
            name = hashlib.sha256(b"".join(made[key].tobytes() for key in sorted(made))).digest()
            if name not in self._seen:
                self._seen.add(name)
                return made
            kind = "synthetic"
        raise InvalidNetwork("examples", expected="enough for a round", got="too few")

    def _made(self, *, blended: bool) -> Mapping[str, Tensor]:
        total = len(next(iter(self._examples.values())))
        one, other = self._generator.integers(total, size=2)
        share = self._generator.uniform() if blended else 0.0
        return {
            name: _blend(values[one], values[other], share)
            for name, values in self._examples.items()
        }


def _blend(one: Tensor, other: Tensor, share: float) -> Tensor:
    """Numbers between those of two examples; what counts or names is the first one's."""
    kind = np.asarray(one).dtype
    if not np.issubdtype(kind, np.floating):
        return np.asarray(one)
    return np.asarray((1 - share) * one + share * other).astype(kind)


def draws_for(task: Task, generator: np.random.Generator) -> Drawing:
    """The draws of a round over a task."""
    kinds: dict[str, type[Drawing]] = {"text": TextDraws, "tensors": TensorDraws, "numbers": Draws}
    return kinds[task.manifest.takes](task, generator)
