"""A validator's round over one task, without I/O: events in, instructions out, time as a value.

    r = Round(...)                      instructions
    r.start(now)                        PublishHello
    r.handle(HelloPublished(), now)     FetchOffers, for the first miner of each host
    r.handle(Offered(...), now)         OpenSession, SendRequest, CloseSession, ...
    ...                                 WithdrawHello, Record: the round is over

Miners of one host are visited one after the other, in an order drawn for the round, so that no
timed job overlaps anything else the round makes that host do. Whatever a miner does is an event.
The keys are destroyed before `Record` says what its answers were worth.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from hushwork.errors import HushworkError
from hushwork.guarantee import Array, Channel, Client, Manifest
from hushwork.subnet.draws import Drawn
from hushwork.subnet.steps import (
    Answered,
    CloseSession,
    DeadlinePassed,
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
    VisitEvent,
    WithdrawHello,
)
from hushwork.subnet.task import Task

WRONG_ANSWER = "wrong_answer"
LATE = "late"
_GONE = {"unreachable", "unknown_session", "interrupted"}


class _Visit:
    """One miner's part of the round."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.waiting: deque[Drawn] = deque()
        self.job: Drawn | None = None
        self.opening = False
        self.channel: Channel | None = None
        self.session = ""
        self.over = False


class Round:
    """One round. It owns the client, and closes it."""

    def __init__(
        self,
        task: Task,
        client: Client,
        draw: Callable[[], Sequence[Drawn]],
        peers: Sequence[Peer],
        generator: np.random.Generator,
        *,
        known: frozenset[str] = frozenset(),
        seconds: float = 1800.0,
    ) -> None:
        """`draw` gives each miner images of its own, so that lent answers are wrong.

        `known`: miners that served this task lately; their silence counts as failure.
        """
        self._task = task
        self._client = client
        self._draw = draw
        self._known = known
        self._seconds = seconds
        self._started = 0.0
        self._judged: list[Judged] = []
        order = [peers[index] for index in generator.permutation(len(peers))]
        self._visits = {peer.hotkey: _Visit(peer) for peer in order}
        self._lanes: dict[str, deque[_Visit]] = {}
        for visit in self._visits.values():
            self._lanes.setdefault(visit.peer.host, deque()).append(visit)
        self.total = 0
        self.offering: set[str] = set()
        self.finished = False

    @property
    def manifest(self) -> Manifest:
        """What miners must offer."""
        return self._task.manifest

    @property
    def done(self) -> int:
        """Jobs that are over, of `total`, which grows as miners are found to offer the task."""
        return len(self._judged)

    @property
    def deadline(self) -> float:
        """When the last request goes out; DeadlinePassed should follow a job's time later."""
        return self._started + self._seconds

    def start(self, now: float) -> list[Instruction]:
        """Make the keys."""
        self._started = now
        return [PublishHello(self._client.hello())]

    def handle(self, event: Event, now: float) -> list[Instruction]:
        """What to do next. Events of visits that are over change nothing."""
        instructions: list[Instruction] = []
        if self.finished:
            return instructions
        if isinstance(event, HelloPublished):
            instructions = [step for lane in self._lanes.values() for step in self._next(lane, now)]
        elif isinstance(event, DeadlinePassed):
            instructions = self._stop()
        elif not (visit := self._visits[event.hotkey]).over:
            instructions = self._advance(visit, event, now)
        return instructions + self._finish_if_over()

    def abandon(self) -> None:
        """Destroy the keys now; nothing of this round will be recorded."""
        self.finished = True
        self._client.close()

    def _advance(self, visit: _Visit, event: VisitEvent, now: float) -> list[Instruction]:
        match event:
            case Offered():
                return self._ask(visit, event, now)
            case SessionOpened():
                return self._welcome(visit, event, now)
            case Answered():
                self._judge(visit, event)
                return self._send(visit, now)
            case Failed():
                return self._fail(visit, event.code, now)
            case SessionClosed():
                return self._leave(visit, now)

    def _ask(self, visit: _Visit, event: Offered, now: float) -> list[Instruction]:
        if self._task.manifest.digest not in event.manifests:
            return self._leave(visit, now)
        self.offering.add(event.hotkey)
        visit.opening = True
        self._give_jobs(visit)
        return [OpenSession(visit.peer)]

    def _welcome(self, visit: _Visit, event: SessionOpened, now: float) -> list[Instruction]:
        visit.session = event.session
        try:
            visit.channel = self._client.welcome(event.reply)
        except HushworkError as error:
            return self._give_up(visit, error.code)
        return self._send(visit, now)

    def _send(self, visit: _Visit, now: float) -> list[Instruction]:
        """The next request, under a ciphertext of its own, or the end of the visit."""
        if visit.channel is None or not visit.waiting or now >= self.deadline:
            return [CloseSession(visit.peer, visit.session)]
        try:
            request = visit.channel.seal(visit.waiting[0].input)
        except HushworkError:  # such as evidence that has aged, which is not the miner's fault
            return [CloseSession(visit.peer, visit.session)]
        visit.job = visit.waiting.popleft()
        return [SendRequest(visit.peer, visit.session, request)]

    def _fail(self, visit: _Visit, code: str, now: float) -> list[Instruction]:
        if visit.job is not None:
            self._note(visit, code)
            return self._give_up(visit, code) if code in _GONE else self._send(visit, now)
        if not visit.opening and visit.peer.hotkey in self._known:
            self._give_jobs(visit)
        self._fail_waiting(visit, code)
        return self._leave(visit, now)

    def _give_jobs(self, visit: _Visit) -> None:
        visit.waiting.extend(self._draw())
        self.total += len(visit.waiting)

    def _give_up(self, visit: _Visit, code: str) -> list[Instruction]:
        self._fail_waiting(visit, code)
        return [CloseSession(visit.peer, visit.session)]

    def _fail_waiting(self, visit: _Visit, code: str) -> None:
        while visit.waiting:
            visit.job = visit.waiting.popleft()
            self._note(visit, code)

    def _judge(self, visit: _Visit, event: Answered) -> None:
        if visit.job is None or visit.channel is None:
            return
        try:
            answer = visit.channel.open(event.response)
        except HushworkError as error:
            self._note(visit, error.code, event.seconds)
            return
        output, reference = answer.output, visit.job.reference
        correct = answer.worker in ("", visit.peer.hotkey) and (
            self._task.guarantee.proves or self._task.accepts(visit.job.input, reference, answer)
        )
        label = _label(self._task.manifest.labels, output)
        self._note(visit, "" if correct else WRONG_ANSWER, event.seconds, label)

    def _note(
        self, visit: _Visit, error: str, seconds: float | None = None, label: str = ""
    ) -> None:
        """Judge the job under way; it is correct if there is no error."""
        kind = visit.job.kind if visit.job else ""
        hotkey, task = visit.peer.hotkey, self._task.key
        self._judged.append(Judged(task, hotkey, kind, seconds, not error, label, error))
        visit.job = None

    def _leave(self, visit: _Visit, now: float) -> list[Instruction]:
        """This visit is over; the next miner of its host comes."""
        visit.over = True
        self.total -= len(visit.waiting)
        return self._next(self._lanes[visit.peer.host], now)

    def _next(self, lane: deque[_Visit], now: float) -> list[Instruction]:
        while lane:
            visit = lane.popleft()
            if now < self.deadline:
                return [FetchOffers(visit.peer)]
            visit.over = True
        return []

    def _stop(self) -> list[Instruction]:
        for lane in self._lanes.values():
            lane.clear()
        for visit in self._visits.values():
            if visit.job is not None:
                self._note(visit, LATE)
            elif visit.opening and not visit.session:
                self._fail_waiting(visit, LATE)
            visit.over = True
        self.total = self.done
        open_sessions = (visit for visit in self._visits.values() if visit.session)
        return [CloseSession(visit.peer, visit.session) for visit in open_sessions]

    def _finish_if_over(self) -> list[Instruction]:
        if not all(visit.over for visit in self._visits.values()):
            return []
        self.abandon()
        return [WithdrawHello(), Record(tuple(self._judged))]


def _label(labels: Sequence[str], output: Array) -> str:
    """Name of the largest logit; empty where the output is no such thing."""
    if output.shape != (len(labels),) or not np.isfinite(output).all():
        return ""
    return labels[int(np.argmax(output))]
