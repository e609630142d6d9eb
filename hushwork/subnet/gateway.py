"""The customers' door: finds miners, carries sealed bytes, falls over when one dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request

from hushwork.errors import Busy, TooLarge, UnknownSession
from hushwork.guarantee import Manifest
from hushwork.ledger import Ledger
from hushwork.subnet.catalogue import Catalogue, Limits
from hushwork.subnet.messages import About, Models, Serving
from hushwork.subnet.relay import Relay, Route
from hushwork.subnet.sessions import SessionLimits, SessionTable
from hushwork.wire import (
    BlobLimits,
    BlobStore,
    Call,
    Check,
    Gate,
    Hotkey,
    SessionReply,
    SessionRequest,
    blob_routes,
    decode,
    encode,
    heeding,
    make_app,
    open_route,
)


@dataclass(frozen=True)
class GatewaySettings:
    """Limits. Sizes in bytes, times in seconds."""

    sessions: int = 64
    sessions_per_caller: int = 8
    """At its limit, a caller's longest idle session gives way."""
    session_seconds: float = 1800.0
    """A session ends when it has been idle for so long."""
    jobs: int = 16
    """Under way at once; more are refused with Busy."""
    hello_limit: int = 1 << 30
    request_limit: int = 64 << 20
    response_limit: int = 64 << 20
    blob_quota: int = 2 << 30
    """Bytes of blobs that one customer may keep here,"""
    blobs: int = 16 << 30
    """and all of them together."""
    blob_seconds: float = 3600.0
    offers_seconds: float = 5.0
    """How long the miners' offers are believed."""
    job_seconds: float = 120.0
    """For an answer, or for the first part of one,"""
    stream_seconds: float = 600.0
    """and for all parts of one."""
    reader_seconds: float = 30.0
    """How long, in all, a customer may leave the parts of an answer lying."""
    open_seconds: float = 300.0


class Gateway:
    """The service of one gateway. `app` is a Starlette application; see `hushwork.wire.server`.

    GET  /about, /models, /manifests/{digest}     open
         /blobs/...                               upload of hellos
    POST /sessions                                SessionRequest -> SessionReply
    GET  /sessions/{id}                           -> Serving
    POST /sessions/{id}/jobs                      request -> response
    POST /sessions/{id}/stream                    request -> response in parts
    GET  /sessions/{id}/progress                  -> Working
    POST /sessions/{id}/close

    Its hotkey must be registered on the ledger, with the stake that miners ask for; customers
    sign with any hotkey and need not be registered. It sees sealed bytes only.
    """

    def __init__(
        self,
        *,
        hotkey: Hotkey,
        ledger: Ledger,
        directory: Path,
        settings: GatewaySettings | None = None,
        insecure_for_tests: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Offers of guarantees made for tests are passed over unless `insecure_for_tests`."""
        self.settings = settings or GatewaySettings()
        self._hotkey = hotkey
        self._clock = clock

        def allows(guarantee: str) -> bool:
            return insecure_for_tests or not guarantee.startswith("insecure")

        most = _carried(self.settings)
        self._catalogue = Catalogue(hotkey, ledger, self.settings.offers_seconds, allows, most)
        self._jobs = threading.BoundedSemaphore(self.settings.jobs)
        self._sessions: SessionTable[Relay] = SessionTable(_session_limits(self.settings))
        self._store = BlobStore(directory / "blobs", _blob_limits(self.settings), clock())
        self.app = self._make_app()

    def close(self) -> None:
        """End all sessions."""
        self._sessions.close_all()

    def _make_app(self) -> Starlette:
        gate = Gate(self._hotkey.address)
        most, patience = self.settings.request_limit, self.settings.reader_seconds
        return make_app(
            [
                open_route("/about", lambda _: encode(About(self._hotkey.address))),
                open_route("/models", self._models),
                open_route("/manifests/{digest}", self._manifest),
                *blob_routes(gate, self._store, self._clock),
                gate.route("POST", "/sessions", self._open, limit=4096),
                gate.route("GET", "/sessions/{session}", self._serving),
                gate.route("POST", "/sessions/{session}/jobs", self._run, limit=most),
                gate.stream_route(
                    "POST", "/sessions/{session}/stream", self._stream, most, patience
                ),
                gate.route("GET", "/sessions/{session}/progress", self._progress),
                gate.route("POST", "/sessions/{session}/close", self._close),
            ]
        )

    def _models(self, _: Request) -> bytes:
        return encode(Models(self._catalogue.listing().models()))

    def _manifest(self, request: Request) -> bytes:
        return self._catalogue.manifest(request.path_params["digest"]).to_bytes()

    def _open(self, call: Call) -> bytes:
        asked = decode(SessionRequest, call.body)
        relay = self._relay(asked, self._catalogue.manifest(asked.manifest))
        self._sessions.reserve(call.caller, self._clock())
        try:
            relay.open()
        except BaseException:
            self._sessions.release(call.caller)
            raise
        token = self._sessions.open(call.caller, relay, self._clock())
        return encode(SessionReply(token, relay.reply))

    def _relay(self, asked: SessionRequest, manifest: Manifest) -> Relay:
        self._store.sweep(self._clock())
        size, limit = self._store.info(asked.hello).size, manifest.hello_limit
        if size > limit:
            raise TooLarge("hello", expected=f"at most {limit} bytes", got=size)
        route = Route(
            miners=lambda: self._catalogue.miners(asked.manifest),
            doubt=self._catalogue.doubt,
            connect=self._catalogue.client,
            hello=lambda: self._store.open(asked.hello),
            open_seconds=self.settings.open_seconds,
            job_seconds=self.settings.job_seconds,
            stream_seconds=self.settings.stream_seconds,
        )
        return Relay(asked.manifest, asked.hello, manifest, route, self._clock())

    def _serving(self, call: Call) -> bytes:
        miner = self._find(call).miner
        if miner is None:
            raise UnknownSession("no miner serves this session")
        return encode(Serving(miner.hotkey, miner.uid))

    def _run(self, call: Call) -> bytes:
        relay = self._find(call)
        with self._job():
            return relay.run(call.body)

    def _stream(self, call: Call, check: Check) -> Iterator[bytes]:
        relay = self._find(call)
        with self._job(), heeding(check):
            yield from relay.stream(call.body)

    @contextmanager
    def _job(self) -> Iterator[None]:
        if not self._jobs.acquire(blocking=False):
            raise Busy("too many jobs under way", expected=f"at most {self.settings.jobs}")
        try:
            yield
        finally:
            self._jobs.release()

    def _progress(self, call: Call) -> bytes:
        return encode(self._find(call).progress())

    def _close(self, call: Call) -> bytes:
        relay = self._find(call)
        self._sessions.close(call.path["session"], call.caller, self._clock())
        if not self._sessions.any(lambda other: other.hello == relay.hello):
            self._store.delete(relay.hello, since=relay.opened)
        return b""

    def _find(self, call: Call) -> Relay:
        return self._sessions.find(call.path["session"], call.caller, self._clock())


def _carried(settings: GatewaySettings) -> Limits:
    return Limits(settings.hello_limit, settings.request_limit, settings.response_limit)


def _session_limits(settings: GatewaySettings) -> SessionLimits:
    return SessionLimits(settings.sessions, settings.sessions_per_caller, settings.session_seconds)


def _blob_limits(settings: GatewaySettings) -> BlobLimits:
    return BlobLimits(
        blob=settings.hello_limit,
        owner=settings.blob_quota,
        total=settings.blobs,
        time_to_live=settings.blob_seconds,
    )
