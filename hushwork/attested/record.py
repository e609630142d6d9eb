"""What convinces somebody else of a run, for as long as the attested keys were kept: one file.

    Record.from_bytes(data).check(policy) -> Findings

It holds the enclave's evidence with its collateral, the keys and the statement that it is for, the
receipt, the answer, and the question if it is to be told. Nothing in it is secret but that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from hushwork.attested.evidence import Claims, Evidence
from hushwork.attested.keyset import PURPOSE, Keyset, PublicKeys, Statement, read
from hushwork.attested.messages import (
    AnswerDigest,
    Bytes32,
    Last,
    Outcome,
    Question,
    Said,
    decode,
    question_digest,
)
from hushwork.attested.policy import Policy
from hushwork.attested.receipt import Receipt
from hushwork.errors import (
    InvalidReceipt,
    MalformedBytes,
    StaleEvidence,
    UnboundEvidence,
    UnsupportedVersion,
    WrongKey,
    WrongModel,
)
from hushwork.guarantee import MANIFEST_LIMIT, Manifest

MAGIC = "hushwork attested record"
VERSION = 1
RECORD_LIMIT = MANIFEST_LIMIT + (128 << 20)
SKEW_SECONDS = 300
"""How far an enclave's clock may be off."""


class Told(Said, frozen=True):
    """A question, and the salt that it was committed to with."""

    salt: Bytes32
    question: Question


class Record(Said, frozen=True):
    """Everything about one run."""

    magic: Annotated[str, Meta(max_length=64)]
    version: int
    manifest: bytes
    keyset: bytes
    statement: bytes
    evidence: bytes
    receipt: bytes
    signature: bytes
    salt: Bytes32
    parts: tuple[bytes, ...]
    outcome: Outcome
    told: Told | None = None
    """The question, where it is not kept back."""

    @classmethod
    def from_bytes(cls, data: bytes) -> Record:
        """Decode what a stranger sent. Raises TooLarge, MalformedBytes or UnsupportedVersion."""
        record = decode("record", cls, data, RECORD_LIMIT)
        if record.magic != MAGIC:
            raise MalformedBytes("record", expected=MAGIC, got=record.magic)
        if record.version != VERSION:
            raise UnsupportedVersion("record", expected=VERSION, got=record.version)
        return record

    def check(self, policy: Policy) -> Findings:
        """Check all of it, as of the time of the receipt.

        Raises InvalidEvidence, InvalidReceipt, WrongModel or InvalidBytes.
        """
        manifest = Manifest.from_bytes(self.manifest)
        shown = Shown(self.keyset, self.statement, self.evidence)
        claims = shown.check(policy, read(Receipt, self.receipt).issued)
        last = Last(self.salt, self.outcome, self.receipt, self.signature)
        receipt = Signed(shown, manifest).check(last, self.parts)
        if self.told is not None:
            found = question_digest(self.told.salt, self.told.question)
            if found != receipt.request:
                raise InvalidReceipt("question", expected=receipt.request, got=found)
        return Findings(manifest, claims, receipt, shown.keys.keyset, self)


def is_record(data: bytes) -> bool:
    """Whether a file is meant to be one."""
    return MAGIC.encode() in data[:64]


@dataclass(frozen=True)
class Findings:
    """What a record shows, to whoever trusts as the policy says."""

    manifest: Manifest
    claims: Claims
    receipt: Receipt
    keyset: Keyset
    record: Record

    @property
    def text(self) -> str:
        """What a language model wrote."""
        return b"".join(self.record.parts).decode(errors="replace") or self.record.outcome.text

    @property
    def question(self) -> Question | None:
        """What was asked, where it is told."""
        return self.record.told.question if self.record.told else None


class Shown:
    """What an enclave showed for itself: the bytes, and what they say."""

    def __init__(self, keyset: bytes, statement: bytes, evidence: bytes) -> None:
        """Raises TooLarge, MalformedBytes or WrongKey."""
        self.said = (keyset, statement, evidence)
        self.keys = PublicKeys(read(Keyset, keyset))
        self.statement = read(Statement, statement)
        self.evidence = Evidence.from_bytes(evidence)

    def check(self, policy: Policy, now: int) -> Claims:
        """That the hardware vouches for the keys, and is as the policy wants it at this time.

        Raises InvalidEvidence or InvalidBytes.
        """
        statement, keys = self.statement, self.keys
        if statement.purpose != PURPOSE:
            raise UnboundEvidence("purpose", expected=PURPOSE, got=statement.purpose)
        if statement.keyset != keys.digest:
            raise WrongKey("keys", expected=statement.keyset, got=keys.digest)
        if now >= keys.keyset.not_after:
            raise StaleEvidence("keys", expected=f"used before {keys.keyset.not_after}", got=now)
        claims = policy.verify(self.evidence, now)
        bound = statement.report_data
        if claims.report_data != bound:
            raise UnboundEvidence("report data", expected=bound.hex(), got=claims.report_data.hex())
        return claims


class Signed:
    """The receipts of one enclave, for one model."""

    def __init__(self, shown: Shown, manifest: Manifest) -> None:
        """Raises WrongModel where the enclave serves another."""
        self._keys = shown.keys
        self._models = (manifest.digest, manifest.network_digest)
        self._session = (f"{PURPOSE} receipt", shown.keys.digest, shown.statement.nonce)
        if shown.keys.keyset.manifest != self._models[0]:
            got = shown.keys.keyset.manifest
            raise WrongModel("enclave", expected=self._models[0], got=got)

    def check(self, last: Last, parts: Sequence[bytes]) -> Receipt:
        """That the attested key signed for this model and this answer, in all its parts.

        Raises InvalidReceipt, WrongModel or InvalidBytes.
        """
        self._keys.check(last.receipt, last.signature)
        receipt = read(Receipt, last.receipt)
        if (receipt.manifest, receipt.model) != self._models:
            raise WrongModel("receipt", expected=self._models[1], got=receipt.model)
        digest = AnswerDigest(last.salt)
        for part in parts:
            digest.part(part)
        wanted = (*self._session, digest.parts)
        found = (receipt.purpose, receipt.keyset, receipt.nonce, receipt.parts)
        if found != wanted:
            raise InvalidReceipt("receipt", expected=wanted, got=found)
        if (answer := digest.end(last.outcome)) != receipt.answer:
            raise InvalidReceipt("answer", expected=receipt.answer, got=answer)
        return receipt
