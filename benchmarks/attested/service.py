"""A miner in a process of its own: each model attested, and without seals and receipts."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec

from hushwork.attested import AttestedWorker
from hushwork.attested.messages import Question
from hushwork.attested.platforms import DevelopmentPlatform
from hushwork.attested.served import offer, respond
from hushwork.cli.platforms import development_platform
from hushwork.guarantee import Manifest, Progress
from hushwork.ledger import TAO, LocalLedger, Rules
from hushwork.networks.models import Model, open_model
from hushwork.subnet import Miner, MinerSettings
from hushwork.wire import Hotkey, running

OPEN = "insecure_open"
PLACES = 64


class Idle:
    """A session in which nothing is kept."""

    def close(self) -> None:
        """There is nothing to close."""


class OpenWorker:
    """The same work in the clear: MessagePack in, MessagePack out."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.manifest: Manifest = msgspec.structs.replace(offer(model), guarantee=OPEN)

    def greet(self, hello: bytes | memoryview) -> tuple[Idle, bytes]:
        """Nothing is said."""
        return Idle(), bytes(hello[:0])

    def run(self, session: Idle, request: bytes, progress: Progress | None = None) -> bytes:
        """Run a question as it stands."""
        del session
        if progress is not None:
            progress(self.manifest.network, 0, 1)
        steps = respond(self._model, msgspec.msgpack.decode(request, type=Question))
        while True:
            try:
                next(steps)
            except StopIteration as ended:
                return msgspec.msgpack.encode(ended.value)


class Service(msgspec.Struct, frozen=True):
    """Where a miner serves, and what."""

    url: str
    address: str
    manifests: tuple[bytes, ...]
    policy: str


def serve(pipe: Connection, names: Sequence[str], folder: str, caller: str, threads: int) -> None:
    """Run a miner until the pipe closes."""
    hotkey, ledger = Hotkey.generate(), LocalLedger(rules=Rules.local())
    for address in (hotkey.address, caller):
        ledger.register(address)
    ledger.add_stake(caller, 2000 * TAO)
    policy = development_platform(Path(folder))
    platform = DevelopmentPlatform.load(Path(folder))
    models = [open_model(name, threads=threads) for name in names]
    workers: list[Any] = [AttestedWorker(model, platform, hotkey.address) for model in models]
    workers += [OpenWorker(model) for model in models]
    settings = MinerSettings(
        minimum_stake=TAO, sessions=PLACES, sessions_per_caller=PLACES, queue=PLACES
    )
    miner = Miner(
        hotkey=hotkey, ledger=ledger, workers=workers, directory=Path(folder) / "miner",
        settings=settings, insecure_for_tests=True,
    )  # fmt: skip
    with running(miner.app) as url:
        manifests = tuple(worker.manifest.to_bytes() for worker in workers)
        pipe.send_bytes(
            msgspec.msgpack.encode(Service(url, hotkey.address, manifests, str(policy)))
        )
        pipe.poll(None)


@contextmanager
def started(names: Sequence[str], caller: str, threads: int = 0) -> Iterator[Service]:
    """A miner of these models, for this caller."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        process = context.Process(target=serve, args=(theirs, names, folder, caller, threads))
        process.start()
        theirs.close()
        try:
            yield msgspec.msgpack.decode(ours.recv_bytes(), type=Service)
        finally:
            process.terminate()
            process.join()
