"""Run an application in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from hushwork.wire._streamed import HANG_UP
from hushwork.wire.tls import Certificate

_GRACE_SECONDS = 5
_IDLE_SECONDS = 30
"""Longer than a client keeps a connection, or it would use one just closed."""
_CONNECTIONS = 256
HEAD_SECONDS = 10.0
"""Most time the head of a request may take to arrive."""


@contextmanager
def running(
    app: Starlette, host: str = "127.0.0.1", port: int = 0, certificate: Certificate | None = None
) -> Iterator[str]:
    """Serve in a background thread and give the base URL. Port 0 takes a free one."""
    listener = _listen(host, port)
    server = _Server(_config(app, certificate))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        server.wait()
        scheme = "https" if certificate else "http"
        name = f"[{host}]" if ":" in host else host
        yield f"{scheme}://{name}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # As many threads as connections: long jobs then never keep a short request waiting.
        current_default_thread_limiter().total_tokens = _CONNECTIONS
        try:
            await super().startup(sockets)
        finally:
            self._ready.set()

    def wait(self) -> None:
        self._ready.wait()
        if not self.started:
            raise RuntimeError("the server did not start")


class _Protocol(H11Protocol):
    """Hangs up on whoever connects and then does not ask, or they would take every place."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app = _able_to_hang_up(self.app, transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forgive()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._forgive()
        elif self._patience is None:
            self._patience = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _forgive(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _able_to_hang_up(app: ASGIApp, transport: asyncio.Transport) -> ASGIApp:
    async def able(scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {HANG_UP: transport.abort}
        await app(scope, receive, send)

    return able


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only with the protocol named does asyncio turn Nagle's delay (40 ms an answer) off.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(_CONNECTIONS)
    return listener


def _config(app: Starlette, certificate: Certificate | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ssl_certfile=certificate.certificate_file if certificate else None,
        ssl_keyfile=certificate.key_file if certificate else None,
    )
