"""How a validator knows that an answer is right, by the kind of model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from hushwork.errors import HushworkError
from hushwork.guarantee import Answer, Input, Prompt
from hushwork.networks import Network, PlainRun
from hushwork.networks.layers import Array
from hushwork.networks.models import Embedder, Generator, Model, OnnxModel
from hushwork.subnet.scoring import TOLERANCE
from hushwork.subnet.task import Reference

NEAR_TIE = 0.05
"""Logits closer than this may change places between processors."""
Follows = Callable[[Input, Answer], bool]


def reference_for(network: Network | Model | None, takes: str) -> Reference | None:
    """The plain run of many inputs; None where there is none to compare with."""
    if isinstance(network, Network):
        return PlainRun(network, threads=1)
    if isinstance(network, Embedder):
        return lambda texts: np.asarray(network.embed(texts), np.float64)
    if isinstance(network, OnnxModel) and takes == "numbers":
        return lambda images: _each(network, images)
    return None


def follows_for(network: Network | Model | None, takes: str) -> Follows | None:
    """Whether an answer is right, for models whose answers are no vector to compare."""
    if isinstance(network, Generator):
        return lambda x, answer: _written(network, x, answer)
    if isinstance(network, OnnxModel) and takes == "tensors":
        return lambda x, answer: _computed(network, x, answer)
    return None


def _written(model: Generator, x: Input, answer: Answer) -> bool:
    """Tokens that a language model writes, near-ties aside, and all of them."""
    output = answer.output
    if not isinstance(x, Prompt) or output.ndim != 1 or not np.isfinite(output).all():
        return False
    tokens = [int(token) for token in output]
    ended = bool(tokens) and tokens[-1] in model.end_tokens
    is_whole = len(tokens) == x.most_tokens or (ended and len(tokens) < x.most_tokens)
    return is_whole and model.follows(x.text, tokens, NEAR_TIE)


def _computed(model: OnnxModel, x: Input, answer: Answer) -> bool:
    """Every output within TOLERANCE of its range of what the model gives here."""
    if not isinstance(x, Mapping):
        return False
    try:
        wanted = model.run(x)
    except HushworkError:
        return False
    if wanted.keys() != answer.tensors.keys():
        return False
    pairs = ((wanted[name], answer.tensors[name]) for name in wanted)
    return all(_near(np.asarray(one), np.asarray(other)) for one, other in pairs)


def _near(wanted: Array, found: Array) -> bool:
    if wanted.shape != found.shape or wanted.dtype != found.dtype:
        return False
    if not np.issubdtype(wanted.dtype, np.floating):
        return bool(np.array_equal(wanted, found))
    spread = float(np.ptp(wanted)) if wanted.size else 0.0
    most = TOLERANCE * max(spread, float(np.abs(wanted).max(initial=0.0)) * TOLERANCE)
    return bool(np.allclose(found, wanted, rtol=0.0, atol=most, equal_nan=True))


def _each(model: OnnxModel, images: Array) -> Array:
    """(count, *input shape) to (count, classes), one after the other."""
    (entry,), output = model.inputs, model.outputs[0]
    feeds = ({entry.name: image[None].astype(entry.dtype)} for image in images)
    return np.concatenate([model.run(feed)[output.name] for feed in feeds]).astype(np.float64)
