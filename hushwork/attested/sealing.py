"""The frames of one answer, on both sides: numbered, sealed under a key that the request carried.

    frame   number of the request (8 bytes), AES-256-GCM of a part, the end or a refusal

The key serves one answer, so the place of a frame in it is nonce enough; which kind of frame it is
goes in as associated data. Parts that are left out, added, swapped or cut off do not open.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hushwork.attested.messages import pad, unpad
from hushwork.errors import TamperedAnswer

HEADER = 8
OVERHEAD = HEADER + 16
PART, END, REFUSAL = b"part", b"end", b"refusal"


class Frames:
    """Seals or opens the frames of one answer, in order."""

    def __init__(self, number: int, key: bytes) -> None:
        self._header = number.to_bytes(HEADER, "big")
        self._cipher = AESGCM(key)
        self._count = 0

    def seal(self, kind: bytes, data: bytes) -> bytes:
        """The next frame."""
        sealed = self._cipher.encrypt(self._place(), pad(data), kind)
        self._count += 1
        return self._header + sealed

    def open(self, frame: bytes, *kinds: bytes) -> tuple[bytes, bytes]:
        """The next frame's kind, of these, and what is in it. Raises TamperedAnswer."""
        for kind in kinds:
            try:
                data = self._cipher.decrypt(self._place(), frame[HEADER:], kind)
            except (InvalidTag, ValueError):
                continue
            self._count += 1
            return kind, unpad(data)
        expected = f"frame {self._count} as the enclave sealed it"
        raise TamperedAnswer("an answer", expected=expected, got="something else")

    def _place(self) -> bytes:
        return self._count.to_bytes(12, "big")


def number_of(frame: bytes) -> int:
    """Which request a frame answers. Raises TamperedAnswer."""
    if len(frame) < OVERHEAD:
        expected = f"at least {OVERHEAD} bytes"
        raise TamperedAnswer("an answer", expected=expected, got=len(frame))
    return int.from_bytes(frame[:HEADER], "big")


class Window:
    """Which of the latest numbers came already: none is taken twice (as in RFC 4303, 3.4.3)."""

    WIDTH = 1024

    def __init__(self) -> None:
        self._highest = -1
        self._seen = 0

    def take(self, number: int) -> bool:
        """Whether it is new, and remember it; what is too old to tell is not new."""
        ahead = number - self._highest
        if ahead > 0:
            kept = self._seen << ahead if ahead < self.WIDTH else 0
            self._seen = (kept | 1) & ((1 << self.WIDTH) - 1)
            self._highest = number
            return True
        if -ahead >= self.WIDTH or self._seen & 1 << -ahead:
            return False
        self._seen |= 1 << -ahead
        return True
