"""Thin HTTP shells: read with a limit, authenticate, answer errors as messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from hushwork.errors import (
    MalformedBytes,
    NotFound,
    StaleRequest,
    TooLarge,
    UnknownBlob,
)
from hushwork.wire._refusal import refusal
from hushwork.wire._streamed import Check, Streamed
from hushwork.wire.blobs import BlobStore
from hushwork.wire.btauth import Envelope, ReplayCache, read_envelope
from hushwork.wire.messages import (
    CHUNK_SIZE,
    MESSAGE_LIMIT,
    BlobInfo,
    MissingChunks,
    decode,
    encode,
)

BODY_SECONDS = 60
"""Most time a body may take to arrive; within what a replay cache remembers."""

READER_SECONDS = 60.0
"""Most time, in all, that the reader of an answer in parts may keep its maker waiting."""

_INDEX_DIGITS = 9
_Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Call:
    """An authenticated request."""

    caller: str
    """ss58 address of the sender."""
    body: bytes
    path: dict[str, str]
    """Path parameters."""


Authorise = Callable[[str], None]
"""Given the caller's address; raises Unauthorized (NotRegistered, UnderStaked) to refuse."""

Handler = Callable[[Call], bytes]
"""Runs in a worker thread, so it may block."""

StreamHandler = Callable[[Call, Check], Iterator[bytes]]
"""Gives the parts of an answer, none of them empty.

It and its iterator run in one worker thread. `check` raises once the caller has gone, and should
be called now and then while a part is made; between parts that happens by itself.
"""


def anybody(caller: str) -> None:
    """Authorise whoever signs."""


class Gate:
    """What the signed routes of one service share: its address, its guests, what it has seen."""

    def __init__(
        self,
        address: str,
        authorise: Authorise = anybody,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.address = address
        self.now_ns = now_ns
        self._authorise = authorise
        self._replays = ReplayCache(since_ns=now_ns())

    def route(self, method: str, path: str, handler: Handler, limit: int = 0) -> Route:
        """Make a signed route; `limit` is the most bytes of a body."""

        async def endpoint(request: Request) -> Response:
            call = await self._admit(request, limit)
            return Response(await run_in_threadpool(handler, call))

        return Route(path, _guarded(endpoint), methods=[method])

    def stream_route(
        self,
        method: str,
        path: str,
        handler: StreamHandler,
        limit: int = 0,
        patience: float = READER_SECONDS,
    ) -> Route:
        """Make a signed route whose answer comes in parts, each as soon as it is made.

        `patience`: how long, in all, the caller may keep the handler waiting to take its parts.
        """

        async def endpoint(request: Request) -> Response:
            call = await self._admit(request, limit)
            return Streamed(partial(handler, call), patience)

        return Route(path, _guarded(endpoint), methods=[method])

    async def _admit(self, request: Request, limit: int) -> Call:
        envelope = read_envelope(request.headers)
        envelope.check_receiver(self.address)
        envelope.check_fresh(self.now_ns())
        body = await read_body(request, limit)
        await run_in_threadpool(self._check, envelope, request.method, target_of(request), body)
        return Call(envelope.sender, body, dict(request.path_params))

    def _check(self, envelope: Envelope, method: str, target: str, body: bytes) -> None:
        envelope.check_signature(method, target, body)
        self._replays.add(envelope.sender, envelope.nonce_ns, self.now_ns())
        self._authorise(envelope.sender)


def open_route(path: str, handler: Callable[[Request], bytes]) -> Route:
    """Make a GET route that anybody may read, unsigned."""

    async def endpoint(request: Request) -> Response:
        return Response(await run_in_threadpool(handler, request))

    return Route(path, _guarded(endpoint), methods=["GET"])


def blob_routes(gate: Gate, store: BlobStore, now: Callable[[], float] = time.time) -> list[Route]:
    """Upload and download of blobs, for whoever the gate lets in.

    PUT /blobs/{digest}           BlobInfo  -> MissingChunks
    PUT /blobs/{digest}/{index}   a chunk   -> nothing
    GET /blobs/{digest}/missing             -> MissingChunks
    GET /blobs/{digest}                     -> BlobInfo, once it is complete
    GET /blobs/{digest}/{index}             -> a chunk
    """

    def begin(call: Call) -> bytes:
        info = decode(BlobInfo, call.body)
        if info.digest != call.path["digest"]:
            raise MalformedBytes("blob", expected=info.digest, got=call.path["digest"][:64])
        return encode(MissingChunks(tuple(store.begin(info, call.caller, now()))))

    def put_chunk(call: Call) -> bytes:
        store.put_chunk(call.path["digest"], _index(call), call.body, now())
        return b""

    def missing(call: Call) -> bytes:
        return encode(MissingChunks(tuple(store.missing(call.path["digest"]))))

    def info(call: Call) -> bytes:
        return encode(store.info(call.path["digest"]))

    def get_chunk(call: Call) -> bytes:
        return store.read_chunk(call.path["digest"], _index(call))

    return [
        gate.route("PUT", "/blobs/{digest}", begin, MESSAGE_LIMIT),
        gate.route("GET", "/blobs/{digest}/missing", missing),
        gate.route("PUT", "/blobs/{digest}/{index}", put_chunk, CHUNK_SIZE),
        gate.route("GET", "/blobs/{digest}", info),
        gate.route("GET", "/blobs/{digest}/{index}", get_chunk),
    ]


def _index(call: Call) -> int:
    text = call.path["index"]
    if not (text.isascii() and text.isdigit() and len(text) <= _INDEX_DIGITS):
        raise UnknownBlob("no such chunk", expected="a number", got=text[:64])
    return int(text)


def make_app(routes: Sequence[Route]) -> Starlette:
    """Make an application that answers every error with an ErrorMessage."""

    async def no_route(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        found = NotFound("no such route", got=f"{request.method} {request.url.path}"[:200])
        return Response(refusal(found)[0], status)

    app = Starlette(routes=list(routes), exception_handlers={HTTPException: no_route})
    app.router.redirect_slashes = False
    return app


async def read_body(request: Request, limit: int) -> bytes:
    """Read a body, giving up at the first byte over `limit`. Raises TooLarge or StaleRequest."""
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced[:20]) > limit:
        raise TooLarge("body", expected=f"at most {limit} bytes", got=announced[:20])
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > limit:
                    raise TooLarge("body", expected=f"at most {limit} bytes", got="more")
    except TimeoutError:
        raise StaleRequest("body", expected=f"within {BODY_SECONDS} s", got=len(body)) from None
    return bytes(body)


def target_of(request: Request) -> str:
    """Path and query as they were sent, which is what is signed."""
    path: bytes = request.scope["raw_path"].split(b"?")[0]
    query: bytes = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def _guarded(endpoint: _Endpoint) -> _Endpoint:
    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:
            return Response(*refusal(error))

    return guarded


__all__ = [
    "Authorise",
    "Call",
    "Check",
    "Gate",
    "Handler",
    "StreamHandler",
    "anybody",
    "blob_routes",
    "make_app",
    "open_route",
    "read_body",
    "target_of",
]
