"""The worker's half: a model, the keys of its enclave, and the platform that vouches for both."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hushwork.attested.keyset import Keys, Statement, canonical, request_info
from hushwork.attested.messages import (
    AnswerDigest,
    Hello,
    Last,
    Outcome,
    Refused,
    Reply,
    Request,
    decode,
    question_digest,
)
from hushwork.attested.platforms import Platform
from hushwork.attested.receipt import Receipt
from hushwork.attested.sealing import END, PART, REFUSAL, Frames, Secret, Window, parts_of, unseal
from hushwork.attested.served import HELLO_LIMIT, offer, respond
from hushwork.errors import HushworkError, ReplayedRequest, UnknownSession, WrongKey
from hushwork.guarantee import Manifest, Progress
from hushwork.networks.models import Model
from hushwork.wire import to_message

KEY_SECONDS = 3600
"""How long keys greet new clients; they are destroyed as long again after that."""


@dataclass(frozen=True)
class Unsealed:
    """A request, and the frames that will answer it."""

    number: int
    request: Request
    frames: Frames


class AttestedSession:
    """A client's nonce, the keys that it was shown, and the numbers of its requests."""

    def __init__(self, keys: Keys, nonce: str) -> None:
        self.keys = keys
        self.nonce = nonce
        self.closed = False
        self._info = request_info(keys.digest, nonce)
        self._secret: Secret | None = None
        self._prefix = b""
        self._window = Window()
        self._lock = threading.Lock()

    def unseal(self, sealed: bytes, limit: int, now: float) -> Unsealed:
        """Raises WrongKey, ReplayedRequest, UnknownSession or InvalidBytes."""
        if self.closed or now >= self.keys.keyset.not_after:
            raise UnknownSession("this session has ended")
        prefix, rest = parts_of(sealed)
        secret = self._shared(prefix)
        number, plaintext = secret.open(rest)
        request = decode("request", Request, plaintext, limit)
        with self._lock:
            if not self._window.take(number):
                raise ReplayedRequest("request", expected="a new number", got=number)
        return Unsealed(number, request, secret.answer(number))

    def _shared(self, prefix: bytes) -> Secret:
        """The session's secret: the first that is sealed to it."""
        with self._lock:
            if self._secret is None:
                self._secret = unseal(self.keys, prefix, self._info)
                self._prefix = prefix
            if prefix != self._prefix:
                raise WrongKey("request", expected="the session's secret", got="another")
            return self._secret

    def close(self) -> None:
        """Take no more requests."""
        self.closed = True


class AttestedWorker:
    """Runs one model for one hotkey, inside an enclave. Thread-safe."""

    def __init__(
        self,
        model: Model,
        platform: Platform,
        hotkey: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.platform = platform
        self._model = model
        self._hotkey = hotkey
        self._clock = clock
        self._manifest = offer(model)
        self._digest = self._manifest.digest
        self._keys = self._make_keys()
        self._lock = threading.Lock()

    @property
    def manifest(self) -> Manifest:
        """What this worker offers."""
        return self._manifest

    def greet(self, hello: bytes | memoryview) -> tuple[AttestedSession, bytes]:
        """Have the hardware vouch for the keys and the client's nonce.

        Raises InvalidBytes, and Unavailable where the hardware does not answer.
        """
        nonce = decode("hello", Hello, hello, HELLO_LIMIT).nonce.hex()
        keys = self._present_keys()
        statement = Statement(keys.digest, nonce)
        evidence = self.platform.evidence(statement.report_data)
        shown = Reply(canonical(keys.keyset), canonical(statement), evidence.to_bytes())
        return AttestedSession(keys, nonce), shown.to_bytes()

    def run(
        self, session: AttestedSession, request: bytes, progress: Progress | None = None
    ) -> bytes:
        """Answer one request. What is wrong with a question only its client reads.

        Raises WrongKey, ReplayedRequest, UnknownSession or InvalidBytes.
        """
        *_, last = self._answer(session, request, progress, in_parts=False)
        return last

    def stream(
        self, session: AttestedSession, request: bytes, progress: Progress | None = None
    ) -> Iterator[bytes]:
        """As `run`, in parts as they are made, of which the last is what `run` gives."""
        return self._answer(session, request, progress, in_parts=True)

    def _answer(
        self, session: AttestedSession, sealed: bytes, progress: Progress | None, *, in_parts: bool
    ) -> Iterator[bytes]:
        asked = session.unseal(sealed, self._manifest.request_limit, self._clock())
        frames, salt = asked.frames, secrets.token_bytes(32)
        digest = AnswerDigest(salt)
        steps = respond(self._model, asked.request.question)
        count = 0
        while True:
            if progress is not None:
                progress(self._manifest.network, count, count + 1)
            try:
                text = next(steps).encode()
            except StopIteration as ended:
                last = self._last(session, asked, digest, salt, ended.value)
                yield frames.seal(END, last.to_bytes())
                return
            except HushworkError as error:
                yield frames.seal(REFUSAL, Refused(to_message(error)).to_bytes())
                return
            count += 1
            if in_parts:
                digest.part(text)
                yield frames.seal(PART, text)

    def _last(
        self,
        session: AttestedSession,
        asked: Unsealed,
        digest: AnswerDigest,
        salt: bytes,
        outcome: Outcome,
    ) -> Last:
        receipt = canonical(
            Receipt(
                answer=digest.end(outcome),
                issued=int(self._clock()),
                keyset=session.keys.digest,
                manifest=self._digest,
                model=self._manifest.network_digest,
                nonce=session.nonce,
                number=asked.number,
                parts=digest.parts,
                request=question_digest(asked.request.salt, asked.request.question),
            )
        )
        return Last(salt, outcome, receipt, session.keys.sign(receipt))

    def _present_keys(self) -> Keys:
        with self._lock:
            if self._clock() >= self._keys.keyset.not_after - KEY_SECONDS:
                self._keys = self._make_keys()
            return self._keys

    def _make_keys(self) -> Keys:
        return Keys(self._hotkey, self._digest, int(self._clock()) + 2 * KEY_SECONDS)
