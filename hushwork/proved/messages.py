"""What worker and client say: an offer; a nonce and an input; a claim and its epoch."""

from __future__ import annotations

from math import prod
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from hushwork.guarantee import Manifest
from hushwork.proved.evidence import Claim, Epoch, Numbers
from hushwork.proved.publication import Model, Pinned

NAME = "proved"
NONCE = 32
"""Bytes of a nonce."""
RESPONSE_LIMIT = 64 << 20


class Request(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One input, and the nonce that its proof is to be bound to."""

    nonce: Annotated[bytes, Meta(min_length=NONCE, max_length=NONCE)]
    input: Numbers

    def to_bytes(self) -> bytes:
        """Encode canonically."""
        return msgspec.msgpack.encode(self)


class Response(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A claim; the commitment that it opens; and the link of that one, the first time."""

    claim: Claim
    commitment: Pinned | None
    """None where weights are public."""
    epoch: Epoch | None

    def to_bytes(self) -> bytes:
        """Encode canonically."""
        return msgspec.msgpack.encode(self)


def offer(model: Model) -> Manifest:
    """The manifest of a published model: all who serve it have the same."""
    architecture = model.architecture
    return Manifest(
        guarantee=NAME,
        network=architecture.name,
        network_digest=model.digest.hex(),
        input_shape=model.input_shape,
        labels=architecture.labels,
        hello_limit=NONCE,
        request_limit=4 * prod(model.input_shape) + 128,
        response_limit=RESPONSE_LIMIT,
        body=model.publication.to_bytes(),
    )
