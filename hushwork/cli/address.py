"""One string that says where a service is and how to know it: scheme://KEY@host:port#FINGERPRINT.

KEY is an ss58 address, FINGERPRINT the SHA-256 of a TLS certificate in hex; either may lack.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Address:
    """Where, and whom to expect there."""

    url: str
    key: str = ""
    fingerprint: bytes = b""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Take it apart. Raises ValueError if the fingerprint is no hex."""
        parts = urlsplit(text)
        key, _, place = parts.netloc.rpartition("@")
        return cls(f"{parts.scheme}://{place}", key, bytes.fromhex(parts.fragment))

    def __str__(self) -> str:
        scheme, _, place = self.url.partition("://")
        key = f"{self.key}@" if self.key else ""
        fingerprint = f"#{self.fingerprint.hex()}" if self.fingerprint else ""
        return f"{scheme}://{key}{place}{fingerprint}"
