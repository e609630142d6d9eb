"""Plays a round without sockets and without sleeping: miners are functions, time is a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from hushwork.errors import HushworkError
from hushwork.subnet.draws import Draws
from hushwork.subnet.round import Round
from hushwork.subnet.steps import (
    Answered,
    CloseSession,
    Event,
    Failed,
    FetchOffers,
    HelloPublished,
    Instruction,
    Judged,
    Offered,
    OpenSession,
    Peer,
    PublishHello,
    Record,
    SendRequest,
    SessionClosed,
    SessionOpened,
)
from tests.insecure_plain import InsecureClient, InsecureWorker
from tests.subnet.town import make_task, tiny_network

Miner = Callable[[bytes], bytes]
"""From request to response; raises what goes wrong."""

TASK = make_task()


def honest() -> Miner:
    worker = InsecureWorker(tiny_network())
    return lambda request: worker.run(session_of(request), request)


def session_of(request: bytes) -> object:
    class Session:
        key = request[37:53]

    return Session()


def peer(name: str, host: str = "here") -> Peer:
    return Peer(ord(name[0]), name, f"http://{host}", host)


@dataclass
class Stage:
    """One round, and what came of it."""

    miners: dict[str, Miner]
    hosts: dict[str, str] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    images: int = 4
    seed: int = 0
    seconds: float = 100.0
    refuses_to_open: Sequence[str] = ()
    silent: Sequence[str] = ()
    idle: Sequence[str] = ()
    """Miners that offer something else."""
    trace: list[Instruction] = field(default_factory=list)
    pending: list[Instruction] = field(default_factory=list)
    judged: tuple[Judged, ...] | None = None
    now: float = 0.0

    def __post_init__(self) -> None:
        self.client = InsecureClient(TASK.manifest)
        generator = np.random.default_rng(self.seed)
        peers = [peer(name, self.hosts.get(name, "here")) for name in self.miners]
        draws = Draws(TASK, generator)
        self.round = Round(
            TASK,
            self.client,
            lambda: draws.draw(self.images),
            peers,
            generator,
            known=self.known,
            seconds=self.seconds,
        )

    def start(self) -> None:
        [publish] = self.round.start(self.now)
        assert isinstance(publish, PublishHello)
        self.take([publish])
        self.tell(HelloPublished())

    def tell(self, event: Event) -> None:
        self.take(self.round.handle(event, self.now))

    def take(self, instructions: list[Instruction]) -> None:
        for instruction in instructions:
            self.trace.append(instruction)
            if isinstance(instruction, Record):
                assert self.client.closed
                self.judged = instruction.judged
            elif hasattr(instruction, "peer"):
                self.pending.append(instruction)

    def play(self) -> dict[str, list[Judged]]:
        """To the end; the judgements by miner."""
        self.start()
        while self.pending:
            assert self.judged is None, "scores appeared while the round went on"
            self.step()
        assert self.judged is not None
        return {name: [j for j in self.judged if j.hotkey == name] for name in self.miners}

    def step(self) -> None:
        """Carry out the oldest instruction."""
        instruction = self.pending.pop(0)
        self.now += 1.0
        self.tell(self.event_of(instruction))

    def event_of(self, instruction: Instruction) -> Event:
        name = instruction.peer.hotkey  # type: ignore[union-attr]
        match instruction:
            case FetchOffers():
                if name in self.silent:
                    return Failed(name, "unreachable")
                mine = "f" * 64 if name in self.idle else TASK.manifest.digest
                return Offered(name, frozenset({mine}))
            case OpenSession():
                if name in self.refuses_to_open:
                    return Failed(name, "busy")
                return SessionOpened(name, f"session-of-{name}", b"")
            case SendRequest():
                try:
                    return Answered(name, self.miners[name](instruction.request), 1.0)
                except HushworkError as error:
                    return Failed(name, error.code)
            case CloseSession():
                return SessionClosed(name)
        raise AssertionError(instruction)
