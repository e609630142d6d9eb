"""Self-signed certificates, pinned by the fingerprint that their owner put on the ledger."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, both in PEM files of the owner."""

    certificate_file: Path
    key_file: Path
    fingerprint: bytes
    """SHA-256 of the certificate in DER, 32 bytes."""


def load_or_make(folder: Path, host: str = "localhost") -> Certificate:
    """Read the certificate in `folder`, or make one there, valid for ten years."""
    raise NotImplementedError


def pinned_context(
    host: str, port: int, fingerprint: bytes, timeout: float = 10.0
) -> ssl.SSLContext:
    """Fetch the server's certificate and trust it alone. Raises Unreachable or BadSignature."""
    raise NotImplementedError
