"""Signed requests: the ``btauth/1`` protocol of Bittensor 11.

The signature covers eight lines: the protocol, the scheme, the method, the target with its query,
the SHA-256 of the body, the nonce (unix time in ns), the sender and the receiver (``-`` for none).
Checks come in this order: shape, receiver, freshness, signature, replay. Only sr25519 is taken.
"""

from __future__ import annotations

import hashlib
import heapq
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from hushwork.errors import BadSignature, ReplayedRequest, StaleRequest, WrongReceiver
from hushwork.wire.hotkeys import Hotkey, is_address, verify

PROTOCOL = "btauth/1"
VERSION = "1"
SCHEME = "sr25519"
SECOND = 1_000_000_000
MAX_AGE_NS = 10 * SECOND
MAX_SKEW_NS = 2 * SECOND

_PREFIX = "X-Bittensor-"
_NONCE_DIGITS = 20


@dataclass(frozen=True)
class Envelope:
    """The headers of a signed request, of the right shape and nothing more."""

    sender: str
    receiver: str | None
    nonce_ns: int
    signature: bytes

    def check_receiver(self, receiver: str) -> None:
        """Raise WrongReceiver unless addressed to `receiver`."""
        if self.receiver != receiver:
            raise WrongReceiver("mis-addressed", expected=receiver, got=self.receiver or "nobody")

    def check_fresh(self, now_ns: int) -> None:
        """Raise StaleRequest unless signed at most 10 s ago, or 2 s ahead."""
        if not -MAX_SKEW_NS <= now_ns - self.nonce_ns <= MAX_AGE_NS:
            age = f"{(now_ns - self.nonce_ns) / SECOND:.1f} s old"
            raise StaleRequest("request", expected="between 2 s ahead and 10 s old", got=age)

    def check_signature(self, method: str, target: str, body: bytes) -> None:
        """Raise BadSignature unless the sender signed exactly this request."""
        message = payload(
            method,
            target,
            body,
            nonce_ns=self.nonce_ns,
            sender=self.sender,
            receiver=self.receiver,
        )
        if not verify(self.sender, message, self.signature):
            raise BadSignature("the signature does not verify", expected=self.sender)


def payload(
    method: str, target: str, body: bytes, *, nonce_ns: int, sender: str, receiver: str | None
) -> bytes:
    """Write the bytes that are signed."""
    digest = hashlib.sha256(body).hexdigest()
    lines = (PROTOCOL, SCHEME, method.upper(), target, digest, str(nonce_ns), sender)
    return "\n".join((*lines, receiver or "-")).encode()


def sign(
    hotkey: Hotkey, method: str, target: str, body: bytes, *, receiver: str | None, now_ns: int
) -> dict[str, str]:
    """Make the headers of one request. `target` is the path with its query, as sent."""
    message = payload(
        method, target, body, nonce_ns=now_ns, sender=hotkey.address, receiver=receiver
    )
    headers = {
        "Version": VERSION,
        "Hotkey": hotkey.address,
        "Nonce": str(now_ns),
        "Signature": "0x" + hotkey.sign(message).hex(),
    }
    if receiver is not None:
        headers["Receiver"] = receiver
    return {_PREFIX + name: value for name, value in headers.items()}


def read_envelope(headers: Mapping[str, str]) -> Envelope:
    """Check the shape of the headers. Raises BadSignature. Names are matched in any case."""
    values = {name.lower(): value for name, value in headers.items()}
    version = _header(values, "Version")
    if version != VERSION:
        raise BadSignature(_PREFIX + "Version", expected=VERSION, got=version[:32])
    scheme = values.get((_PREFIX + "Crypto").lower(), SCHEME).strip().lower()
    if scheme not in {SCHEME, "1"}:
        raise BadSignature(_PREFIX + "Crypto", expected=SCHEME, got=scheme[:32])
    return Envelope(
        sender=_address(_header(values, "Hotkey")),
        receiver=values.get((_PREFIX + "Receiver").lower()),
        nonce_ns=_nonce(_header(values, "Nonce")),
        signature=_signature(_header(values, "Signature")),
    )


def _header(values: Mapping[str, str], name: str) -> str:
    value = values.get((_PREFIX + name).lower())
    if value is None:
        raise BadSignature("a header is missing", expected=_PREFIX + name)
    return value


def _address(text: str) -> str:
    if not is_address(text):
        raise BadSignature(_PREFIX + "Hotkey", expected="an ss58 address", got=text[:64])
    return text


def _nonce(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _NONCE_DIGITS):
        raise BadSignature(_PREFIX + "Nonce", expected="unix time in ns", got=text[:32])
    return int(text)


def _signature(text: str) -> bytes:
    try:
        signature = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        signature = b""
    if len(signature) != 64:
        raise BadSignature(_PREFIX + "Signature", expected="64 bytes in hex")
    return signature


@dataclass
class _Nonces:
    """Nonces of one sender; whatever is not above `floor` counts as seen."""

    heap: list[int] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    floor: int = -1

    def forget_lowest(self) -> None:
        self.floor = heapq.heappop(self.heap)
        self.seen.discard(self.floor)


class ReplayCache:
    """Remembers each accepted (sender, nonce) until it would be stale anyway.

    Bounded, and never by accepting a replay: a sender with too many nonces at once loses its own
    oldest room, and a crowd of new senders pushes out the one silent for longest. What was pushed
    out is refused up to its last nonce, and so is what was signed before `since_ns`, which a
    service that was started then may have accepted in an earlier life.
    """

    def __init__(
        self,
        since_ns: int = 0,
        *,
        retention_ns: int = 90 * SECOND,
        per_sender: int = 512,
        senders: int = 4096,
    ) -> None:
        self._retention_ns = retention_ns
        self._per_sender = per_sender
        self._senders = senders
        self._nonces: OrderedDict[str, _Nonces] = OrderedDict()
        self._floor = since_ns - 1
        self._lock = threading.Lock()

    def add(self, sender: str, nonce_ns: int, now_ns: int) -> None:
        """Record an accepted request. Raises ReplayedRequest if it was seen."""
        with self._lock:
            nonces = self._of(sender)
            if nonce_ns in nonces.seen or nonce_ns <= max(nonces.floor, self._floor):
                raise ReplayedRequest("seen, or forgotten", expected="a fresh nonce", got=nonce_ns)
            nonces.seen.add(nonce_ns)
            heapq.heappush(nonces.heap, nonce_ns)
            oldest = now_ns - self._retention_ns
            while nonces.heap and (len(nonces.heap) > self._per_sender or nonces.heap[0] < oldest):
                nonces.forget_lowest()

    def _of(self, sender: str) -> _Nonces:
        nonces = self._nonces.setdefault(sender, _Nonces())
        self._nonces.move_to_end(sender)
        if len(self._nonces) > self._senders:
            _, silent = self._nonces.popitem(last=False)
            self._floor = max([self._floor, silent.floor, *silent.heap])
        return nonces
