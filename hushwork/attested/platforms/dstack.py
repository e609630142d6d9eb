"""A TDX guest under dstack, which gives quotes over a socket inside the guest.

POST /GetQuote {"report_data": hex} answers {"quote": hex, "event_log": JSON as text, "vm_config":
JSON as text}; the rest of the evidence is Intel's collateral, fetched from a PCCS once a day.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Annotated, ClassVar

import dcap_qvl
import httpx
import msgspec
from msgspec import Meta, Struct

from hushwork.attested.evidence import Evidence
from hushwork.attested.evidence.bundle import DOCUMENT_LIMIT, EVENT_LOG_LIMIT
from hushwork.attested.evidence.dcap import Collateral
from hushwork.attested.evidence.events import Hex
from hushwork.attested.platforms.report_data import require_report_data
from hushwork.errors import HushworkError, MalformedBytes, TooLarge, Unreachable

SIMULATOR = "DSTACK_SIMULATOR_ENDPOINT"
PCCS = "HUSHWORK_PCCS"
"""Names of environment variables: dstack's socket or URL, and the URL of a PCCS."""
SOCKETS = (Path("/var/run/dstack.sock"), Path("/var/run/dstack/dstack.sock"))
ANSWER_LIMIT = 4 * DOCUMENT_LIMIT + 4 * EVENT_LOG_LIMIT
"""Bytes."""
QUOTE_SECONDS, COLLATERAL_SECONDS = 30.0, 60.0
DAY, RETRY = 86400, 3600
"""Seconds between one fetch of collateral and the next, and after one that failed."""

Fetch = Callable[[bytes], bytes]


class _Quote(Struct, frozen=True):
    quote: Annotated[Hex, Meta(max_length=2 * DOCUMENT_LIMIT)]
    event_log: Annotated[str, Meta(max_length=EVENT_LOG_LIMIT)] = ""
    vm_config: Annotated[str, Meta(max_length=EVENT_LOG_LIMIT)] = ""


@dataclass(frozen=True)
class _Fetched:
    at: float
    collateral: bytes


def dstack_endpoint() -> str | None:
    """Socket or URL of dstack, where this machine has one."""
    named = os.environ.get(SIMULATOR)
    if named:
        return named
    return next((str(path) for path in SOCKETS if path.exists()), None)


class DstackPlatform:
    """Quotes of the TDX guest that this runs in."""

    name: ClassVar[str] = "dstack"
    insecure: ClassVar[bool] = False

    def __init__(
        self,
        endpoint: str,
        pccs: str | None = None,
        *,
        fetch: Fetch | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """endpoint: path of the socket, or an http URL. pccs: URL; else that of HUSHWORK_PCCS, else
        Intel's. fetch: quote -> collateral, in place of a PCCS. clock: Unix seconds."""
        is_url = endpoint.startswith(("http://", "https://"))
        self._base = endpoint if is_url else "http://dstack"
        self._socket = None if is_url else endpoint
        self._pccs = pccs or os.environ.get(PCCS) or dcap_qvl.INTEL_PCS_URL
        self._fetch = fetch or self._from_pccs
        self._clock = clock
        self._fetched: _Fetched | None = None
        self._fetching = Lock()

    def evidence(self, report_data: bytes) -> Evidence:
        """A quote over 64 bytes, with dstack's event log. Raises Unreachable, MalformedBytes or
        TooLarge."""
        answer = self._quote(require_report_data(report_data))
        quote = bytes.fromhex(answer.quote)
        if report_data not in quote:
            raise MalformedBytes("dstack's quote", expected="over what was asked", got="another")
        return Evidence("tdx", quote, self._collateral(quote), answer.event_log.encode())

    def _quote(self, report_data: bytes) -> _Quote:
        data = self._post({"report_data": report_data.hex()})
        try:
            return msgspec.json.decode(data, type=_Quote)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise MalformedBytes("dstack's answer", got=str(error)[:200]) from None

    def _post(self, request: dict[str, str]) -> bytes:
        transport = httpx.HTTPTransport(uds=self._socket)
        try:
            with (
                httpx.Client(transport=transport, timeout=QUOTE_SECONDS) as client,
                client.stream("POST", f"{self._base}/GetQuote", json=request) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    raise Unreachable("dstack", expected="200", got=response.status_code)
                return _read(response)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Unreachable("dstack", got=str(error)[:200] or type(error).__name__) from None

    def _collateral(self, quote: bytes) -> bytes:
        """At most a day old; older only while no newer can be had."""
        with self._fetching:
            fetched = self._fetched
            if fetched is not None and 0 <= self._clock() - fetched.at < DAY:
                return fetched.collateral
            try:
                collateral = self._fetch(quote)
            except HushworkError:
                if fetched is None:
                    raise
                collateral = fetched.collateral
                self._fetched = _Fetched(self._clock() - DAY + RETRY, collateral)
                return collateral
            self._fetched = _Fetched(self._clock(), collateral)
            return collateral

    def _from_pccs(self, quote: bytes) -> bytes:
        async def fetch() -> str:
            got = dcap_qvl.get_collateral(self._pccs, quote)
            text: str = (await asyncio.wait_for(got, COLLATERAL_SECONDS)).to_json()
            return text

        # In a thread of its own, since the caller's may have an event loop running.
        with ThreadPoolExecutor(1) as pool:
            try:
                text = pool.submit(asyncio.run, fetch()).result()
            except (ValueError, RuntimeError, OSError, TimeoutError) as error:
                raise Unreachable("PCCS", expected=self._pccs, got=str(error)[:200]) from None
        return Collateral.from_bytes(text.encode()).to_bytes()


def _read(response: httpx.Response) -> bytes:
    data = b""
    for chunk in response.iter_bytes():
        data += chunk
        if len(data) > ANSWER_LIMIT:
            raise TooLarge("dstack's answer", expected=f"at most {ANSWER_LIMIT}", got="more")
    return data
