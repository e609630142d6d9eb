"""Signed requests from the other side."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager

import httpx

from hushwork.errors import (
    BadSignature,
    HushworkError,
    MalformedBytes,
    TooLarge,
    Unavailable,
    Unreachable,
)
from hushwork.wire._deadline import within
from hushwork.wire._frames import unframe
from hushwork.wire._transport import transport_to
from hushwork.wire.blobs import BlobStore
from hushwork.wire.btauth import sign
from hushwork.wire.hotkeys import Hotkey
from hushwork.wire.messages import (
    CHUNK_SIZE,
    MESSAGE_LIMIT,
    BlobInfo,
    ErrorMessage,
    MissingChunks,
    decode,
    describe_blob,
    encode,
    from_message,
    split,
)

PART_SECONDS = 60.0
"""Most time between two parts of an answer."""

_PIECE = 64 << 10


class SignedClient:
    """One caller, one server; safe from any thread. Use as a context manager, or close it.

    Every call raises the typed error that the server answered, TooLarge for an answer over its
    limit, Unreachable for a server that is away, goes away or is too slow, and BadSignature for
    one that does not hold the pinned certificate.
    """

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
        """`timeout` is for a whole request. Without a fingerprint only loopback is spoken to."""
        self._hotkey = hotkey
        self._receiver = receiver
        self._timeout = timeout
        self._clock = clock
        self._nonces = _Nonces(now_ns)
        self._http = httpx.Client(
            base_url=base_url,
            transport=transport or transport_to(base_url, fingerprint, timeout),
            timeout=timeout,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        )

    def get(self, target: str, limit: int = MESSAGE_LIMIT) -> bytes:
        """Ask. `limit` is the most bytes of an answer."""
        return self._send("GET", target, b"", limit)[0]

    def post(self, target: str, body: bytes, limit: int = MESSAGE_LIMIT) -> bytes:
        """Ask with a body."""
        return self._send("POST", target, body, limit)[0]

    def put(self, target: str, body: bytes, limit: int = MESSAGE_LIMIT) -> bytes:
        """Store."""
        return self._send("PUT", target, body, limit)[0]

    def timed_post(self, target: str, body: bytes, limit: int) -> tuple[bytes, float]:
        """Ask, and measure the seconds from the last request byte to the last answer byte.

        The clock starts when the kernel has taken the last byte: then the request is out of the
        asker's hands, and a server that takes it up slowly cannot move the start. It stops after
        the end of the answer, so that bytes sent early gain nothing.
        """
        return self._send("POST", target, body, limit)

    def stream_post(
        self,
        target: str,
        body: bytes,
        *,
        part_limit: int,
        limit: int,
        part_seconds: float = PART_SECONDS,
    ) -> Generator[bytes, None, None]:
        """Ask for an answer in parts, and give each as it comes.

        Asks when the first part is asked for, which may take the whole timeout; each further one
        may take `part_seconds`. `limit` is the most bytes of all parts. To close or drop the
        generator ends the connection. Raises Unreachable if the answer is cut off.
        """
        sent = _Body(body, self._clock)
        deadline = self._clock() + self._timeout
        with self._naming_the_server(), within(self._timeout):
            response = self._ask("POST", target, sent)
        with closing(response):
            parts = self._parts(response, part_limit, limit, deadline)
            patience = self._timeout
            while (part := self._next(parts, min(patience, deadline - self._clock()))) is not None:
                self._ended(sent)
                yield part
                patience = part_seconds

    def put_blob(
        self, data: bytes | memoryview, progress: Callable[[int, int], None] | None = None
    ) -> BlobInfo:
        """Upload, sending only the chunks that the server lacks; `progress` counts bytes."""
        info = describe_blob(data)
        path = f"/blobs/{info.digest}"
        answer = self.put(path, encode(info))
        missing = set(decode(MissingChunks, answer).indices)
        there = 0
        for index, chunk in enumerate(split(data)):
            if index in missing:
                self.put(f"{path}/{index}", bytes(chunk))
            there += len(chunk)
            if progress is not None:
                progress(there, info.size)
        return info

    def get_blob(self, digest: str, limit: int) -> bytes:
        """Download into memory and check. Raises TooLarge before fetching the first chunk."""
        info = self._blob_info(digest)
        if info.size > limit:
            raise TooLarge("blob", expected=f"at most {limit} bytes", got=info.size)
        chunks = (self._blob_chunk(digest, info, index) for index in range(len(info.chunks)))
        return b"".join(chunks)

    def fetch_blob(
        self, digest: str, store: BlobStore, owner: str, now: Callable[[], float] = time.time
    ) -> BlobInfo:
        """Download into a store, fetching only the chunks that it lacks."""
        info = self._blob_info(digest)
        for index in store.begin(info, owner, now()):
            store.put_chunk(digest, index, self._blob_chunk(digest, info, index), now())
        return info

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> SignedClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _blob_info(self, digest: str) -> BlobInfo:
        info = decode(BlobInfo, self.get(f"/blobs/{digest}"))
        if info.digest != digest:
            raise MalformedBytes("blob", expected=digest, got=info.digest)
        return info

    def _blob_chunk(self, digest: str, info: BlobInfo, index: int) -> bytes:
        chunk = self.get(f"/blobs/{digest}/{index}", limit=CHUNK_SIZE)
        found = hashlib.sha256(chunk).hexdigest()
        if found != info.chunks[index]:
            raise MalformedBytes("chunk", expected=info.chunks[index], got=found)
        return chunk

    def _send(self, method: str, target: str, body: bytes, limit: int) -> tuple[bytes, float]:
        sent = _Body(body, self._clock)
        deadline = self._clock() + self._timeout
        with self._naming_the_server(), within(self._timeout):
            response = self._ask(method, target, sent)
            with closing(response):
                answer = self._read(response, limit, deadline)
        received = self._clock()
        if response.status_code != 200:
            raise _refusal(response.status_code, answer)
        return answer, received - self._ended(sent)

    def _ask(self, method: str, target: str, sent: _Body) -> httpx.Response:
        length = str(len(sent.body))
        request = self._http.build_request(
            method, target, content=sent, headers={"Content-Length": length}
        )
        headers = sign(
            self._hotkey,
            method,
            request.url.raw_path.decode("ascii"),
            sent.body,
            receiver=self._receiver,
            now_ns=self._nonces.next(),
        )
        request.headers.update(headers)
        return self._http.send(request, stream=True)

    def _next(self, parts: Iterator[bytes], seconds: float) -> bytes | None:
        with self._naming_the_server(), within(seconds):
            return next(parts, None)

    def _parts(
        self, response: httpx.Response, part_limit: int, limit: int, deadline: float
    ) -> Generator[bytes, None, None]:
        if response.status_code != 200:
            raise _refusal(response.status_code, self._read(response, limit, deadline))
        yield from unframe(self._chunks(response, deadline), part_limit, limit)

    def _read(self, response: httpx.Response, limit: int, deadline: float) -> bytes:
        answer = bytearray()
        limit = limit if response.status_code == 200 else MESSAGE_LIMIT
        for chunk in self._chunks(response, deadline):
            answer += chunk
            if len(answer) > limit:
                raise TooLarge("answer", expected=f"at most {limit} bytes", got="more")
        return bytes(answer)

    def _chunks(self, response: httpx.Response, deadline: float) -> Iterator[bytes]:
        for chunk in response.iter_raw():
            yield chunk
            if self._clock() > deadline:
                raise Unreachable("too slow", expected=f"an answer in {self._timeout} s")

    def _ended(self, sent: _Body) -> float:
        if sent.ended is None:
            raise Unreachable("answered before the end of the request", got=self._http.base_url)
        return sent.ended

    @contextmanager
    def _naming_the_server(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise _network_error(error, self._http.base_url) from None


class _Body:
    """A request body that notes when its last part has been handed to the socket."""

    def __init__(self, body: bytes, clock: Callable[[], float]) -> None:
        self.body = body
        self._clock = clock
        self.ended: float | None = None

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self.body), _PIECE):
            yield self.body[start : start + _PIECE]
        self.ended = self._clock()


class _Nonces:
    """Unix time in ns, never the same twice."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            self._last = max(self._now_ns(), self._last + 1)
            return self._last


def _network_error(error: httpx.TransportError, server: object) -> HushworkError:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return BadSignature("not the certificate on the ledger", got=server)
    return Unreachable("no answer", expected=server, got=type(error).__name__)


def _refusal(status: int, answer: bytes) -> HushworkError:
    try:
        return from_message(decode(ErrorMessage, answer))
    except HushworkError:
        return Unavailable("not an answer of ours", expected="an ErrorMessage", got=status)
