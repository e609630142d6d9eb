"""What client and worker say to each other: a nonce and an input, a claim and its epoch."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from hushwork.proved.evidence import Claim, Epoch, Numbers
from hushwork.proved.publication import Pinned

NAME = "proved"
NONCE = 32
"""Bytes of a nonce."""


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
