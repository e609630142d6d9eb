"""A miner: offers what its workers can do, keeps sessions, computes one job at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request

from hushwork.errors import NotFound, TooLarge, UnknownManifest, Unreachable
from hushwork.guarantee import Manifest, Progress, Session, StreamingWorker, Worker
from hushwork.ledger import Ledger
from hushwork.subnet.access import Registry, refuse_insecure
from hushwork.subnet.lane import Lane
from hushwork.subnet.sessions import SessionLimits, SessionTable
from hushwork.wire import (
    BlobLimits,
    BlobStore,
    Call,
    Check,
    Gate,
    Hotkey,
    Offer,
    Offers,
    SessionReply,
    SessionRequest,
    SignedClient,
    Working,
    blob_routes,
    decode,
    encode,
    make_app,
    open_route,
)


@dataclass(frozen=True)
class MinerSettings:
    """Limits. Sizes in bytes, times in seconds, stake in rao."""

    minimum_stake: int = 0
    sessions: int = 16
    """Places for open sessions."""
    sessions_per_caller: int = 8
    """At its limit, a caller's longest idle session gives way."""
    place_bytes: int = 128 << 20
    """Of a hello: a larger one takes several places. Expanded, it is about four times as large."""
    session_seconds: float = 3600.0
    """A session ends when it has been idle for so long."""
    queue: int = 8
    """Jobs that wait; more are refused with Busy."""
    reader_seconds: float = 30.0
    """How long, in all, the reader of an answer in parts may keep the next job waiting."""
    blob_quota: int = 4 << 30
    """Bytes of blobs that one caller may keep here."""
    blobs: int = 16 << 30
    """Bytes of blobs in all."""
    blob_seconds: float = 1800.0
    ledger_seconds: float = 10.0
    """How long the ledger's list of neurons is believed."""


_IDLE = Working()


@dataclass
class _Kept:
    """A session and what it needs."""

    worker: Worker
    session: Session
    hello: str
    opened: float
    working: Working = _IDLE

    def run(self, request: bytes, check: Progress) -> bytes:
        """One job; `check` may stop it."""
        with self._telling(check) as tell:
            return self.worker.run(self.session, request, tell)

    def stream(self, request: bytes, check: Progress) -> Generator[bytes, None, None]:
        """One job in parts; `check` may stop it."""
        if not (self.worker.manifest.streams and isinstance(self.worker, StreamingWorker)):
            raise NotFound("answers here do not come in parts")
        with self._telling(check) as tell:
            yield from self.worker.stream(self.session, request, tell)

    @contextmanager
    def _telling(self, check: Progress) -> Iterator[Progress]:
        def tell(layer: str, done: int, total: int) -> None:
            self.working = Working.at(layer, done, total)
            check(layer, done, total)

        try:
            yield tell
        finally:
            self.working = _IDLE

    def close(self) -> None:
        self.session.close()


class Miner:
    """The service of one miner. `app` is a Starlette application; see `hushwork.wire.server`.

    GET  /offers, /manifests/{digest}     what it works under; open
         /blobs/...                       upload of hellos
    POST /sessions                        SessionRequest -> SessionReply
    POST /sessions/{id}/jobs              request -> response
    POST /sessions/{id}/stream            request -> response in parts
    GET  /sessions/{id}/progress          -> Working
    POST /sessions/{id}/close

    Blobs live under `directory` and survive a restart; a session can be opened again from its
    blob. Workers of a guarantee whose name starts with `insecure` raise InsecureGuarantee unless
    `insecure_for_tests` is true.
    """

    def __init__(
        self,
        *,
        hotkey: Hotkey,
        ledger: Ledger,
        workers: Sequence[Worker],
        directory: Path,
        settings: MinerSettings | None = None,
        insecure_for_tests: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        for worker in workers:
            refuse_insecure(worker.manifest.guarantee, insecure_for_tests)
        self.settings = settings or MinerSettings()
        self._hotkey = hotkey
        self._clock = clock
        self._workers = {worker.manifest.digest: worker for worker in workers}
        self._registry = Registry(ledger, self.settings.ledger_seconds)
        self._lane = Lane(self.settings.queue)
        self._sessions: SessionTable[_Kept] = SessionTable(_session_limits(self.settings))
        self._store = BlobStore(directory / "blobs", self._blob_limits(), clock())
        self.app = self._make_app()

    def close(self) -> None:
        """Interrupt the job that runs, refuse those that wait, let go of all sessions."""
        self._lane.close()
        self._sessions.close_all()

    def _make_app(self) -> Starlette:
        gate = Gate(self._hotkey.address, self._authorise)
        patience = self.settings.reader_seconds
        most = max((worker.manifest.request_limit for worker in self._workers.values()), default=0)
        return make_app(
            [
                open_route("/offers", self._offers),
                open_route("/manifests/{digest}", self._manifest),
                *blob_routes(gate, self._store, self._clock),
                gate.route("POST", "/sessions", self._open, limit=4096),
                gate.route("POST", "/sessions/{session}/jobs", self._run, limit=most),
                gate.stream_route(
                    "POST", "/sessions/{session}/stream", self._stream, most, patience
                ),
                gate.route("GET", "/sessions/{session}/progress", self._progress),
                gate.route("POST", "/sessions/{session}/close", self._close),
            ]
        )

    def _blob_limits(self) -> BlobLimits:
        settings = self.settings
        hellos = [worker.manifest.hello_limit for worker in self._workers.values()]
        return BlobLimits(
            blob=max(hellos, default=0),
            owner=settings.blob_quota,
            total=settings.blobs,
            time_to_live=settings.blob_seconds,
        )

    def _authorise(self, caller: str) -> None:
        self._registry.require(caller, self.settings.minimum_stake, self._clock())

    def _worker(self, digest: str) -> Worker:
        worker = self._workers.get(digest)
        if worker is None:
            offered = ", ".join(self._workers)
            raise UnknownManifest("not offered here", expected=offered, got=digest[:64])
        return worker

    def _offers(self, _: Request) -> bytes:
        manifests = ((digest, worker.manifest) for digest, worker in self._workers.items())
        return encode(Offers(tuple(Offer(d, m.guarantee, m.network) for d, m in manifests)))

    def _manifest(self, request: Request) -> bytes:
        return self._worker(request.path_params["digest"]).manifest.to_bytes()

    def _open(self, call: Call) -> bytes:
        asked = decode(SessionRequest, call.body)
        worker = self._worker(asked.manifest)
        places = self._places(worker.manifest)
        self._sessions.reserve(call.caller, self._clock(), places)
        try:
            hello = self._hello(asked, call.caller, worker.manifest.hello_limit)
            session, reply = self._lane.run(lambda _: worker.greet(hello))
        except BaseException:
            self._sessions.release(call.caller, places)
            raise
        now = self._clock()
        kept = _Kept(worker, session, asked.hello, now)
        return encode(SessionReply(self._sessions.open(call.caller, kept, now, places), reply))

    def _places(self, manifest: Manifest) -> int:
        needed = -(-manifest.hello_limit // self.settings.place_bytes)
        return max(1, min(needed, self.settings.sessions_per_caller))

    def _hello(self, asked: SessionRequest, caller: str, limit: int) -> memoryview:
        """Map the hello; fetch it first where the caller keeps it, as the ledger says."""
        self._store.sweep(self._clock())
        if asked.source == "sender":
            self._fetch(asked.hello, caller)
        size = self._store.info(asked.hello).size
        if size > limit:
            raise TooLarge("hello", expected=f"at most {limit} bytes", got=size)
        return self._store.open(asked.hello)

    def _fetch(self, digest: str, caller: str) -> None:
        neuron = self._registry.neuron(caller, self._clock())
        if not neuron.url:
            raise Unreachable("the sender has no address on the ledger", got=caller)
        fingerprint = neuron.fingerprint
        with SignedClient(neuron.url, self._hotkey, caller, fingerprint=fingerprint) as client:
            client.fetch_blob(digest, self._store, caller, self._clock)

    def _run(self, call: Call) -> bytes:
        kept = self._asked(call)
        return self._lane.run(lambda check: kept.run(call.body, check))

    def _stream(self, call: Call, check_caller: Check) -> Iterator[bytes]:
        kept = self._asked(call)
        with self._lane.turn() as check_lane:

            def check(layer: str, done: int, total: int) -> None:
                check_caller()
                check_lane(layer, done, total)

            check_caller()
            with closing(kept.stream(call.body, check)) as parts:
                for part in parts:
                    yield part
                    check_lane("", 0, 0)

    def _asked(self, call: Call) -> _Kept:
        kept = self._find(call)
        limit = kept.worker.manifest.request_limit
        if len(call.body) > limit:
            raise TooLarge("request", expected=f"at most {limit} bytes", got=len(call.body))
        return kept

    def _progress(self, call: Call) -> bytes:
        return encode(self._find(call).working)

    def _find(self, call: Call) -> _Kept:
        return self._sessions.find(call.path["session"], call.caller, self._clock())

    def _close(self, call: Call) -> bytes:
        kept = self._find(call)
        self._sessions.close(call.path["session"], call.caller, self._clock())
        if not self._sessions.any(lambda other: other.hello == kept.hello):
            self._store.delete(kept.hello, since=kept.opened)
        return b""


def _session_limits(settings: MinerSettings) -> SessionLimits:
    return SessionLimits(settings.sessions, settings.sessions_per_caller, settings.session_seconds)
