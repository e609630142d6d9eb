"""The worker's half: a published model and its vault."""

from __future__ import annotations

import threading
from math import prod

from hushwork.errors import InvalidProof, MalformedBytes, UnknownSession
from hushwork.guarantee import Manifest, Progress
from hushwork.proved.evidence import Bound, Epoch
from hushwork.proved.messages import NONCE, Request, Response, offer
from hushwork.proved.owner import Owner, silent
from hushwork.proved.publication import decode


class ProvedSession:
    """Which epochs a client has been told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: set[bytes] = set()
        self.closed = False

    def news(self, epoch: Epoch | None) -> Epoch | None:
        """The epoch, if the client does not know it yet."""
        if epoch is None:
            return None
        with self._lock:
            known = epoch.commitment in self._told
            self._told.add(epoch.commitment)
        return None if known else epoch

    def close(self) -> None:
        """Nothing is kept for it."""
        self.closed = True


class ProvedWorker:
    """Proves runs of one model, as one hotkey. Thread-safe."""

    def __init__(self, owner: Owner, hotkey: str) -> None:
        self._owner = owner
        self._hotkey = hotkey
        self._manifest = offer(owner.model)

    @property
    def manifest(self) -> Manifest:
        """What this worker offers."""
        return self._manifest

    def greet(self, hello: bytes | memoryview) -> tuple[ProvedSession, bytes]:
        """Open a session: a nonce comes with each request. Raises MalformedBytes."""
        if len(hello) != NONCE:
            raise MalformedBytes("hello", expected=f"{NONCE} bytes", got=len(hello))
        return ProvedSession(), b""

    def run(
        self, session: ProvedSession, request: bytes, progress: Progress | None = None
    ) -> bytes:
        """Prove one run. Raises InvalidBytes, InvalidProof, BudgetSpent or UnknownSession."""
        if session.closed:
            raise UnknownSession("this session has ended")
        asked = decode("request", Request, request, self._manifest.request_limit)
        shape = self._owner.model.architecture.shape
        numbers = asked.input.array
        if numbers.size != prod(shape):
            raise InvalidProof("an input", expected=f"{prod(shape)} numbers", got=numbers.size)
        bound = Bound(asked.nonce, self._hotkey)
        x = numbers.reshape(shape)
        epoch, claim, _ = self._owner.prove(x, bound=bound, progress=progress or silent)
        commitment = epoch.commitment if epoch else None
        return Response(claim, commitment, session.news(epoch)).to_bytes()
