"""How a server is reached: HTTPS under a pinned certificate, or plain HTTP on loopback."""

from __future__ import annotations

import ssl
import threading

import httpx

from hushwork.errors import InsecureParameters
from hushwork.wire._deadline import DeadlineTransport
from hushwork.wire.tls import is_loopback, pinned_context


def transport_to(base_url: str, fingerprint: bytes, timeout: float) -> httpx.BaseTransport:
    """Make one. Raises InsecureParameters for an address that is not to be spoken to."""
    url = _parsed(base_url)
    if fingerprint and url.scheme == "https":
        return _Pinned(fingerprint, timeout)
    if url.scheme != "http" or fingerprint or not is_loopback(url.host):
        expected = "https with a fingerprint, or http on loopback"
        raise InsecureParameters("address", expected=expected, got=base_url)
    return DeadlineTransport()


class _Pinned(httpx.BaseTransport):
    """HTTPS to one server with one certificate, which is looked at on the first request."""

    def __init__(self, fingerprint: bytes, timeout: float) -> None:
        self._fingerprint = fingerprint
        self._timeout = timeout
        self._inner: DeadlineTransport | None = None
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            if self._inner is None:
                self._inner = DeadlineTransport(self._context(request.url))
        return self._inner.handle_request(request)

    def close(self) -> None:
        if self._inner is not None:
            self._inner.close()

    def _context(self, url: httpx.URL) -> ssl.SSLContext:
        return pinned_context(url.host, url.port or 443, self._fingerprint, self._timeout)


def _parsed(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
        url.host.encode()  # decodes an international name, which may be none
        return url
    except (httpx.InvalidURL, ValueError) as error:
        raise InsecureParameters("address", expected="a URL", got=error) from None
