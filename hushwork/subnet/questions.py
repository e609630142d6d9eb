"""The texts of a round: sentences, altered sentences and made-up ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from hushwork.guarantee import Input, Prompt
from hushwork.networks import texts
from hushwork.subnet.draws import KINDS, Drawn, Draws, spread
from hushwork.subnet.task import Task

MOST_TOKENS = 24
"""Asked of a language model that writes."""


class Drawing(Protocol):
    """Whoever makes the inputs of a round."""

    def draw(self, count: int) -> list[Drawn]:
        """So many, none of which came before."""


class TextDraws:
    """The draws of one round for a model that reads texts."""

    def __init__(self, task: Task, generator: np.random.Generator) -> None:
        self._task = task
        self._generator = generator
        self._seen: set[str] = set()

    def draw(self, count: int) -> list[Drawn]:
        """So many, spread over kinds, with the outputs of the reference run if there is one."""
        kinds = spread(self._generator, KINDS, count)
        drawn = [self._new(kind) for kind in kinds]
        return [
            Drawn(self._asked(text), output, kind)
            for text, output, kind in zip(drawn, self._outputs(drawn), kinds, strict=True)
        ]

    def _new(self, kind: texts.Kind) -> str:
        while (text := texts.draw(self._generator, kind)) in self._seen:
            kind = "synthetic"  # of which there is no end
        self._seen.add(text)
        return text

    def _asked(self, text: str) -> Input:
        return Prompt(text, most_tokens=MOST_TOKENS) if self._task.manifest.streams else text

    def _outputs(self, drawn: Sequence[str]) -> Sequence[np.ndarray | None]:
        reference = self._task.reference
        return [None] * len(drawn) if reference is None else list(reference(drawn))


def draws_for(task: Task, generator: np.random.Generator) -> Drawing:
    """The draws of a round over a task."""
    kind = TextDraws if task.manifest.takes == "text" else Draws
    return kind(task, generator)
