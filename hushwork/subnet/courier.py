"""Carries out a round's instructions over HTTP, and brings back events."""

from __future__ import annotations

import ipaddress
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from hushwork.errors import HushworkError, Interrupted
from hushwork.ledger import Neuron
from hushwork.subnet.round import Round
from hushwork.subnet.steps import (
    Answered,
    CloseSession,
    DeadlinePassed,
    Failed,
    FetchOffers,
    HelloPublished,
    Instruction,
    Judged,
    Offered,
    OpenSession,
    Peer,
    PublishHello,
    Record,
    SendRequest,
    SessionClosed,
    SessionOpened,
    VisitEvent,
    WithdrawHello,
)
from hushwork.wire import (
    BlobStore,
    Hotkey,
    Offers,
    SessionReply,
    SessionRequest,
    SignedClient,
    decode,
    encode,
)

_LOG = logging.getLogger(__name__)
_ASK_SECONDS = 10.0
_STOP_SECONDS = 0.25
_Call = FetchOffers | OpenSession | SendRequest | CloseSession


@dataclass(frozen=True)
class Patience:
    """How long a miner may take, in seconds."""

    job: float
    session: float


class Courier:
    """One round's errands. Each runs in a thread of its own; the round decides what overlaps."""

    def __init__(
        self,
        round_: Round,
        hotkey: Hotkey,
        store: BlobStore,
        fingerprints: dict[str, bytes],
        patience: Patience,
    ) -> None:
        self._round = round_
        self._hotkey = hotkey
        self._store = store
        self._fingerprints = fingerprints
        self._patience = patience
        self._manifest = round_.manifest
        self._hello = ""
        self._events: queue.SimpleQueue[VisitEvent] = queue.SimpleQueue()

    def carry_out(
        self, stopped: Callable[[], bool], on_step: Callable[[], None]
    ) -> tuple[Judged, ...]:
        """Run the round to its end. Raises Interrupted once stopped; keys die either way."""
        try:
            return self._loop(stopped, on_step)
        finally:
            self._round.abandon()
            self._store.delete(self._hello)

    def _loop(self, stopped: Callable[[], bool], on_step: Callable[[], None]) -> tuple[Judged, ...]:
        waiting = self._round.start(time.monotonic())
        while True:
            for instruction in waiting:
                if isinstance(instruction, Record):
                    return instruction.judged
                self._begin(instruction)
            on_step()
            event = HelloPublished() if _publishes(waiting) else self._next_event(stopped)
            waiting = self._round.handle(event, time.monotonic())

    def _next_event(self, stopped: Callable[[], bool]) -> VisitEvent | DeadlinePassed:
        while not stopped():
            try:
                return self._events.get(timeout=_STOP_SECONDS)
            except queue.Empty:
                if time.monotonic() > self._round.deadline + self._patience.job:
                    return DeadlinePassed()
        raise Interrupted("the round was stopped")

    def _begin(self, instruction: Instruction) -> None:
        if isinstance(instruction, PublishHello):
            info = self._store.put(instruction.hello, self._hotkey.address, time.time())
            self._hello = info.digest
        elif isinstance(instruction, WithdrawHello):
            self._store.delete(self._hello)
        elif not isinstance(instruction, Record):
            threading.Thread(target=self._errand, args=(instruction,), daemon=True).start()

    def _errand(self, call: _Call) -> None:
        hotkey = call.peer.hotkey
        try:
            event = self._call(call)
        except HushworkError as error:
            event = Failed(hotkey, error.code)
        except Exception:
            _LOG.exception("an errand to %s failed", hotkey)
            event = Failed(hotkey, HushworkError.code)
        closing = isinstance(call, CloseSession)
        self._events.put(SessionClosed(hotkey) if closing else event)

    def _call(self, call: _Call) -> VisitEvent:
        peer = call.peer
        match call:
            case FetchOffers():
                return self._fetch_offers(peer)
            case OpenSession():
                return self._open_session(peer)
            case SendRequest():
                return self._send(call)
            case CloseSession():
                with self._client(peer, _ASK_SECONDS) as client:
                    client.post(f"/sessions/{call.session}/close", b"")
                return SessionClosed(peer.hotkey)

    def _fetch_offers(self, peer: Peer) -> Offered:
        with self._client(peer, _ASK_SECONDS) as client:
            offers = decode(Offers, client.get("/offers")).offers
        return Offered(peer.hotkey, frozenset(offer.manifest for offer in offers))

    def _open_session(self, peer: Peer) -> SessionOpened:
        asked = SessionRequest(self._manifest.digest, self._hello, "sender")
        with self._client(peer, self._patience.session) as client:
            reply = decode(SessionReply, client.post("/sessions", encode(asked)))
        return SessionOpened(peer.hotkey, reply.session, reply.reply)

    def _send(self, call: SendRequest) -> Answered:
        target, limit = f"/sessions/{call.session}/jobs", self._manifest.response_limit
        with self._client(call.peer, self._patience.job) as client:
            response, seconds = client.timed_post(target, call.request, limit)
        return Answered(call.peer.hotkey, response, seconds)

    def _client(self, peer: Peer, timeout: float) -> SignedClient:
        fingerprint = self._fingerprints[peer.hotkey]
        return SignedClient(
            peer.url, self._hotkey, peer.hotkey, fingerprint=fingerprint, timeout=timeout
        )


def _publishes(instructions: list[Instruction]) -> bool:
    return any(isinstance(instruction, PublishHello) for instruction in instructions)


def peer_of(neuron: Neuron) -> Peer:
    """A neuron as a round sees it; all names of this machine are one host."""
    host = urlsplit(neuron.url).hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    return Peer(neuron.uid, neuron.hotkey, neuron.url, "localhost" if local else host)
