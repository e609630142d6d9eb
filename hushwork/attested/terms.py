"""What an attested manifest says of its model, and a question as such a model takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from hushwork.attested.messages import (
    TEXT_LIMIT,
    Name,
    Question,
    Said,
    Tensor,
    Tensors,
    Written,
    decode,
)
from hushwork.errors import InvalidInput, RefusedManifest
from hushwork.guarantee import Input, Manifest, Prompt

NAME = "attested"
Kind = Literal["numbers", "tensors", "embedding", "generator"]
Takes = Literal["numbers", "tensors", "text"]
Sizes = tuple[int, ...]
TAKES: dict[Kind, Takes] = {
    "numbers": "numbers",
    "tensors": "tensors",
    "embedding": "text",
    "generator": "text",
}


class Signature(Said, frozen=True):
    """An input or an output."""

    name: Name
    dtype: Name
    shape: Annotated[tuple[int | None, ...], Meta(max_length=16)] | None
    """None where an axis, or even their number, is free."""


class Terms(Said, frozen=True):
    """The guarantee's own part of a manifest."""

    kind: Kind
    inputs: Annotated[tuple[Signature, ...], Meta(max_length=256)] = ()
    outputs: Annotated[tuple[Signature, ...], Meta(max_length=256)] = ()

    @classmethod
    def of(cls, manifest: Manifest) -> Terms:
        """Raises RefusedManifest, TooLarge or MalformedBytes."""
        terms = decode("terms", cls, manifest.body, 1 << 20)
        wanted = (NAME, TAKES[terms.kind], terms.kind == "generator")
        found = (manifest.guarantee, manifest.takes, manifest.streams)
        if found != wanted:
            raise RefusedManifest("manifest", expected=wanted, got=found)
        shape, labels = classes(terms, manifest.labels)
        if (shape, labels) != (manifest.input_shape, manifest.labels):
            raise RefusedManifest("manifest", expected=f"inputs of shape {shape}", got="others")
        return terms


def question_of(terms: Terms, x: Input) -> Question:
    """An input as it is sealed. Raises InvalidInput."""
    if terms.kind == "numbers":
        entry = terms.inputs[0]
        return Tensors({entry.name: Tensor.of(_batch(x, entry))})
    if terms.kind == "tensors":
        if not isinstance(x, Mapping):
            raise InvalidInput("input", expected="arrays by name", got=type(x).__name__)
        return Tensors({name: Tensor.of(np.asarray(value)) for name, value in x.items()})
    prompt = Prompt(x) if isinstance(x, str) else x
    if not isinstance(prompt, Prompt):
        raise InvalidInput("input", expected="a text", got=type(x).__name__)
    return _asked(prompt)


def is_classifier(inputs: tuple[Signature, ...], outputs: tuple[Signature, ...]) -> bool:
    """One input of numbers and one vector of outputs, of one shape but for the batch."""
    if not len(inputs) == len(outputs) == 1:
        return False
    (entry,), (made,) = inputs, outputs
    if not entry.shape or not made.shape or len(made.shape) != 2:
        return False
    fixed = all(size is not None for size in (*entry.shape[1:], *made.shape[1:]))
    return fixed and entry.shape[0] in {None, 1} and entry.dtype == made.dtype == "float32"


def classes(terms: Terms, named: tuple[str, ...]) -> tuple[Sizes, tuple[str, ...]]:
    """The shape of the numbers that go in, and the labels of those that come out.

    Raises RefusedManifest for terms that contradict themselves.
    """
    if terms.kind != "numbers":
        return (), ()
    if not is_classifier(terms.inputs, terms.outputs):
        raise RefusedManifest("terms", expected="one input, one vector of outputs", got="others")
    entry, made = terms.inputs[0].shape or (), terms.outputs[0].shape or ()
    count = made[1] or 0
    labels = named if len(named) == count else tuple(map(str, range(count)))
    return tuple(size or 0 for size in entry[1:]), labels


def _asked(prompt: Prompt) -> Written:
    """Raises InvalidInput for what no enclave takes."""
    settings = (prompt.most_tokens, prompt.temperature, prompt.seed, tuple(prompt.stop))
    try:
        encoded = Written(prompt.text, *settings).to_bytes()
        if len(encoded) > 2 * TEXT_LIMIT:
            raise InvalidInput("text", expected=f"at most {TEXT_LIMIT} bytes", got=len(encoded))
        return msgspec.msgpack.decode(encoded, type=Written)
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        expected = f"a text of at most {TEXT_LIMIT} characters, and settings within their bounds"
        raise InvalidInput("question", expected=expected, got=error) from None


def _batch(x: Input, entry: Signature) -> NDArray[Any]:
    """(1, *input shape) in the type that the network takes."""
    shape = (entry.shape or ())[1:]
    expected = f"finite numbers of shape {shape}"
    try:
        values = np.asarray(x, np.float64)
    except (TypeError, ValueError):
        raise InvalidInput("input", expected=expected, got=type(x).__name__) from None
    if values.shape != shape or not np.isfinite(values).all():
        raise InvalidInput("input", expected=expected, got=f"shape {values.shape}")
    return values[None].astype(entry.dtype)
