"""What an enclave runs, and what its manifest says of that."""

from __future__ import annotations

from collections.abc import Generator as Steps
from collections.abc import Mapping
from math import prod
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from hushwork.attested.messages import (
    TEXT_LIMIT,
    Name,
    Outcome,
    Question,
    Said,
    Tensor,
    Tensors,
    Written,
    decode,
)
from hushwork.errors import InvalidInput, RefusedManifest
from hushwork.guarantee import Input, Manifest, Prompt
from hushwork.networks.models import Embedder, Generator, Model, OnnxModel
from hushwork.networks.models import Tensor as Described

NAME = "attested"
ENVELOPE = 4096
"""Most bytes that sealing, padding and a receipt add."""
TENSORS_LIMIT = 60 << 20
WRITTEN_LIMIT = 16 << 20
"""Of a text in all its parts, each of which takes some 300 bytes."""
HELLO_LIMIT = 64
Kind = Literal["numbers", "tensors", "embedding", "generator"]
Takes = Literal["numbers", "tensors", "text"]
Sizes = tuple[int, ...]


_TAKES: dict[Kind, Takes] = {
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
        wanted = (NAME, _TAKES[terms.kind], terms.kind == "generator")
        found = (manifest.guarantee, manifest.takes, manifest.streams)
        if found != wanted:
            raise RefusedManifest("manifest", expected=wanted, got=found)
        shape, labels = _classes(terms, manifest.labels)
        if (shape, labels) != (manifest.input_shape, manifest.labels):
            raise RefusedManifest("manifest", expected=f"inputs of shape {shape}", got="others")
        return terms


def offer(model: Model) -> Manifest:
    """The manifest of a model: all who serve it have the same."""
    terms = _terms(model)
    shape, labels = _classes(terms, model.labels if isinstance(model, OnnxModel) else ())
    request, response = _limits(terms, shape, len(labels))
    return Manifest(
        guarantee=NAME,
        network=model.name,
        network_digest=model.digest,
        input_shape=shape,
        labels=labels,
        hello_limit=HELLO_LIMIT,
        request_limit=request + ENVELOPE,
        response_limit=response + ENVELOPE,
        body=terms.to_bytes(),
        takes=_TAKES[terms.kind],
        streams=terms.kind == "generator",
    )


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


def respond(model: Model, question: Question) -> Steps[str, None, Outcome]:
    """Run a model: texts as they are written, and the outcome. Raises InvalidInput."""
    if isinstance(model, OnnxModel):
        if not isinstance(question, Tensors):
            raise InvalidInput("question", expected="tensors", got="text")
        feeds = {name: value.array for name, value in question.values.items()}
        return _outcome(model.run(feeds))
    if not isinstance(question, Written):
        raise InvalidInput("question", expected="a text", got="tensors")
    if isinstance(model, Embedder):
        return _outcome({"embedding": model.embed([question.text])[0]})
    return (yield from _written(model, question))


def _written(model: Generator, question: Written) -> Steps[str, None, Outcome]:
    tokens, texts = [], []
    for piece in model.generate(
        question.text,
        most_tokens=question.most_tokens,
        temperature=question.temperature,
        seed=question.seed,
        stop=question.stop,
    ):
        tokens.append(piece.token)
        texts.append(piece.text)
        yield piece.text
    made = Tensor.of(np.array(tokens, np.int64))
    return Outcome({"tokens": made}, "".join(texts))


def _outcome(outputs: Mapping[str, NDArray[Any]]) -> Outcome:
    return Outcome({name: Tensor.of(value) for name, value in outputs.items()})


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


def _terms(model: Model) -> Terms:
    if isinstance(model, Embedder):
        return Terms("embedding")
    if isinstance(model, Generator):
        return Terms("generator")
    inputs, outputs = (tuple(map(_signature, side)) for side in (model.inputs, model.outputs))
    return Terms("numbers" if _is_classifier(inputs, outputs) else "tensors", inputs, outputs)


def _signature(tensor: Described) -> Signature:
    return Signature(tensor.name, tensor.dtype.name, tensor.shape)


def _is_classifier(inputs: tuple[Signature, ...], outputs: tuple[Signature, ...]) -> bool:
    """One input of numbers and one vector of outputs, of one shape but for the batch."""
    if not len(inputs) == len(outputs) == 1:
        return False
    (entry,), (made,) = inputs, outputs
    if not entry.shape or not made.shape or len(made.shape) != 2:
        return False
    fixed = all(size is not None for size in (*entry.shape[1:], *made.shape[1:]))
    return fixed and entry.shape[0] in {None, 1} and entry.dtype == made.dtype == "float32"


def _classes(terms: Terms, named: tuple[str, ...]) -> tuple[Sizes, tuple[str, ...]]:
    """The shape of the numbers that go in, and the labels of those that come out.

    Raises RefusedManifest for terms that contradict themselves.
    """
    if terms.kind != "numbers":
        return (), ()
    if not _is_classifier(terms.inputs, terms.outputs):
        raise RefusedManifest("terms", expected="one input, one vector of outputs", got="others")
    entry, made = terms.inputs[0].shape or (), terms.outputs[0].shape or ()
    count = made[1] or 0
    labels = named if len(named) == count else tuple(map(str, range(count)))
    return tuple(size or 0 for size in entry[1:]), labels


def _limits(terms: Terms, shape: tuple[int, ...], classes: int) -> tuple[int, int]:
    """Most bytes of a question and of an answer."""
    if terms.kind == "numbers":
        return 4 * prod(shape), 4 * classes
    if terms.kind == "tensors":
        return TENSORS_LIMIT, TENSORS_LIMIT
    return 2 * TEXT_LIMIT, WRITTEN_LIMIT
