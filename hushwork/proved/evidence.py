"""What convinces anybody of a run, offline and for ever: one file, and the check of it.

    Evidence.from_bytes(data).check() -> Findings

It holds the model's publication, the link from it to the commitment that the proof opens, and the
proof. `hush verify` needs nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from hushwork._native import Statement
from hushwork.errors import BudgetSpent, InvalidProof, MalformedBytes
from hushwork.proved.publication import (
    PUBLICATION_LIMIT,
    VERSION,
    Bytes,
    Hidden,
    Model,
    Pinned,
    Publication,
    decode,
)

EVIDENCE_LIMIT = PUBLICATION_LIMIT + (64 << 20)
OPENINGS = 33
"""How often a commitment to weights may be opened; the first time of an epoch's is its link."""

Integers = NDArray[np.int32]
Nonce = Annotated[bytes, Meta(max_length=64)]
Name = Annotated[str, Meta(max_length=128)]
Count = Annotated[int, Meta(ge=0, lt=1 << 31)]


class Bound(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a proof is bound to besides what it says."""

    nonce: Nonce = b""
    """Of whoever asked: that the proof is not an old one."""
    hotkey: Name = ""
    """Of who made it."""
    opening: Count = 0
    """How often the epoch's commitment had been opened before."""
    segment: tuple[Count, Count] = (0, 1)
    """(which, of how many) parts of a longer network."""

    def to_bytes(self) -> bytes:
        """Encode canonically."""
        return msgspec.msgpack.encode(self)


class Epoch(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A commitment to the same weights as a model's root."""

    commitment: Pinned
    link: Bytes
    """The proof of that."""

    def check(self, model: Model) -> None:
        """Raises InvalidProof, MalformedBytes or TooLarge."""
        if model.root is None:
            raise InvalidProof("an epoch", expected="none: weights are public", got="one")
        model.scheme.verify_link(model.root, self.commitment, self.link)


class Numbers(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=0):
    """Public numbers: int32, little-endian."""

    data: Bytes

    @classmethod
    def of(cls, numbers: Integers) -> Numbers:
        """Of an array."""
        return cls(numbers.astype("<i4").tobytes())

    @property
    def array(self) -> Integers:
        """Raises MalformedBytes."""
        if len(self.data) % 4:
            raise MalformedBytes("numbers", expected="four bytes each", got=len(self.data))
        return np.frombuffer(self.data, "<i4").astype(np.int32)


class Committed(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=1):
    """A commitment to numbers."""

    commitment: Pinned


class Class(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=2):
    """Which output is the largest; the lowest of several."""

    index: Count


Input = Numbers | Committed
Outcome = Numbers | Committed | Class


def native(told: Outcome) -> Integers | bytes | int:
    """As a native Statement takes it."""
    match told:
        case Numbers():
            return told.array
        case Committed():
            return told.commitment
        case Class():
            return told.index


class Claim(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What is said of a run, and the proof of it."""

    input: Input
    outcome: Outcome
    bound: Bound
    proof: Bytes

    def check(self, model: Model, commitment: bytes | None) -> None:
        """Raises BudgetSpent, InvalidProof, MalformedBytes or TooLarge.

        commitment: of an epoch that is linked to the model's root; none where weights are public.
        """
        weights = model.public if commitment is None else commitment
        if weights is None:
            raise InvalidProof("a claim", expected="the epoch that it opens", got="none")
        if commitment is not None and not 0 < self.bound.opening < OPENINGS:
            expected = f"1 to {OPENINGS - 1}"
            raise BudgetSpent("opening of an epoch", expected=expected, got=self.bound.opening)
        outcome, bound = native(self.outcome), self.bound.to_bytes()
        entry = native(self.input)
        if isinstance(entry, int):
            raise MalformedBytes("an input", expected="numbers or a commitment", got=entry)
        statement = Statement(model.digest, weights, entry, outcome, bound)
        model.scheme.verify_run(statement, self.proof)


class Evidence(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Everything about one run."""

    version: int
    publication: Publication
    epoch: Epoch | None
    claim: Claim

    @classmethod
    def of(cls, publication: Publication, epoch: Epoch | None, claim: Claim) -> Evidence:
        """In the version of today."""
        return cls(VERSION, publication, epoch, claim)

    def to_bytes(self) -> bytes:
        """Encode canonically."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Evidence:
        """Decode what a stranger sent. Raises TooLarge, MalformedBytes or UnsupportedVersion."""
        return decode("evidence", cls, data, EVIDENCE_LIMIT)

    def check(self) -> Findings:
        """Check all of it. Raises InvalidProof, BudgetSpent, InvalidNetwork, InvalidParameters,
        InsecureParameters or InvalidBytes."""
        model = self.publication.check()
        if self.epoch is not None:
            self.epoch.check(model)
        elif isinstance(self.publication.weights, Hidden):
            raise InvalidProof("evidence", expected="an epoch of the model", got="none")
        self.claim.check(model, self.epoch.commitment if self.epoch else None)
        return Findings(model, self.claim)


@dataclass(frozen=True)
class Findings:
    """What evidence shows."""

    model: Model
    claim: Claim

    @property
    def input(self) -> Integers | None:
        """(height, width, channels) in the model's integers, where they are told."""
        told = self.claim.input
        return (
            told.array.reshape(self.model.architecture.shape) if isinstance(told, Numbers) else None
        )

    @property
    def output(self) -> NDArray[np.float64] | None:
        """(classes,) as the network's outputs, where they are told."""
        told = self.claim.outcome
        if not isinstance(told, Numbers):
            return None
        return told.array.astype(np.float64) * self.model.architecture.output_scale

    @property
    def label(self) -> str | None:
        """Name of the largest output, where it follows."""
        told = self.claim.outcome
        match told:
            case Committed():
                return None
            case Class():
                index = told.index
            case Numbers():
                index = int(np.argmax(told.array))
        return self.model.architecture.labels[index]
