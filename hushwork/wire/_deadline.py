"""Connections that keep a deadline: httpx bounds each read, and a byte now and then lasts.

They also heed a check while they wait for bytes, so that another thread can end the wait.
"""

from __future__ import annotations

import math
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpcore
import httpx

_SLICE = 16 << 10
_CONNECTIONS = 100
_IDLE_SECONDS = 5.0
_HEED_SECONDS = 0.2
_thread = threading.local()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Bound all that this thread does on the network inside. The nearest of several counts."""
    before = _until()
    _thread.until = min(before, time.monotonic() + seconds)
    try:
        yield
    finally:
        _thread.until = before


@contextmanager
def heeding(check: Callable[[], None]) -> Iterator[None]:
    """Call `check` some times a second while this thread waits for bytes inside; it may raise."""
    before = _check()
    _thread.check = check
    try:
        yield
    finally:
        _thread.check = before


class DeadlineTransport(httpx.HTTPTransport):
    """HTTP whose every read and write ends by the deadline of `within`, as a timeout of httpx."""

    def __init__(self, verify: ssl.SSLContext | bool = True) -> None:
        super().__init__(verify=verify)
        context = verify if isinstance(verify, ssl.SSLContext) else None
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=_Backend(),
        )


class _Backend(httpcore.SyncBackend):
    def connect_tcp(self, host: str, port: int, *rest: Any, **named: Any) -> httpcore.NetworkStream:
        return _Stream(super().connect_tcp(host, port, *rest, **named))


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        check = _check()
        if check is None:
            return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))
        with within(math.inf if timeout is None else timeout):
            while True:
                check()
                left = _left(_HEED_SECONDS, httpcore.ReadTimeout)
                with suppress(httpcore.ReadTimeout):
                    return self._inner.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _SLICE):
            left = _left(timeout, httpcore.WriteTimeout)
            self._inner.write(buffer[start : start + _SLICE], left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _until() -> float:
    until: float = getattr(_thread, "until", math.inf)
    return until


def _check() -> Callable[[], None] | None:
    check: Callable[[], None] | None = getattr(_thread, "check", None)
    return check


def _left(timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
    if _until() == math.inf:
        return timeout
    left = _until() - time.monotonic()
    if left <= 0:
        raise late("the deadline has passed")
    return left if timeout is None else min(timeout, left)
