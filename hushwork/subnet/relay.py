"""A customer's session at a gateway, and the miner that serves it at this moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from hushwork.errors import (
    Busy,
    HushworkError,
    Interrupted,
    InvalidBytes,
    InvalidParameters,
    NotFound,
    TooLarge,
    UnknownSession,
    Unreachable,
)
from hushwork.guarantee import PART_LIMIT, Manifest
from hushwork.ledger import Neuron
from hushwork.wire import (
    SessionReply,
    SessionRequest,
    SignedClient,
    Working,
    decode,
    encode,
    within,
)

T = TypeVar("T")

_ATTEMPTS = 4
_CLOSE_SECONDS = 5.0
_PROGRESS_SECONDS = 2.0


@dataclass(frozen=True)
class Route:
    """How a relay reaches miners."""

    miners: Callable[[], Sequence[Neuron]]
    """Who offers the manifest, best first."""
    doubt: Callable[[], None]
    """One of them went away."""
    connect: Callable[[Neuron, float], SignedClient]
    hello: Callable[[], memoryview]
    """The kept hello; it goes to every miner that takes over."""
    open_seconds: float
    job_seconds: float
    """For an answer, or for the first part of one."""
    stream_seconds: float
    """For all parts of an answer."""


class Relay:
    """Carries sealed bytes between one customer and one miner, then another if that one dies."""

    def __init__(
        self, digest: str, hello: str, manifest: Manifest, route: Route, opened: float = 0.0
    ) -> None:
        """`digest` of the manifest, `hello`, the digest of a blob, and when it was asked for."""
        self.digest = digest
        self.hello = hello
        self.opened = opened
        self.reply = b""
        self.miner: Neuron | None = None
        self._manifest = manifest
        self._route = route
        self._session = ""
        self._busy = threading.Lock()
        self._asking = threading.Lock()

    def open(self) -> None:
        """Open a session with the best miner that takes it. Raises what the last one said."""
        self.reply = self._open_elsewhere(set())

    def run(self, request: bytes) -> bytes:
        """One job; goes to another miner if this one goes away.

        Raises TooLarge, Unreachable when no miner is left, or what the miner said.
        Raises UnknownSession if the new miner's reply to the hello is not the old one's: then
        the customer has to open a session again. Raises Busy for a second job at a time.
        """
        with self._job(request):
            return self._attempt(lambda: self._send(request))

    def stream(self, request: bytes) -> Iterator[bytes]:
        """One job whose answer comes in parts; as `run` until the first of them is here.

        From then on the miner's errors are the customer's. Raises NotFound where answers come
        whole.
        """
        if not self._manifest.streams:
            raise NotFound("answers of this manifest do not come in parts")
        with self._job(request):
            first, rest = self._attempt(lambda: self._begin(request))
            with closing(rest):
                yield first
                yield from rest

    def progress(self) -> Working:
        """How far the job under way is, as the miner says.

        Raises what the miner said, Unreachable, or Busy for a second question at a time.
        """
        if not self._asking.acquire(blocking=False):
            raise Busy("this session is being asked how far it is", expected="one at a time")
        try:
            return self._ask_progress()
        finally:
            self._asking.release()

    def close(self) -> None:
        """Tell the miner, without waiting for it."""
        miner, session = self.miner, self._session
        if miner is not None:
            threading.Thread(target=self._say_goodbye, args=(miner, session), daemon=True).start()

    @contextmanager
    def _job(self, request: bytes) -> Iterator[None]:
        limit = self._manifest.request_limit
        if len(request) > limit:
            raise TooLarge("request", expected=f"at most {limit} bytes", got=len(request))
        if not self._busy.acquire(blocking=False):
            raise Busy("this session has a job under way", expected="one at a time")
        try:
            yield
        finally:
            self._busy.release()

    def _attempt(self, ask: Callable[[], T]) -> T:
        failed: set[str] = set()
        for _ in range(_ATTEMPTS):
            try:
                return ask()
            except (Unreachable, Interrupted, UnknownSession) as error:
                self._move(failed, error)
        raise Unreachable("miners keep going away", got=f"{_ATTEMPTS} attempts")

    def _send(self, request: bytes) -> bytes:
        target, limit = self._target("jobs"), self._manifest.response_limit
        with self._link(self._route.job_seconds) as link:
            return link.post(target, request, limit)

    def _begin(self, request: bytes) -> tuple[bytes, Generator[bytes, None, None]]:
        parts = self._parts(request)
        with within(self._route.job_seconds):
            return next(parts), parts

    def _parts(self, request: bytes) -> Generator[bytes, None, None]:
        target, limit = self._target("stream"), self._manifest.response_limit
        with self._link(self._route.stream_seconds) as link:
            yield from link.stream_post(target, request, part_limit=PART_LIMIT, limit=limit)

    def _target(self, action: str) -> str:
        return f"/sessions/{self._session}/{action}"

    def _link(self, seconds: float) -> SignedClient:
        if self.miner is None:
            raise UnknownSession("no miner serves this session")
        return self._route.connect(self.miner, seconds)

    def _ask_progress(self) -> Working:
        miner, target = self.miner, self._target("progress")
        if miner is None or not self._busy.locked():
            return Working()
        patience = _PROGRESS_SECONDS
        with within(patience), self._route.connect(miner, patience) as link:
            return decode(Working, link.get(target))

    def _move(self, failed: set[str], error: HushworkError) -> None:
        """Open a session elsewhere; at the same miner where it has merely forgotten this one."""
        if self.miner is None or not isinstance(error, UnknownSession):
            self._route.doubt()
        if self.miner is not None and not isinstance(error, UnknownSession):
            failed.add(self.miner.hotkey)
        if self._open_elsewhere(failed) != self.reply:
            raise UnknownSession("another miner took over and answers the hello differently")

    def _open_elsewhere(self, failed: set[str]) -> bytes:
        last: HushworkError = Unreachable("no other miner offers this")
        for miner in self._route.miners():
            if miner.hotkey in failed:
                continue
            try:
                return self._open_at(miner)
            except (InvalidBytes, InvalidParameters):
                raise
            except HushworkError as error:
                failed.add(miner.hotkey)
                last = error
        self.miner = None
        raise last

    def _open_at(self, miner: Neuron) -> bytes:
        asked = SessionRequest(self.digest, self.hello, "upload")
        patience = self._route.open_seconds
        with within(patience), self._route.connect(miner, patience) as link:
            link.put_blob(self._route.hello())
            opened = decode(SessionReply, link.post("/sessions", encode(asked)))
        self.miner, self._session = miner, opened.session
        return opened.reply

    def _say_goodbye(self, miner: Neuron, session: str) -> None:
        try:
            with self._route.connect(miner, _CLOSE_SECONDS) as link:
                link.post(f"/sessions/{session}/close", b"")
        except HushworkError:
            pass
