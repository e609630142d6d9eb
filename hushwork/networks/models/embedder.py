"""Sentence embeddings: texts in, one vector for each out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import InvalidInput, InvalidNetwork, TooLarge
from hushwork.networks.models.description import Embedding
from hushwork.networks.models.tensors import OnnxModel
from hushwork.networks.models.tokens import Tokens, check_texts

TEXTS_LIMIT = 1024
"""Most texts of one call."""
_TOGETHER = 4096
_TINY = 1e-12

Vectors = NDArray[np.float32]


class Embedder:
    """A sentence-embedding model. May be shared between threads."""

    kind: ClassVar[str] = "embedding"

    def __init__(
        self, model: OnnxModel, tokens: Tokens, description: Embedding, digest: str
    ) -> None:
        """Of a model of input_ids, attention_mask and perhaps token_type_ids, (n, sequence).

        Its first output of as many axes as the pooling needs is read. Raises InvalidNetwork.
        """
        self.name, self.digest = description.name, digest
        self._model, self._tokens, self._description = model, tokens, description
        names = {entry.name for entry in model.inputs}
        if not {"input_ids"} <= names <= {"input_ids", "attention_mask", "token_type_ids"}:
            expected = "input_ids, attention_mask and token_type_ids, or some of them"
            raise InvalidNetwork("inputs", expected=expected, got=sorted(names))
        self._output = self._chosen()
        takes_one = any(entry.shape and entry.shape[0] == 1 for entry in model.inputs)
        self._together = 1 if takes_one or "attention_mask" not in names else _TOGETHER

    def embed(self, texts: Sequence[str]) -> Vectors:
        """A vector for each text, (n, width). A text is cut at the model's limit.

        Raises InvalidInput or TooLarge (TEXTS_LIMIT, TEXT_LIMIT).
        """
        if isinstance(texts, str) or not texts:
            raise InvalidInput(
                "texts", expected="a list of at least one text", got=repr(texts)[:40]
            )
        if len(texts) > TEXTS_LIMIT:
            raise TooLarge("texts", expected=f"at most {TEXTS_LIMIT}", got=len(texts))
        check_texts(texts)
        encoded = [self._tokens.encode(text) for text in texts]
        # Texts of like lengths go together, so that little is padded.
        order = sorted(range(len(texts)), key=lambda index: -len(encoded[index]))
        parts = list(self._parts([encoded[index] for index in order]))
        found = np.empty((len(texts), parts[0].shape[1]), np.float32)
        found[order] = np.concatenate(parts)
        return found

    def _parts(self, encoded: list[list[int]]) -> Iterator[Vectors]:
        """Of texts as tokens, the longest first."""
        start = 0
        while start < len(encoded):
            end = start + max(1, self._together // len(encoded[start]))
            yield self._batch(encoded[start:end])
            start = end

    def _batch(self, encoded: list[list[int]]) -> Vectors:
        longest = len(encoded[0])
        ids = np.array([row + [0] * (longest - len(row)) for row in encoded])
        mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in encoded])
        all_feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": ids * 0}
        feeds = {
            entry.name: all_feeds[entry.name].astype(entry.dtype) for entry in self._model.inputs
        }
        pooled = self._pooled(self._model.run(feeds)[self._output], mask)
        if not np.isfinite(pooled).all():
            raise InvalidInput("text", expected="a finite embedding", got="NaN or Inf")
        if self._description.normalise:
            pooled /= np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), _TINY)
        return pooled

    def _pooled(self, found: NDArray[Any], mask: NDArray[np.int64]) -> Vectors:
        shape = mask.shape if self._is_by_token else mask.shape[:1]
        if found.shape[:-1] != shape:
            expected = f"{shape} and a width"
            raise InvalidNetwork(self._output, expected=expected, got=found.shape)
        values = found.astype(np.float32)
        if self._description.pooling == "cls":
            return values[:, 0]
        if self._description.pooling == "mean":
            weights = mask[..., None].astype(np.float32)
            means: Vectors = (values * weights).sum(axis=1) / weights.sum(axis=1)
            return means
        return values

    @property
    def _is_by_token(self) -> bool:
        return self._description.pooling != "none"

    def _chosen(self) -> str:
        axes = 3 if self._is_by_token else 2
        for entry in self._model.outputs:
            if entry.shape is not None and len(entry.shape) == axes and entry.dtype.kind == "f":
                return entry.name
        shapes = [entry.shape for entry in self._model.outputs]
        raise InvalidNetwork("outputs", expected=f"one of {axes} axes", got=shapes)
