"""An application reached without a socket, for tests and for several services in one process."""

from __future__ import annotations

import asyncio

import httpx
from starlette.applications import Starlette


class MemoryTransport(httpx.BaseTransport):
    """Hands each request to an application in this process; for `SignedClient(transport=...)`."""

    def __init__(self, app: Starlette) -> None:
        self._transport = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, whole."""
        request.read()
        return asyncio.run(self._handle(request))

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        asked = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.content
        )
        response = await self._transport.handle_async_request(asked)
        content = httpx.ByteStream(await response.aread())
        return httpx.Response(response.status_code, headers=response.headers, stream=content)
