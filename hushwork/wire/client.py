"""Signed requests from the other side."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import httpx

from hushwork.wire.blobs import BlobStore
from hushwork.wire.hotkeys import Hotkey
from hushwork.wire.messages import MESSAGE_LIMIT, BlobInfo

M = TypeVar("M")


class SignedClient:
    """One caller, one server. Use as a context manager, or close it."""

    def __init__(
        self,
        base_url: str,
        hotkey: Hotkey,
        receiver: str,
        *,
        fingerprint: bytes = b"",
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        now_ns: Callable[[], int] = time.time_ns,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """With no fingerprint only loopback is spoken to (InsecureParameters otherwise)."""
        raise NotImplementedError

    def get(self, target: str, limit: int = MESSAGE_LIMIT) -> bytes:
        """Raises what the server answered, TooLarge, or Unreachable."""
        raise NotImplementedError

    def post(self, target: str, body: bytes, limit: int = MESSAGE_LIMIT) -> bytes:
        """Like get, with a body."""
        raise NotImplementedError

    def put(self, target: str, body: bytes, limit: int = MESSAGE_LIMIT) -> bytes:
        """Like post."""
        raise NotImplementedError

    def timed_post(self, target: str, body: bytes, limit: int) -> tuple[bytes, float]:
        """Answer, and seconds from the last request byte sent to the last answer byte received."""
        raise NotImplementedError

    def put_blob(self, data: bytes | memoryview) -> BlobInfo:
        """Upload in chunks, only those the server lacks."""
        raise NotImplementedError

    def get_blob(self, digest: str, limit: int) -> bytes:
        """Download and check a blob. Raises TooLarge before fetching it."""
        raise NotImplementedError

    def fetch_blob(self, digest: str, store: BlobStore, owner: str, now: float) -> BlobInfo:
        """Download a blob into a store, chunk by chunk, resuming."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the connections."""
        raise NotImplementedError

    def __enter__(self) -> SignedClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
