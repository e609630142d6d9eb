"""A model as its owner publishes it: what a verifier needs to know of it, nothing of its weights.

    Publication.from_bytes(data).check() -> Model      raises where it proves nothing

A model's digest covers its architecture, its scales, the parameters of its commitments, and the
commitment to its weights: two publications of one network have different digests.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from hushwork._native import Scheme, Weights
from hushwork.errors import InvalidProof, MalformedBytes, TooLarge, UnsupportedVersion
from hushwork.networks.integers import Architecture

VERSION = 1
PUBLICATION_LIMIT = 256 << 20
"""Most bytes: public weights are part of it."""
PINNED = 52
"""Bytes of what is public of a commitment."""

Bytes = Annotated[bytes, Meta(max_length=PUBLICATION_LIMIT)]
Pinned = Annotated[bytes, Meta(min_length=PINNED, max_length=PINNED)]
Message = TypeVar("Message", bound=Struct)


class Hidden(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=0):
    """Weights that only their owner sees."""

    root: Pinned
    """The commitment to them."""
    proof: Bytes
    """That they are within their bounds."""


class Public(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=1):
    """Weights that everybody sees."""

    weights: Bytes


class Publication(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A published model, unchecked."""

    version: int
    architecture: Bytes
    """See hushwork.networks.integers.Architecture."""
    parameters: Bytes
    """Of the commitments."""
    weights: Hidden | Public

    def to_bytes(self) -> bytes:
        """Encode canonically."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Publication:
        """Decode what a stranger sent. Raises TooLarge, MalformedBytes or UnsupportedVersion."""
        return decode("publication", cls, data, PUBLICATION_LIMIT)

    def check(self) -> Model:
        """Check it whole. Raises InvalidProof, and what its parts raise."""
        model = Model(self)
        if isinstance(self.weights, Hidden):
            model.scheme.verify_publication(self.weights.root, self.weights.proof)
        return model


class Model:
    """A published model. `Publication.check` makes one that is proven."""

    def __init__(self, publication: Publication) -> None:
        """Raises InvalidNetwork, InvalidParameters, InsecureParameters or InvalidBytes."""
        self.publication = publication
        self.architecture = Architecture.from_bytes(publication.architecture)
        hidden = isinstance(publication.weights, Hidden)
        self.scheme = Scheme.read(publication.architecture, hidden, publication.parameters)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """As whoever asks gives an input: (channels, height, width), or (features,)."""
        height, width, channels = self.architecture.shape
        return (channels,) if height == width == 1 else (channels, height, width)

    @cached_property
    def public(self) -> Weights | None:
        """Weights that everybody knows."""
        weights = self.publication.weights
        return self.scheme.weights(weights.weights) if isinstance(weights, Public) else None

    @property
    def root(self) -> bytes | None:
        """The commitment to hidden weights."""
        weights = self.publication.weights
        return weights.root if isinstance(weights, Hidden) else None

    @cached_property
    def digest(self) -> bytes:
        """What names the model, 32 bytes."""
        given = self.root if self.public is None else self.public
        if given is None:
            raise InvalidProof("a publication", expected="weights", got="none")
        return self.scheme.model(given)


def decode(what: str, kind: type[Message], data: bytes, limit: int) -> Message:
    """A versioned message, in its one encoding.

    Raises TooLarge, MalformedBytes or UnsupportedVersion.
    """
    if len(data) > limit:
        raise TooLarge(what, expected=f"at most {limit} bytes", got=len(data))
    try:
        made = msgspec.msgpack.decode(data, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedBytes(what, expected=f"a {what}", got=error) from None
    if (version := getattr(made, "version", VERSION)) != VERSION:
        raise UnsupportedVersion(what, expected=VERSION, got=version)
    if msgspec.msgpack.encode(made) != data:
        raise MalformedBytes(what, expected="its one encoding", got="another")
    return made
