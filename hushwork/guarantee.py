"""The one interface between the guarantees and everything that offers, buys or scores them.

A guarantee is two halves and a manifest. The manifest is public and content-addressed. The worker
publishes it; the client accepts it or refuses it, and only then makes secrets of its own:

    client.hello()  ->  worker.greet(hello) -> (session, reply)  ->  channel = client.welcome(reply)
    channel.seal(x) ->  worker.run(session, request) -> response ->  answer = channel.open(response)

One hello may go to many workers: each reply makes a channel to the one that gave it.

A worker may also make its answer in parts, the last of which is that response.

Nothing here does I/O; rooms above carry the bytes and never look inside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from hushwork.errors import InsecureGuarantee, MalformedBytes, TooLarge, UnknownManifest

Array = NDArray[np.float64]
Progress = Callable[[str, int, int], None]
"""Called with (phase, done, total) in work units; whatever it raises stops the work."""

MANIFEST_LIMIT = 4 << 20
PART_LIMIT = 1 << 20
"""Most bytes of one part of an answer."""


@dataclass(frozen=True)
class Prompt:
    """A text, and how a language model is to go on with it."""

    text: str
    most_tokens: int = 256
    temperature: float = 0.0
    """0: the likeliest token each time."""
    seed: int | None = None
    """The same seed gives the same tokens; None: drawn by the worker."""
    stop: tuple[str, ...] = ()
    """Texts at which it ends."""


Input = Array | str | Prompt | Mapping[str, NDArray[Any]]
"""What is sealed: numbers of the network's input shape, a text, or tensors by name, as the
manifest says."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a worker offers: public, and named by the digest of its bytes."""

    guarantee: str
    network: str
    """Name of the network, as people say it."""
    network_digest: str
    """SHA-256 of the ONNX file, hex; where that is hidden, of what is published in its place."""
    input_shape: tuple[int, ...]
    """Of numbers; empty for other inputs."""
    labels: tuple[str, ...]
    """Of the outputs; empty where they are not classes."""
    hello_limit: int
    """Most bytes a hello may have."""
    request_limit: int
    response_limit: int
    """Of a whole answer, however many parts it comes in; none of them is empty."""
    body: bytes
    """The guarantee's own part; only that guarantee reads it."""
    bounds: dict[str, float] = {}
    """Values of the network, by name, and the magnitudes that they must not reach: beyond them the
    guarantee's answers mean nothing."""
    takes: Literal["numbers", "text", "tensors"] = "numbers"
    """What an input is: numbers of the input shape, a text, or tensors by name."""
    images: int = 1
    """Most inputs that one request takes."""
    streams: bool = False
    """Whether answers come in parts."""
    version: int = 1

    def to_bytes(self) -> bytes:
        """Encode canonically."""
        return msgspec.msgpack.encode(self, order="deterministic")

    @property
    def digest(self) -> str:
        """Content address, hex."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Decode what a stranger sent. Raises TooLarge or MalformedBytes."""
        if len(data) > MANIFEST_LIMIT:
            raise TooLarge("manifest", expected=f"at most {MANIFEST_LIMIT} bytes", got=len(data))
        try:
            return msgspec.msgpack.decode(data, type=cls)
        except (msgspec.MsgspecError, ValueError) as error:
            raise MalformedBytes("manifest", expected="a manifest", got=error) from None


def _nothing(_: bool) -> bytes:
    return b""


@dataclass(frozen=True)
class Answer:
    """What a client has after opening a response."""

    output: Array
    """The network's raw outputs: logits (classes,), or another vector or tensor. Where requests
    take several inputs (images, classes): those of the inputs sealed, in order and over again."""
    text: str = ""
    """What a language model wrote."""
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """All outputs by name, where a network has several."""
    write: Callable[[bool], bytes] = _nothing
    """Writes the evidence down, when it is wanted: with the input in it, or without."""
    worker: str = ""
    """Hotkey that the answer is bound to, where the guarantee binds one."""

    @property
    def evidence(self) -> bytes:
        """What convinces somebody else, where the guarantee gives that."""
        return self.write(False)

    @property
    def telling(self) -> bytes:
        """The same with the input in it, where evidence keeps that back."""
        return self.write(True)


class Session(Protocol):
    """A worker's state for one client: expanded keys, or a sealed channel, or nothing."""

    def close(self) -> None:
        """Let go of it."""


class Worker(Protocol):
    """The half that computes. One instance serves many sessions, from any thread."""

    @property
    def manifest(self) -> Manifest:
        """What this worker offers."""

    def greet(self, hello: bytes | memoryview) -> tuple[Session, bytes]:
        """Open a session on a client's hello; the bytes are the reply."""

    def run(self, session: Any, request: bytes, progress: Progress | None = None) -> bytes:
        """Compute one response. Uses all cores and releases the GIL."""


@runtime_checkable
class StreamingWorker(Worker, Protocol):
    """A worker whose answers come in parts; its manifest says so."""

    def stream(
        self, session: Any, request: bytes, progress: Progress | None = None
    ) -> Iterator[bytes]:
        """Compute one answer: its parts in order, each of 1 to PART_LIMIT bytes.

        The last is the response that the client's `open` takes; it must not open unless it is the
        last, so that a stream that was cut is an error and never a short answer. One thread runs
        it from its start to its end, or to its `close` where the customer has gone.
        """


class Judge(Protocol):
    """What a validator knows of a network's workers."""

    @property
    def manifest(self) -> Manifest:
        """What they offer."""

    def within(self, images: Any) -> NDArray[np.bool_]:
        """Which of a batch, (count, *input shape), or of a list of other inputs, they can be held
        to: others, they may honestly fail."""


class Channel(Protocol):
    """A client and one of the workers that answered its hello."""

    def seal(self, x: Input) -> bytes:
        """Turn one input into a request: or a batch of them, at most as many as the manifest
        says, where it says more than one."""

    def open(self, response: bytes) -> Answer:
        """Turn a response into an answer. Raises BadAnswer, or an InvalidBytes."""


@runtime_checkable
class StreamingChannel(Channel, Protocol):
    """A channel to a worker whose answers come in parts."""

    def take(self, part: bytes) -> str | Answer:
        """Open the next part, or the answer that ends them. Raises BadAnswer, or an
        InvalidBytes."""


class Client(Protocol):
    """The half that holds the secrets of one session."""

    @property
    def manifest(self) -> Manifest:
        """What was accepted."""

    def hello(self) -> bytes:
        """What the worker needs before the first request."""

    def welcome(self, reply: bytes) -> Channel:
        """Check a worker's reply to the hello."""

    def close(self) -> None:
        """Destroy the secrets. Nothing can be opened afterwards."""


class Guarantee(Protocol):
    """A way of working that gives the client a promise."""

    @property
    def name(self) -> str:
        """As in a manifest."""

    @property
    def proves(self) -> bool:
        """Whether an answer that opens is right, so that there is nothing to compare."""

    def worker(
        self,
        network: Any,
        progress: Progress | None = None,
        shared: Path | None = None,
        hotkey: str = "",
    ) -> Worker:
        """Prepare a network for work: compile, publish a manifest.

        `network`: a `Network`; or, where anything runs that ONNX Runtime runs, a `Model`.
        `shared`: a folder of the owner's, where processes leave each other what they prepared; or
        a file, where a guarantee keeps that in one.
        `hotkey`: whose answers they are, where the guarantee binds that.
        """

    def judge(
        self, network: Any, progress: Progress | None = None, shared: Path | None = None
    ) -> Judge:
        """Prepare to judge workers of a network: compile, as they do."""

    def client(self, manifest: Manifest, policy: Path | None = None) -> Client:
        """Check a manifest and make fresh secrets. Raises RefusedManifest.

        `policy`: a file that says whom the client trusts, where a guarantee asks for that.
        """

    def who_saw_what(self) -> Mapping[str, str]:
        """For people: each party and what it learns."""


OPEN = frozenset({"proved"})
"""Whose workers see the input: a customer gets such a one by asking for it, and never else."""
TRUSTING = frozenset({"attested"})
"""Whose clients have to say whom they trust, in a policy."""
_ROOMS = {
    "encrypted": "hushwork.encrypted",
    "proved": "hushwork.proved",
    "attested": "hushwork.attested",
}


def load(name: str) -> Guarantee:
    """Find a guarantee by name. Raises InsecureGuarantee or UnknownManifest."""
    if name.startswith("insecure"):
        raise InsecureGuarantee("this guarantee is for tests only", expected=list(_ROOMS), got=name)
    if name not in _ROOMS:
        raise UnknownManifest("no such guarantee", expected=list(_ROOMS), got=name)
    guarantee: Guarantee = import_module(_ROOMS[name]).guarantee
    return guarantee
