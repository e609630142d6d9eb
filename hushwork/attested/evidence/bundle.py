"""What a machine shows of itself: a document that its maker's keys lead to, and what checks it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from hushwork.errors import MalformedBytes, TooLarge

DOCUMENT_LIMIT = 32 << 10
COLLATERAL_LIMIT = 256 << 10
EVENT_LOG_LIMIT = 256 << 10
EVIDENCE_LIMIT = DOCUMENT_LIMIT + COLLATERAL_LIMIT + EVENT_LOG_LIMIT + 256
"""Bytes at most."""

PlatformName = Literal["sgx", "tdx", "sev-snp", "nitro"]


class Evidence(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Evidence of one machine at one time; nothing of it is checked yet."""

    platform: PlatformName
    document: Annotated[bytes, Meta(max_length=DOCUMENT_LIMIT)]
    """Intel's quote, AMD's attestation report, or AWS's COSE_Sign1 document."""
    collateral: Annotated[bytes, Meta(max_length=COLLATERAL_LIMIT)]
    """sgx, tdx: JSON as Intel's PCS gives it, in hex where it is binary. sev-snp: PEM of VCEK, ASK
    and ARK, in this order, and of revocation lists. nitro: nothing."""
    event_log: Annotated[bytes, Meta(max_length=EVENT_LOG_LIMIT)] = b""
    """tdx under dstack: its event log, JSON."""

    def to_bytes(self) -> bytes:
        """Encode as MessagePack."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Evidence:
        """Decode what a stranger sent. Raises TooLarge or MalformedBytes."""
        if len(data) > EVIDENCE_LIMIT:
            raise TooLarge("evidence", expected=f"at most {EVIDENCE_LIMIT} bytes", got=len(data))
        try:
            return msgspec.msgpack.decode(data, type=cls)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise MalformedBytes("evidence", expected="valid", got=str(error)[:200]) from None

    def require_sizes(self) -> None:
        """Raises TooLarge. For what was put together without `from_bytes`."""
        limits = {
            "document": DOCUMENT_LIMIT,
            "collateral": COLLATERAL_LIMIT,
            "event_log": EVENT_LOG_LIMIT,
        }
        for name, limit in limits.items():
            if len(getattr(self, name)) > limit:
                size = len(getattr(self, name))
                raise TooLarge(name, expected=f"at most {limit} bytes", got=size)
