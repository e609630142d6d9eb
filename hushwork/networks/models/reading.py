"""A causal decoder as it reads a text: with a cache of what it has read, or all over again.

Inputs and outputs are named as Hugging Face's optimum names them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import InvalidNetwork
from hushwork.networks.models.tensors import OnnxModel, Tensor

_PAST = re.compile(r"past_key_values\.(\d{1,4})\.(key|value)")
_PART = 128
_PLAIN = ("attention_mask", "position_ids")

Logits = NDArray[np.float32]
Cache = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Layout:
    """Of a decoder's inputs, beside input_ids."""

    plain: tuple[str, ...]
    """Those of `attention_mask` and `position_ids` that it takes."""
    empty: Cache
    """By input: the cache of nothing."""
    present: dict[str, str]
    """By input: the output to put there with the next tokens."""


def layout(model: OnnxModel) -> Layout:
    """What a decoder reads. Raises InvalidNetwork."""
    inputs = {entry.name: entry for entry in model.inputs}
    caches = {name: entry for name, entry in inputs.items() if _PAST.fullmatch(name)}
    present = {name: name.replace("past_key_values", "present") for name in caches}
    outputs = {entry.name for entry in model.outputs}
    unknown = sorted(set(inputs) - {"input_ids", *_PLAIN, *caches})
    missing = sorted({"logits", *present.values()} - outputs | {"input_ids"} - set(inputs))
    if unknown or missing:
        expected = "input_ids and caches in, logits and caches out"
        raise InvalidNetwork("decoder", expected=expected, got=f"{unknown=}, {missing=}")
    return Layout(
        tuple(name for name in _PLAIN if name in inputs),
        {name: _empty(entry) for name, entry in caches.items()},
        present,
    )


def _empty(entry: Tensor) -> NDArray[Any]:
    shape = entry.shape or ()
    if len(shape) != 4 or shape[1] is None or shape[2] is not None or shape[3] is None:
        expected = "shape (batch, heads, free, width)"
        raise InvalidNetwork(entry.name, expected=expected, got=entry.shape)
    return np.empty((1, shape[1], 0, shape[3]), entry.dtype)


class Reading:
    """One text on its way through a decoder."""

    def __init__(self, model: OnnxModel, layout: Layout) -> None:
        self._model, self._layout = model, layout
        self._dtypes = {entry.name: entry.dtype for entry in model.inputs}
        self._tokens: list[int] = []
        self._cache = dict(layout.empty)

    def read(self, tokens: Sequence[int]) -> Logits:
        """Logits of what follows each of these tokens, (n, vocabulary).

        Raises InvalidNetwork or InvalidInput.
        """
        self._tokens += tokens
        start = len(self._tokens) - len(tokens) if self._cache else 0
        found = self._model.run(self._feeds(start))
        self._cache = {name: found[output] for name, output in self._layout.present.items()}
        logits = found["logits"]
        if logits.ndim != 3 or logits.shape[:2] != (1, len(self._tokens) - start):
            raise InvalidNetwork("logits", expected="(1, sequence, vocabulary)", got=logits.shape)
        rows: Logits = logits[0, len(logits[0]) - len(tokens) :].astype(np.float32)
        if not np.isfinite(rows.max(axis=1)).all():
            raise InvalidNetwork("logits", expected="numbers", got="NaN or Inf")
        return rows

    def through(self, tokens: Sequence[int]) -> Iterator[Logits]:
        """The same of many tokens, in parts where there is a cache."""
        step = _PART if self._cache else max(len(tokens), 1)
        for start in range(0, len(tokens), step):
            yield self.read(tokens[start : start + step])

    def _feeds(self, start: int) -> Cache:
        whole = len(self._tokens)
        plain = {
            "input_ids": np.array(self._tokens[start:]),
            "attention_mask": np.ones(whole),
            "position_ids": np.arange(start, whole),
        }
        names = ("input_ids", *self._layout.plain)
        return {
            **{name: plain[name][None].astype(self._dtypes[name]) for name in names},
            **self._cache,
        }
