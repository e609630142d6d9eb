"""What an enclave signs for each answer."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from hushwork.attested.keyset import PURPOSE, Digest, Seconds, Text


class Receipt(Struct, frozen=True, forbid_unknown_fields=True):
    """Which model answered what with what, and when, as the enclave's clock says.

    Signed (Ed25519) as canonical JSON by the receipt key of the keyset.
    """

    answer: Digest
    issued: Seconds
    """Unix time."""
    keyset: Digest
    manifest: Digest
    model: Digest
    nonce: Digest
    """The client's, of the session."""
    number: Seconds
    """Of the session's requests."""
    parts: Annotated[int, Meta(ge=0, lt=1 << 31)]
    """In how many parts the answer came before its end."""
    request: Digest
    purpose: Text = f"{PURPOSE} receipt"
