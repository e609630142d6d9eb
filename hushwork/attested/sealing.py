"""The channel: one secret sealed to the enclave, and what is derived from it.

    request   sealed secret (HPKE) | number (8 bytes) | AES-256-GCM under the request key
    frame     number (8 bytes) | salt of the answer (16 bytes) | AES-256-GCM under the answer's key

The first part of every request is the same, and opened once a session, as with a context of RFC
9180. A request's number is its nonce. An answer has a key of its own, derived from the secret, the
number and a salt that the enclave draws, so that none is used twice however often a request is
replayed; the place of a frame in its answer is its nonce. Which kind of frame it is goes in as
associated data. Parts that are left out, added, swapped or cut off do not open.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hushwork.attested.keyset import SEAL_OVERHEAD, Keys, PublicKeys
from hushwork.attested.messages import pad, unpad
from hushwork.errors import MalformedBytes, TamperedAnswer, WrongKey

SECRET = 32
SALT = 16
NUMBER = 8
SEALED = SEAL_OVERHEAD + SECRET
HEADER = NUMBER + SALT
TAG = 16
PART, END, REFUSAL = b"part", b"end", b"refusal"
_REQUEST, _ANSWER = b"hushwork attested 1 request key", b"hushwork attested 1 answer key"


class Secret:
    """A session's secret, as both sides hold it."""

    def __init__(self, secret: bytes) -> None:
        self._requests = AESGCM(hmac.digest(secret, _REQUEST, "sha256"))
        self._answers = hmac.digest(secret, _ANSWER, "sha256")

    def seal(self, number: int, plaintext: bytes) -> bytes:
        """One request, number and all. A number must not be used twice."""
        place = number.to_bytes(NUMBER, "big")
        return place + self._requests.encrypt(_nonce(number), pad(plaintext), place)

    def open(self, sealed: bytes) -> tuple[int, bytes]:
        """A request's number, and what is in it. Raises WrongKey or MalformedBytes."""
        number = int.from_bytes(sealed[:NUMBER], "big")
        try:
            plaintext = self._requests.decrypt(_nonce(number), sealed[NUMBER:], sealed[:NUMBER])
        except (InvalidTag, ValueError):
            expected = "sealed under the session's secret"
            raise WrongKey("request", expected=expected, got="something else") from None
        return number, unpad(plaintext)

    def answer(self, number: int, salt: bytes = b"") -> Frames:
        """The frames of an answer; an enclave draws the salt, a client reads it."""
        header = number.to_bytes(NUMBER, "big") + (salt or secrets.token_bytes(SALT))
        return Frames(header, AESGCM(hmac.digest(self._answers, header, "sha256")))


class Frames:
    """Seals or opens the frames of one answer, in order."""

    def __init__(self, header: bytes, cipher: AESGCM) -> None:
        self._header = header
        self._cipher = cipher
        self._count = 0

    def seal(self, kind: bytes, data: bytes) -> bytes:
        """The next frame."""
        sealed = self._cipher.encrypt(_nonce(self._count), pad(data), kind)
        self._count += 1
        return self._header + sealed

    def open(self, frame: bytes, *kinds: bytes) -> tuple[bytes, bytes]:
        """The next frame's kind, of these, and what is in it. Raises TamperedAnswer."""
        for kind in kinds if frame.startswith(self._header) else ():
            try:
                data = self._cipher.decrypt(_nonce(self._count), frame[HEADER:], kind)
            except (InvalidTag, ValueError):
                continue
            self._count += 1
            return kind, unpad(data)
        expected = f"frame {self._count} as the enclave sealed it"
        raise TamperedAnswer("an answer", expected=expected, got="something else")


@dataclass(frozen=True)
class Sealed:
    """A secret on its way to an enclave."""

    secret: Secret
    prefix: bytes
    """Of every request."""

    @classmethod
    def to(cls, keys: PublicKeys, info: bytes) -> Sealed:
        """A fresh one. Raises WrongKey."""
        secret = secrets.token_bytes(SECRET)
        return cls(Secret(secret), keys.seal(secret, info))


def unseal(keys: Keys, prefix: bytes, info: bytes) -> Secret:
    """Open the first part of a request. Raises WrongKey."""
    return Secret(keys.unseal(prefix, info))


def address_of(frame: bytes) -> tuple[int, bytes]:
    """Which request a frame answers, and the salt of the answer. Raises TamperedAnswer."""
    if len(frame) < HEADER + TAG:
        expected = f"at least {HEADER + TAG} bytes"
        raise TamperedAnswer("an answer", expected=expected, got=len(frame))
    return int.from_bytes(frame[:NUMBER], "big"), frame[NUMBER:HEADER]


def parts_of(request: bytes) -> tuple[bytes, bytes]:
    """The sealed secret and the rest of a request. Raises MalformedBytes."""
    if len(request) < SEALED + NUMBER + TAG:
        expected = f"at least {SEALED + NUMBER + TAG} bytes"
        raise MalformedBytes("request", expected=expected, got=len(request))
    return request[:SEALED], request[SEALED:]


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


def _nonce(place: int) -> bytes:
    return place.to_bytes(12, "big")
