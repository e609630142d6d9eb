"""A compiled network as plain data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hushwork.encrypted.tiers import Tier

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Step = dict[str, Any]


@dataclass(frozen=True)
class PlannedLayer:
    """How a layer is laid out, and what it is thought to cost."""

    layout: str
    """Of its output, for people."""
    limbs: tuple[int, ...]
    """At which each of its stages runs, in order."""
    milliseconds: float
    """Estimated, of one core."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that a worker runs and a client must know.

    With several images, tables and steps speak of the slots of one image, N / images.
    """

    log_n: int
    images: int
    """How many a run takes, a power of two."""
    moduli: Sequence[int]
    """Last one first."""
    special: Sequence[int]
    tiers: Sequence[Tier]
    """Highest first."""
    request_scale: float
    request_limbs: int
    gather: Index
    """(ciphertexts, p): input element of each slot of a period of the request, -1: zero"""
    steps: Sequence[Step]
    """As in `hushwork._native.Program`."""
    names: Sequence[str]
    """The layer of each step."""
    results: Sequence[int]
    """Output registers."""
    output_scale: float
    scatter: Index
    """(ciphertexts, slots): output element that each slot of the answer holds, -1: zero"""
    factor: float
    """The answer holds this factor times the outputs."""
    layers: Mapping[str, PlannedLayer]
    """In order, by the names in `names`."""
    request_layout: str
    """For people."""
    bounds: Mapping[str, float]
    """Magnitudes from which values of the network may wrap around."""

    @property
    def digest(self) -> str:
        """SHA-256 over everything but weights and what is said for people, hex.

        Weights follow from the network, whose own digest stands in every manifest, and their
        last bits may differ between processors.
        """
        state = hashlib.sha256()
        for part in self._parts():
            state.update(part)
        return state.hexdigest()

    def _parts(self) -> Iterator[bytes]:
        encode = msgspec.msgpack.Encoder(enc_hook=_plain).encode
        moduli = list(self.moduli), list(self.special)
        yield encode((self.log_n, self.images, *moduli, list(self.tiers)))
        yield encode((self.request_scale, self.request_limbs, self.gather))
        yield encode((list(self.results), self.output_scale, self.scatter, self.factor))
        yield from (encode(step) for step in self.steps)

    @property
    def bare(self) -> Plan:
        """The same plan, with zeros that take no memory in place of its weights."""
        return replace(self, steps=tuple(map(_bare, self.steps)))

    @property
    def slots(self) -> int:
        """Of each image."""
        return (1 << self.log_n) // self.images

    @property
    def request_period(self) -> int:
        """Slots after which the request repeats, and of which it is sent."""
        return int(self.gather.shape[1])

    def pack(self, x: Array) -> Array:
        """Slots (ciphertexts, slots) of one input, of which the plan sums the copies."""
        copies = self.slots // self.request_period
        padded = np.append(x.reshape(-1), 0.0) / copies
        return np.tile(padded[self.gather], copies)


def _bare(step: Step) -> Step:
    if step["op"] == "combine":
        return {**step, "weights": np.broadcast_to(0.0, step["weights"].shape)}
    if step["op"] != "linear":
        return step
    terms = [(*place, np.broadcast_to(0.0, weights.shape)) for *place, weights in step["terms"]]
    return {**step, "terms": terms}


def _plain(value: object) -> object:
    """Numpy values for msgpack: integers with their shape, of weights the shape alone."""
    if isinstance(value, np.ndarray):
        whole = value.dtype.kind == "i"
        return [value.shape, value.astype("<i8").tobytes() if whole else b""]
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot encode {type(value)}")
