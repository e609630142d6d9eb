"""The relying party's half: a nonce of its own, its own look at the evidence, a sealed channel."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from hushwork.attested.evidence import EVIDENCE_LIMIT, Claims
from hushwork.attested.keyset import NONCE, request_info
from hushwork.attested.messages import (
    Hello,
    Last,
    Question,
    Refused,
    Reply,
    Request,
    decode,
    question_digest,
)
from hushwork.attested.policy import Policy
from hushwork.attested.record import (
    MAGIC,
    SKEW_SECONDS,
    VERSION,
    Record,
    Shown,
    Signed,
    Told,
)
from hushwork.attested.sealing import END, PART, REFUSAL, Frames, Sealed, address_of
from hushwork.attested.terms import Terms, question_of
from hushwork.errors import (
    BadAnswer,
    InvalidInput,
    InvalidReceipt,
    ReplayedEvidence,
    StaleEvidence,
    TamperedAnswer,
    WrongNonce,
)
from hushwork.guarantee import Answer, Input, Manifest
from hushwork.wire import from_message

REUSE_SECONDS = 600
"""How long evidence is believed, from the making of its nonce."""
REPLY_LIMIT = EVIDENCE_LIMIT + (16 << 10)
PENDING = 4096
"""Most requests of a channel that wait for an answer."""


class AttestedClient:
    """A model accepted, and whom to trust with its inputs. Thread-safe."""

    def __init__(
        self, manifest: Manifest, policy: Policy, clock: Callable[[], float] = time.time
    ) -> None:
        """Raises RefusedManifest or InvalidBytes."""
        self._manifest = manifest
        self._terms = Terms.of(manifest)
        self._policy = policy
        self._clock = clock
        self._nonces: list[str] = []
        self._made = 0.0

    @property
    def manifest(self) -> Manifest:
        """What was accepted."""
        return self._manifest

    def hello(self) -> bytes:
        """A fresh nonce, which takes the place of the one before."""
        nonce = secrets.token_bytes(NONCE)
        self._nonces.append(nonce.hex())
        self._made = self._clock()
        return Hello(nonce).to_bytes()

    def welcome(self, reply: bytes) -> AttestedChannel:
        """Verify an enclave's evidence, here and now.

        Raises InvalidEvidence, of its own kind for each way in which evidence fails, or
        InvalidBytes.
        """
        said = decode("reply", Reply, reply, REPLY_LIMIT)
        shown = Shown(said.keyset, said.statement, said.evidence)
        self._check_nonce(shown.statement.nonce)
        now = self._clock()
        if now > self._made + REUSE_SECONDS:
            age = int(now - self._made)
            raise StaleEvidence("evidence", expected=f"at most {REUSE_SECONDS} s old", got=age)
        claims = shown.check(self._policy, int(now))
        return AttestedChannel(self._manifest, self._terms, shown, claims, self._made, self._clock)

    def close(self) -> None:
        """There is nothing to destroy: keys live as long as their requests."""
        self._nonces.clear()

    def _check_nonce(self, nonce: str) -> None:
        if nonce in self._nonces[:-1]:
            raise ReplayedEvidence("nonce", expected="the present one", got="one used before")
        if nonce not in self._nonces:
            raise WrongNonce("nonce", expected="one of ours", got=nonce)


@dataclass
class _Asked:
    """A request on its way."""

    question: Question
    salt: bytes
    digest: str
    """Of the question, as a receipt has it."""
    frames: Frames | None = None
    parts: list[bytes] = field(default_factory=list)


class AttestedChannel:
    """To one enclave, whose evidence was verified; good for ten minutes. Thread-safe."""

    def __init__(  # noqa: PLR0917 - made in one place
        self,
        manifest: Manifest,
        terms: Terms,
        shown: Shown,
        claims: Claims,
        made: float,
        clock: Callable[[], float],
    ) -> None:
        self.claims = claims
        self._manifest = manifest
        self._terms = terms
        self._shown = shown
        self._made = made
        self._clock = clock
        self._signed = Signed(shown, manifest)
        info = request_info(shown.keys.digest, shown.statement.nonce)
        self._sealed = Sealed.to(shown.keys, info)
        self._offered = manifest.to_bytes()
        self._pending: OrderedDict[int, _Asked] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    def seal(self, x: Input) -> bytes:
        """One input, for the enclave alone. Raises InvalidInput or StaleEvidence."""
        now = self._clock()
        until = min(self._made + REUSE_SECONDS, self._shown.keys.keyset.not_after)
        if not self._made <= now < until:
            raise StaleEvidence("evidence", expected=f"used before {until:.0f}", got=int(now))
        question, salt = question_of(self._terms, x), secrets.token_bytes(32)
        asked = _Asked(question, salt, question_digest(salt, question))
        request = Request(asked.salt, asked.question).to_bytes()
        number = self._note(asked)
        sealed = self._sealed.prefix + self._sealed.secret.seal(number, request)
        limit = self._manifest.request_limit
        if len(sealed) > limit:
            raise InvalidInput("input", expected=f"at most {limit} bytes", got=len(sealed))
        return sealed

    def take(self, part: bytes) -> str | Answer:
        """The next part of an answer, or its end. Raises as `open` does."""
        number, asked, kind, data = self._opened(part, PART, END, REFUSAL)
        if kind != PART:
            return self._end(number, asked, kind, data)
        asked.parts.append(data)
        return data.decode(errors="replace")

    def open(self, response: bytes) -> Answer:
        """The end of an answer, with its receipt checked.

        Raises TamperedAnswer, InvalidReceipt, WrongModel or InvalidBytes, or what the enclave
        says is wrong with the question.
        """
        return self._end(*self._opened(response, END, REFUSAL))

    def _end(self, number: int, asked: _Asked, kind: bytes, data: bytes) -> Answer:
        with self._lock:
            self._pending.pop(number, None)
        if kind == REFUSAL:
            raise from_message(decode("refusal", Refused, data, len(data)).error)
        last = decode("answer", Last, data, self._manifest.response_limit)
        receipt = self._signed.check(last, asked.parts)
        if (receipt.number, receipt.request) != (number, asked.digest):
            raise InvalidReceipt("question", expected=asked.digest, got=receipt.request)
        early, late = self._made - SKEW_SECONDS, self._clock() + SKEW_SECONDS
        if not early <= receipt.issued <= late:
            expected = f"{early:.0f} to {late:.0f}"
            raise InvalidReceipt("time", expected=expected, got=receipt.issued)
        return self._answer(asked, last)

    def _answer(self, asked: _Asked, last: Last) -> Answer:
        tensors = {name: tensor.array for name, tensor in last.outcome.tensors.items()}
        if not tensors:
            raise BadAnswer("answer", expected="outputs", got="none")
        output = next(iter(tensors.values())).astype(np.float64)
        numbers = self._terms.kind in {"numbers", "embedding"}
        return Answer(
            output=output.reshape(-1) if numbers else output,
            text=b"".join(asked.parts).decode(errors="replace") or last.outcome.text,
            tensors=tensors,
            write=lambda telling: self._record(asked, last, telling=telling),
            worker=self._shown.keys.keyset.hotkey,
        )

    def _record(self, asked: _Asked, last: Last, *, telling: bool) -> bytes:
        return Record(
            MAGIC,
            VERSION,
            self._offered,
            *self._shown.said,
            receipt=last.receipt,
            signature=last.signature,
            salt=last.salt,
            parts=tuple(asked.parts),
            outcome=last.outcome,
            told=Told(asked.salt, asked.question) if telling else None,
        ).to_bytes()

    def _note(self, asked: _Asked) -> int:
        with self._lock:
            number = self._count
            self._count += 1
            if len(self._pending) >= PENDING:
                self._pending.popitem(last=False)
            self._pending[number] = asked
        return number

    def _opened(self, frame: bytes, *kinds: bytes) -> tuple[int, _Asked, bytes, bytes]:
        """The request that a frame answers, its kind and what is in it."""
        number, salt = address_of(frame)
        with self._lock:
            asked = self._pending.get(number)
        if asked is None:
            raise TamperedAnswer("an answer", expected="to what was asked", got=f"to {number}")
        frames = asked.frames or self._sealed.secret.answer(number, salt)
        kind, data = frames.open(frame, *kinds)
        asked.frames = frames
        return number, asked, kind, data
