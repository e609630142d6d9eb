"""A guarantee that guarantees nothing: it walks the whole corridor in the clear, for tests.

A hello or a request is a header (magic, version, digest of the manifest, key name, digest of the
payload) and a payload; the payload of a request is the image itself.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from hushwork.errors import (
    BadAnswer,
    Interrupted,
    InvalidInput,
    MalformedBytes,
    ParameterMismatch,
    RefusedManifest,
    TooLarge,
    UnsupportedVersion,
)
from hushwork.guarantee import Answer, Array, Input, Manifest, Progress
from hushwork.networks import Network, evaluate
from tests.wire.parts import Maker, Step

NAME = "insecure_plain"
MAGIC = b"HWIP"
HEADER = 4 + 1 + 32 + 16 + 32
HELLO_PAYLOAD = (1 << 20) + 1000
"""A little more than one chunk of a blob."""
LIMIT = 4 << 20


def pack(manifest: Manifest, key: bytes, payload: bytes, version: int = 1) -> bytes:
    parameters = bytes.fromhex(manifest.digest)
    digest = hashlib.sha256(key + payload).digest()
    return b"".join([MAGIC, bytes([version]), parameters, key, digest, payload])


def unpack(manifest: Manifest, data: bytes, limit: int) -> tuple[bytes, bytes]:
    """(key, payload), everything checked."""
    if len(data) > limit:
        raise TooLarge("message", expected=f"at most {limit} bytes", got=len(data))
    if len(data) < HEADER or data[:4] != MAGIC:
        raise MalformedBytes("message", expected="a header", got=f"{len(data)} bytes")
    if data[4] != 1:
        raise UnsupportedVersion("message", expected=1, got=data[4])
    if data[5:37] != bytes.fromhex(manifest.digest):
        raise ParameterMismatch("message", expected=manifest.digest, got=data[5:37].hex())
    key, digest, payload = data[37:53], data[53:85], data[85:]
    if hashlib.sha256(key + payload).digest() != digest:
        raise MalformedBytes("message", expected=digest.hex(), got="another digest")
    return key, payload


@dataclass
class InsecureSession:
    key: bytes
    closed: bool = False

    def close(self) -> None:
        self.closed = True


class InsecureWorker:
    def __init__(self, network: Network) -> None:
        self.network = network
        self.manifest = Manifest(
            guarantee=NAME,
            network=network.name,
            network_digest=network.digest,
            input_shape=network.input_shape,
            labels=network.labels,
            hello_limit=LIMIT,
            request_limit=HEADER + 8 * int(np.prod(network.input_shape)),
            response_limit=HEADER + 8 * len(network.labels),
            body=b"",
        )

    def greet(self, hello: bytes | memoryview) -> tuple[InsecureSession, bytes]:
        key, payload = unpack(self.manifest, bytes(hello), self.manifest.hello_limit)
        if len(payload) != HELLO_PAYLOAD:
            raise MalformedBytes("hello", expected=HELLO_PAYLOAD, got=len(payload))
        return InsecureSession(key), b""

    def run(
        self, session: InsecureSession, request: bytes, progress: Progress | None = None
    ) -> bytes:
        key, payload = unpack(self.manifest, request, self.manifest.request_limit)
        if key != session.key:
            raise ParameterMismatch("request", expected=session.key.hex(), got=key.hex())
        image = _floats(payload, self.manifest.input_shape)
        if progress is not None:
            progress("run", 0, 1)
        return pack(self.manifest, key, self.answer(image).tobytes())

    def answer(self, image: Array) -> Array:
        return evaluate(self.network, image[None])[0]


class InsecureClient:
    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.key = os.urandom(16)
        self.closed = False

    def hello(self) -> bytes:
        self._check_open()
        return pack(self.manifest, self.key, os.urandom(HELLO_PAYLOAD))

    def welcome(self, reply: bytes) -> InsecureClient:
        if reply:
            raise BadAnswer("reply to the hello", expected="nothing", got=f"{len(reply)} bytes")
        return self

    def seal(self, x: Input) -> bytes:
        self._check_open()
        if not isinstance(x, np.ndarray) or x.shape != self.manifest.input_shape:
            raise InvalidInput("input", expected=self.manifest.input_shape, got=np.shape(x))
        return pack(self.manifest, self.key, x.astype(np.float64).tobytes())

    def open(self, response: bytes) -> Answer:
        self._check_open()
        key, payload = unpack(self.manifest, response, self.manifest.response_limit)
        if key != self.key:
            raise BadAnswer("response", expected="the key of this session", got="another")
        return Answer(_floats(payload, (len(self.manifest.labels),)))

    def close(self) -> None:
        self.key = b""
        self.closed = True

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("this client is closed")


@dataclass
class InsecureJudge:
    """Whatever a worker does in the clear, it must get right."""

    manifest: Manifest

    def within(self, images: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        return np.ones(len(images), dtype=bool)


@dataclass
class InsecurePlain:
    """The guarantee; `make_worker` lets a test put a worker of its own in."""

    make_worker: Callable[[Network], InsecureWorker] = InsecureWorker
    name: str = NAME
    proves: bool = False

    def worker(
        self,
        network: Network,
        progress: Progress | None = None,
        shared: Path | None = None,  # noqa: ARG002
        hotkey: str = "",  # noqa: ARG002
    ) -> InsecureWorker:
        if progress is not None:
            progress("prepare", 1, 1)
        return self.make_worker(network)

    def judge(
        self, network: Network, progress: Progress | None = None, shared: Path | None = None
    ) -> InsecureJudge:
        return InsecureJudge(self.worker(network, progress, shared).manifest)

    def client(
        self,
        manifest: Manifest,
        policy: Path | None = None,  # noqa: ARG002
    ) -> InsecureClient:
        if manifest.guarantee != NAME or manifest.body:
            raise RefusedManifest("manifest", expected=NAME, got=manifest.guarantee)
        return InsecureClient(manifest)

    def who_saw_what(self) -> Mapping[str, str]:
        return {"everybody": "everything"}


class HangingWorker(InsecureWorker):
    """Works until its progress callback stops it."""

    def run(
        self,
        session: InsecureSession,  # noqa: ARG002
        request: bytes,  # noqa: ARG002
        progress: Progress | None = None,
    ) -> bytes:
        for step in range(10_000):
            time.sleep(0.005)
            if progress is not None:
                progress("run", step, 10_000)
        raise Interrupted("nobody stopped this worker")


class InsecureStreamer(InsecureWorker):
    """Yields what it is told to as parts, between them waits for events, and then answers."""

    def __init__(
        self, network: Network, steps: Iterable[Step] = (), response_limit: int = 64 << 20
    ) -> None:
        super().__init__(network)
        changes = {"streams": True, "response_limit": response_limit}
        self.manifest = msgspec.structs.replace(self.manifest, **changes)
        self.maker = Maker(steps)

    def stream(
        self, session: InsecureSession, request: bytes, progress: Progress | None = None
    ) -> Iterator[bytes]:
        response = self.run(session, request, progress)
        yield from self.maker.make(lambda: progress("stream", 1, 2) if progress else None)
        yield response


def _floats(payload: bytes, shape: tuple[int, ...]) -> Array:
    if len(payload) != 8 * int(np.prod(shape)):
        raise MalformedBytes("numbers", expected=f"shape {shape}", got=f"{len(payload)} bytes")
    return np.frombuffer(payload, dtype=np.float64).reshape(shape)
