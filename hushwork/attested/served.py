"""What an enclave runs, and what its manifest says of that."""

from __future__ import annotations

from collections.abc import Generator as Steps
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hushwork.attested.messages import TEXT_LIMIT, Outcome, Question, Tensor, Tensors, Written
from hushwork.attested.terms import NAME, TAKES, Signature, Terms, classes, is_classifier
from hushwork.errors import InvalidInput
from hushwork.guarantee import Manifest
from hushwork.networks.models import Embedder, Generator, Model, OnnxModel
from hushwork.networks.models import Tensor as Described

ENVELOPE = 4096
"""Most bytes that sealing, padding and a receipt add."""
TENSORS_LIMIT = 60 << 20
WRITTEN_LIMIT = 16 << 20
"""Of a text in all its parts, each of which takes some 300 bytes."""
HELLO_LIMIT = 64


def offer(model: Model) -> Manifest:
    """The manifest of a model: all who serve it have the same."""
    terms = _terms(model)
    shape, labels = classes(terms, model.labels if isinstance(model, OnnxModel) else ())
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
        takes=TAKES[terms.kind],
        streams=terms.kind == "generator",
    )


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


def _terms(model: Model) -> Terms:
    if isinstance(model, Embedder):
        return Terms("embedding")
    if isinstance(model, Generator):
        return Terms("generator")
    inputs, outputs = (tuple(map(_signature, side)) for side in (model.inputs, model.outputs))
    return Terms("numbers" if is_classifier(inputs, outputs) else "tensors", inputs, outputs)


def _signature(tensor: Described) -> Signature:
    return Signature(tensor.name, tensor.dtype.name, tensor.shape)


def _limits(terms: Terms, shape: tuple[int, ...], classes: int) -> tuple[int, int]:
    """Most bytes of a question and of an answer."""
    if terms.kind == "numbers":
        return 4 * prod(shape), 4 * classes
    if terms.kind == "tensors":
        return TENSORS_LIMIT, TENSORS_LIMIT
    return 2 * TEXT_LIMIT, WRITTEN_LIMIT
