"""The encrypted part of a manifest: what a client must know, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import isfinite, prod

import msgspec
import numpy as np
from numpy.typing import NDArray

from hushwork._native import (
    Parameters,
    evaluation_keys_bytes,
    projected_bytes,
)
from hushwork.encrypted.answer import UNCHECKED
from hushwork.errors import (
    MalformedBytes,
    ParameterMismatch,
    RefusedManifest,
    TooLarge,
    UnsupportedVersion,
)
from hushwork.guarantee import Manifest

Index = NDArray[np.int64]

NAME = "encrypted"
VERSION = 4
KEYS = 1024
"""Most evaluation keys that a client makes."""
KEYS_LIMIT = 2 << 30
"""Most bytes of keys that a client makes."""
CIPHERTEXTS = 4096
"""Most ciphertexts of a request, and of an answer."""
MESSAGE_LIMIT = 1 << 30
"""Most bytes of a request, and of an answer."""
FRAME = 16
"""Most bytes that a message adds to each of its ciphertexts."""
DIGEST = 32
"""Bytes of a digest."""
ZERO = -1
"""In a table: the slot holds zero."""


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As it travels, in `Manifest.body`."""

    version: int
    parameters: bytes
    request_limbs: int
    request_scale: float
    request_period: int
    """Slots of an image after which a request repeats, and of which it is sent: a power of two."""
    gather: bytes
    """32-bit little-endian: input element of each slot of a period, -1: zero."""
    rotations: dict[int, list[int]]
    """Rotation -> most limbs at which it is used, in each tier."""
    relinearisation: list[int]
    """Most limbs of a product, in each tier."""
    response_scale: float
    response_period: int
    """Slots of an image after which an answer repeats, and of which it is sent: a power of two."""
    scatter: bytes
    """Output element of each slot of a period, -1: must be zero, -2: may be anything."""
    output_shape: tuple[int, ...]
    """Its first axis is the labels."""
    factor: float
    """The answer holds this factor times the outputs."""
    output_range: float
    """Largest output that cannot wrap around; a larger one is an error."""
    precision: float
    """Error of an output to be expected, relative to the largest."""
    plan: str
    """SHA-256 of the plan, hex."""


def to_table(index: Index) -> bytes:
    """An index table as it travels."""
    return index.astype("<i4").tobytes()


@dataclass(frozen=True, eq=False)
class Terms:
    """A manifest that has been checked: what a client works by."""

    body: Body
    parameters: Parameters
    images: int
    """In each run; slot s of image i is slot s * images + i of the ring."""
    gather: Index
    """(ciphertexts, period of the request)"""
    scatter: Index
    """(ciphertexts, period of the answer)"""

    @property
    def copies(self) -> int:
        """Of what a request holds, in the ring: a worker sums them."""
        return self.slots // self.body.request_period

    @property
    def slots(self) -> int:
        """Of each image."""
        return self.parameters.slots // self.images

    @property
    def request_bytes(self) -> int:
        """Most bytes of a request."""
        shape = len(self.gather), self.body.request_period * self.images
        return request_bytes(self.parameters, shape, self.body.request_limbs)

    @property
    def response_period(self) -> int:
        """Slots of the ring after which an answer repeats."""
        return self.body.response_period * self.images


def _require(what: str, holds: bool, expected: object, got: object) -> None:
    if not holds:
        raise RefusedManifest(f"manifest: {what}", expected=expected, got=got)


def _within(what: str, got: int, least: int, most: int) -> None:
    _require(what, least <= got <= most, f"{least} to {most}", got)


def read(manifest: Manifest) -> Terms:
    """Check a stranger's manifest whole.

    Raises RefusedManifest, InvalidBytes, InvalidParameters or InsecureParameters.
    """
    body = _decoded(manifest)
    parameters = Parameters.from_bytes(body.parameters)
    _within("limbs of the request", body.request_limbs, 1, len(parameters.moduli))
    _check_scales(body, parameters, manifest)
    _check_keys(body, parameters, manifest)
    _check_power("images", manifest.images, parameters.slots)
    slots = parameters.slots // manifest.images
    _check_power("period of the request", body.request_period, slots)
    _check_power("period of the answer", body.response_period, slots)
    elements = _elements("input", manifest.input_shape, slots)
    results = _elements("output", body.output_shape, slots)
    labels = len(manifest.labels)
    _require("labels", labels == body.output_shape[0], body.output_shape[0], labels)
    gather = _table("gather", body.gather, body.request_period)
    scatter = _table("scatter", body.scatter, body.response_period)
    _check_entries("gather", gather, ZERO, elements)
    _check_entries("scatter", scatter, UNCHECKED, results)
    shown = len(np.unique(scatter[scatter >= 0]))
    _require("outputs in the answer", shown == results, results, shown)
    terms = Terms(body, parameters, manifest.images, gather, scatter)
    _check_sizes(terms, manifest)
    return terms


def _decoded(manifest: Manifest) -> Body:
    if manifest.guarantee != NAME:
        raise RefusedManifest("manifest: another guarantee", expected=NAME, got=manifest.guarantee)
    try:
        body = msgspec.msgpack.decode(manifest.body, type=Body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise MalformedBytes("manifest body", expected="an encrypted body", got=error) from None
    if body.version != VERSION:
        raise UnsupportedVersion("manifest body", expected=VERSION, got=body.version)
    return body


def _check_scales(body: Body, parameters: Parameters, manifest: Manifest) -> None:
    for name, scale in (("request", body.request_scale), ("response", body.response_scale)):
        good = isfinite(scale) and 2.0**16 <= scale <= 2.0**58
        _require(f"scale of the {name}", good, "2^16 to 2^58", scale)
    for name, value in (
        ("factor", body.factor),
        ("output range", body.output_range),
        ("precision", body.precision),
        *((f"bound of {name}", bound) for name, bound in manifest.bounds.items()),
    ):
        _require(name, isfinite(value) and value > 0, "a positive number", value)
    # A coefficient is at most twice the largest slot.
    reach = body.output_range * body.factor * body.response_scale
    most = parameters.moduli[0] / 4
    _require("output range fits the last modulus", reach <= most, f"at most {most:e}", f"{reach:e}")


def _check_power(name: str, number: int, most: int) -> None:
    _within(name, number, 1, most)
    _require(name, number.bit_count() == 1, "a power of two", number)


def _check_keys(body: Body, parameters: Parameters, manifest: Manifest) -> None:
    count = sum(map(len, body.rotations.values())) + len(body.relinearisation)
    _within("number of keys", count, 0, KEYS)
    for step in body.rotations:
        _within("rotation", step, 1, parameters.slots - 1)
    for depth in chain(body.relinearisation, *body.rotations.values()):
        _within("limbs of a key", depth, 1, len(parameters.moduli))
    size = hello_bytes(parameters, body.rotations, body.relinearisation)
    _within("bytes of keys", size, 0, min(KEYS_LIMIT, manifest.hello_limit))


def _table(name: str, data: bytes, slots: int) -> Index:
    _require(f"{name} is whole", len(data) % (4 * slots) == 0, f"{4 * slots} each", len(data))
    _within(f"ciphertexts of {name}", len(data) // (4 * slots), 1, CIPHERTEXTS)
    return np.frombuffer(data, dtype="<i4").astype(np.int64).reshape(-1, slots)


def _elements(name: str, shape: tuple[int, ...], slots: int) -> int:
    _within(f"axes of the {name}", len(shape), 1, 3)
    _within(f"extent of the {name}", min(shape), 1, max(shape))
    _within(f"elements of the {name}", prod(shape), 1, CIPHERTEXTS * slots)
    return prod(shape)


def _check_entries(name: str, table: Index, least: int, elements: int) -> None:
    _within(f"{name} from", int(table.min()), least, elements - 1)
    _within(f"{name} to", int(table.max()), least, elements - 1)


def _check_sizes(terms: Terms, manifest: Manifest) -> None:
    request = terms.request_bytes
    response = answer_bytes(terms.parameters, (len(terms.scatter), terms.response_period))
    _within("bytes of a request", request, 0, MESSAGE_LIMIT)
    _within("bytes of an answer", response, 0, MESSAGE_LIMIT)
    _require("request limit", manifest.request_limit == request, request, manifest.request_limit)
    _require(
        "response limit", manifest.response_limit == response, response, manifest.response_limit
    )


def hello_bytes(
    parameters: Parameters, rotations: Mapping[int, list[int]], relinearisation: list[int]
) -> int:
    """Bytes of a hello."""
    return DIGEST + evaluation_keys_bytes(parameters, rotations, relinearisation)


def with_digest(manifest: Manifest, keys: bytes) -> bytes:
    """A hello: for which manifest its keys are made, and the keys."""
    return bytes.fromhex(manifest.digest) + keys


def keys_of(manifest: Manifest, hello: bytes | memoryview) -> memoryview:
    """The keys of a hello. Raises TooLarge, MalformedBytes or ParameterMismatch."""
    if len(hello) < DIGEST:
        raise MalformedBytes("hello", expected="a digest and keys", got=f"{len(hello)} bytes")
    meant = bytes(hello[:DIGEST]).hex()
    if meant != manifest.digest:
        raise ParameterMismatch(
            "the keys are for another manifest", expected=manifest.digest, got=meant
        )
    if len(hello) > manifest.hello_limit:
        limit = f"at most {manifest.hello_limit} bytes"
        raise TooLarge("hello", expected=limit, got=len(hello))
    return memoryview(hello)[DIGEST:]


def request_bytes(parameters: Parameters, shape: tuple[int, ...], limbs: int) -> int:
    """Most bytes of a request of fresh projected ciphertexts: (how many, period)."""
    count, period = shape
    return FRAME + count * (FRAME + projected_bytes(parameters, limbs, period, True))


def answer_bytes(parameters: Parameters, shape: tuple[int, ...]) -> int:
    """Most bytes of an answer of computed projected ciphertexts, of one limb."""
    count, period = shape
    return FRAME + count * (FRAME + projected_bytes(parameters, 1, period, False))


def join(ciphertexts: Sequence[bytes | memoryview]) -> bytes:
    """One message of several ciphertexts."""
    return msgspec.msgpack.encode(ciphertexts)


def parted(what: str, message: bytes, count: int, limit: int) -> list[memoryview]:
    """The ciphertexts of a message, without a copy. Raises TooLarge or MalformedBytes."""
    if len(message) > limit:
        raise TooLarge(what, expected=f"at most {limit} bytes", got=len(message))
    try:
        ciphertexts = msgspec.msgpack.decode(message, type=list[memoryview])
    except msgspec.MsgspecError as error:
        raise MalformedBytes(what, expected="a list of ciphertexts", got=error) from None
    if len(ciphertexts) != count:
        raise MalformedBytes(what, expected=f"{count} ciphertexts", got=len(ciphertexts))
    return ciphertexts
