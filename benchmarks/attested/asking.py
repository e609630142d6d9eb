"""Customers of the service: from a question to an answer that may be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import msgspec

from benchmarks.attested.service import OPEN, Service
from hushwork.attested import guarantee
from hushwork.attested.messages import Outcome
from hushwork.attested.terms import Terms, question_of
from hushwork.guarantee import PART_LIMIT, Input, Manifest, Prompt
from hushwork.wire import Hotkey, SessionReply, SessionRequest, SignedClient, decode, encode

Ask = Callable[[], float]
"""Asks once; the seconds of it."""


def manifests(service: Service, network: str) -> tuple[Manifest, Manifest]:
    """A network's, attested and in the clear."""
    found = [Manifest.from_bytes(data) for data in service.manifests]
    named = {m.guarantee: m for m in found if m.network == network}
    return named["attested"], named[OPEN]


def client(service: Service, hotkey: Hotkey) -> SignedClient:
    """A connection."""
    return SignedClient(service.url, hotkey, service.address)


def attested(service: Service, http: SignedClient, manifest: Manifest, x: Input) -> Ask:
    """Sealed, answered with a receipt, and opened."""
    relying = guarantee.client(manifest, Path(service.policy))
    opened = _open(http, manifest, relying.hello())
    channel, target = relying.welcome(opened.reply), f"/sessions/{opened.session}/jobs"

    def ask() -> float:
        start = perf_counter()
        response = http.post(target, channel.seal(x), manifest.response_limit)
        channel.open(response)
        return perf_counter() - start

    return ask


def in_the_clear(http: SignedClient, manifest: Manifest, x: Input) -> Ask:
    """The same service without seals and receipts."""
    terms = msgspec.msgpack.decode(manifest.body, type=Terms)
    target = f"/sessions/{_open(http, manifest, b'hello').session}/jobs"

    def ask() -> float:
        start = perf_counter()
        request = msgspec.msgpack.encode(question_of(terms, x))
        response = http.post(target, request, manifest.response_limit)
        outcome = msgspec.msgpack.decode(response, type=Outcome)
        {name: tensor.array for name, tensor in outcome.tensors.items()}
        return perf_counter() - start

    return ask


def streamed(
    service: Service, http: SignedClient, network: str, prompt: Prompt
) -> Callable[[], tuple[float, float, int]]:
    """Sealed, and opened as it comes: seconds to the first part and to the end, and parts."""
    manifest, _ = manifests(service, network)
    relying = guarantee.client(manifest, Path(service.policy))
    opened = _open(http, manifest, relying.hello())
    channel, target = relying.welcome(opened.reply), f"/sessions/{opened.session}/stream"
    limit = manifest.response_limit

    def take() -> tuple[float, float, int]:
        start, first, parts = perf_counter(), 0.0, 0
        request = channel.seal(prompt)
        for part in http.stream_post(target, request, part_limit=PART_LIMIT, limit=limit):
            channel.take(part)
            first = first or perf_counter() - start
            parts += 1
        return first, perf_counter() - start, parts - 1

    return take


def _open(http: SignedClient, manifest: Manifest, hello: bytes) -> SessionReply:
    info = http.put_blob(hello)
    asked = SessionRequest(manifest.digest, info.digest, "upload")
    return decode(SessionReply, http.post("/sessions", encode(asked)))
