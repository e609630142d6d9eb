"""Thin HTTP shells (Starlette, uvicorn): read with a limit, authenticate, answer errors."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hushwork.wire.blobs import BlobStore
from hushwork.wire.tls import Certificate


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

Handler = Callable[[Call], bytes | Awaitable[bytes]]
"""A plain function runs in a worker thread, a coroutine function on the loop."""


class Gate:
    """What every signed route of one service shares: own address, replay cache, clock."""

    def __init__(self, address: str, authorise: Authorise = lambda caller: None) -> None:
        raise NotImplementedError

    def route(self, method: str, path: str, handler: Handler, limit: int = 0) -> Route:
        """A signed route; `limit` is the most bytes of a body."""
        raise NotImplementedError


def open_route(path: str, handler: Callable[[Request], bytes]) -> Route:
    """A GET route that anybody may read, unsigned."""
    raise NotImplementedError


def blob_routes(gate: Gate, store: BlobStore) -> list[Route]:
    """Upload and download of blobs.

    PUT /blobs/{digest} (BlobInfo) -> MissingChunks
    PUT /blobs/{digest}/{index} (chunk)
    GET /blobs/{digest}/missing -> MissingChunks
    GET /blobs/{digest} -> BlobInfo
    GET /blobs/{digest}/{index} -> chunk
    """
    raise NotImplementedError


def make_app(routes: Sequence[Route]) -> Starlette:
    """An application that answers every error with an ErrorMessage."""
    raise NotImplementedError


def serve(app: Starlette, host: str, port: int, certificate: Certificate | None = None) -> None:
    """Serve until interrupted."""
    raise NotImplementedError


@contextlib.contextmanager
def running(
    app: Starlette, host: str = "127.0.0.1", port: int = 0, certificate: Certificate | None = None
) -> Iterator[str]:
    """Serve in a background thread; gives the base URL. Port 0 takes a free one."""
    raise NotImplementedError
    yield ""


__all__ = ["Authorise", "Call", "Gate", "Handler", "Response", "blob_routes"]
