"""`model.toml`: what a folder's model is, for a reader and for the program.

kind = "embedding"            kind = "generator"
name = "minilm"               name = "tiny-tales"
pooling = "mean"              context = 256
normalise = true              end_tokens = ["<|end|>"]
most_tokens = 256
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from hushwork.errors import MalformedBytes
from hushwork.networks import metadata

DESCRIPTION_LIMIT = 1 << 14
"""Most bytes of the file."""

Length = Annotated[int, Meta(ge=1, le=1 << 20)]
"""A number of tokens."""


class Embedding(Struct, tag_field="kind", tag="embedding", forbid_unknown_fields=True, frozen=True):
    """A model that makes a vector of a text."""

    name: str
    pooling: Literal["mean", "cls", "none"]
    """Of the tokens' vectors: their mean, the first one; or the model gives one already."""
    normalise: bool
    """Whether vectors are made one long."""
    most_tokens: Length
    """Of a text; the rest of it is not read."""


class Generating(
    Struct, tag_field="kind", tag="generator", forbid_unknown_fields=True, frozen=True
):
    """A model that continues a text."""

    name: str
    context: Length
    """Most tokens of a prompt and its continuation together."""
    end_tokens: Annotated[list[Annotated[str, Meta(max_length=256)]], Meta(max_length=16)]
    """Tokens, as the tokenizer writes them, after which the model says no more."""


def read(data: bytes) -> Embedding | Generating:
    """Read a description. Raises MalformedBytes or InvalidNetwork."""
    expected = "a description as hushwork.networks.models.description shows it"
    try:
        found = msgspec.toml.decode(data, type=Embedding | Generating)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedBytes("model.toml", expected=expected, got=error) from None
    metadata.text(found.name, "name")
    return found
