"""An answer in parts, from the side that makes it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from anyio import from_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hushwork.wire._frames import END, error_frame, part_frame
from hushwork.wire._refusal import refusal

HANG_UP = "hushwork.hang_up"
"""An ASGI extension: drops the connection with all that its reader has not taken."""

Check = Callable[[], None]
"""Raises once the caller has gone; to be called now and then."""

Parts = Callable[[Check], Iterator[bytes]]


class Streamed(Response):
    """Sends each part as soon as it is made; the next is made when the last one was taken.

    The parts are made in one worker thread from first to last. An error before the first has its
    own status. The iterator is closed when the caller goes away, or has kept it waiting for
    `patience` seconds in all: then the caller is hung up on.
    """

    def __init__(self, parts: Parts, patience: float) -> None:
        super().__init__()
        self._parts = parts
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = threading.Event()
        watcher = asyncio.create_task(_watch(receive, gone))
        try:
            with suppress(ClientDisconnect):
                await self._answer(_Outlet(scope, send, self._patience), gone)
        finally:
            gone.set()
            watcher.cancel()

    async def _answer(self, outlet: _Outlet, gone: threading.Event) -> None:
        try:
            await run_in_threadpool(_make, self._parts, outlet, gone)
            await outlet.put(END, last=True)
        except ClientDisconnect:
            raise
        except Exception as error:
            await outlet.refuse(error)


class _Outlet:
    """Where frames leave, for as long as their reader does not try our patience."""

    def __init__(self, scope: Scope, send: Send, patience: float) -> None:
        self.started = False
        self._send = send
        self._patience = patience
        self._hang_up = scope.get("extensions", {}).get(HANG_UP, _nothing)

    async def put(self, frame: bytes, last: bool = False, status: int = 200) -> None:
        """Send one frame. Raises ClientDisconnect when the reader has stalled for too long."""
        clock = asyncio.get_running_loop().time
        start = clock()
        try:
            async with asyncio.timeout(self._patience):
                await self._start(status)
                body = {"type": "http.response.body", "body": frame, "more_body": not last}
                await self._send(body)
        except TimeoutError:
            self._hang_up()
            raise ClientDisconnect from None
        self._patience -= clock() - start

    async def refuse(self, error: Exception) -> None:
        """Close with an error: in a frame, or before the first one by its status."""
        message, status = refusal(error)
        await self.put(error_frame(message) if self.started else message, True, status)

    async def _start(self, status: int) -> None:
        if not self.started:
            self.started = True
            await self._send({"type": "http.response.start", "status": status, "headers": []})


async def _watch(receive: Receive, gone: threading.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


def _make(parts: Parts, outlet: _Outlet, gone: threading.Event) -> None:
    def check() -> None:
        if gone.is_set():
            raise ClientDisconnect

    with closed_after(parts(check)) as made:
        for part in made:
            check()
            from_thread.run(outlet.put, part_frame(part))
            check()
    if not outlet.started:
        raise ValueError("an answer without parts")


@contextmanager
def closed_after(parts: Iterator[bytes]) -> Iterator[Iterator[bytes]]:
    """Close an iterator, where it can be closed."""
    try:
        yield parts
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()


def _nothing() -> None:
    pass
