"""A validator: rounds in a loop, history, weights, and what it shows of itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request

from hushwork.errors import HushworkError
from hushwork.ledger import Ledger, Neuron
from hushwork.subnet.access import Registry, refuse_insecure
from hushwork.subnet.courier import Courier, Patience, peer_of
from hushwork.subnet.draws import fresh_generator
from hushwork.subnet.history import History, Standing
from hushwork.subnet.questions import draws_for
from hushwork.subnet.round import Round
from hushwork.subnet.state import Board, Row, Snapshot
from hushwork.subnet.task import Task
from hushwork.subnet.weights import TaskScores, by_uid, split
from hushwork.wire import BlobLimits, BlobStore, Gate, Hotkey, blob_routes, make_app, open_route

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ValidatorSettings:
    """How rounds are run. Times in seconds."""

    images: int = 6
    """Images for each miner in a round; no two get the same, so that no answer can be lent."""
    pause_seconds: float = 5.0
    """Between two rounds."""
    job_seconds: float = 120.0
    session_seconds: float = 300.0
    round_seconds: float = 1800.0
    window_answers: int = 100
    """A miner's latest answers at a task that its score is made of,"""
    window_seconds: float = 86400.0
    """and how old they may be."""
    burn: str | None = None
    """Hotkey that gets the share of a task nobody answers; None: nobody does."""
    history_seconds: float = 30 * 86400.0
    """How long answers are kept; at least the window."""


class Validator:
    """One validator. `app` (Starlette) serves its hello blobs and, to anybody, GET /scores.

    `app` must be served at the address that the ledger holds for `hotkey` before `run` starts:
    miners fetch each round's hello from there, and from nowhere else.
    """

    def __init__(
        self,
        *,
        hotkey: Hotkey,
        ledger: Ledger,
        tasks: Sequence[Task],
        directory: Path,
        database: str | None = None,
        settings: ValidatorSettings | None = None,
        on_change: Callable[[Snapshot], None] | None = None,
        insecure_for_tests: bool = False,
    ) -> None:
        """`database` is an SQLAlchemy URL; SQLite in `directory` by default."""
        for task in tasks:
            refuse_insecure(task.manifest.guarantee, insecure_for_tests)
        directory.mkdir(parents=True, exist_ok=True)
        self.settings = settings or ValidatorSettings()
        self._hotkey = hotkey
        self._ledger = ledger
        self._tasks = tasks
        self._registry = Registry(ledger, seconds=5.0)
        self._history = History(database or f"sqlite:///{directory / 'history.db'}")
        self._store = BlobStore(directory / "blobs", BlobLimits(), time.time())
        self._stop = threading.Event()
        self._shares: dict[str, float] = {}
        self._offering: set[tuple[str, str]] = set()
        first = Snapshot(hotkey.address, self._history.last_round(), "idle", 0, 0, 0, ())
        self._board = Board(first, on_change)
        self.app = self._make_app()

    @property
    def snapshot(self) -> Snapshot:
        """Where it stands now. From any thread."""
        return self._board.snapshot

    def changes(self, timeout: float | None = None) -> Iterator[Snapshot]:
        """The present snapshot, then each new one; skips what a slow reader missed.

        Ends when nothing has changed for `timeout` seconds, if one is given.
        """
        return self._board.changes(timeout)

    def run(self, stop: threading.Event) -> None:
        """Rounds until `stop` is set or `close` is called. Blocking."""
        while not stop.is_set() and not self._stop.is_set():
            try:
                self.run_round(stop)
            except HushworkError as error:
                _LOG.warning("round %d: %s", self.snapshot.round, error)
            except Exception:
                _LOG.exception("round %d", self.snapshot.round)
            self._show(phase="idle")
            if not self._stop.is_set():
                stop.wait(self.settings.pause_seconds)

    def run_round(self, stop: threading.Event | None = None) -> None:
        """One round over all tasks, recorded, weights set. Blocking.

        Raises Interrupted once `stop` is set or `close` is called.
        """

        def stopped() -> bool:
            return self._stop.is_set() or (stop is not None and stop.is_set())

        number = self._history.last_round() + 1
        judged = 0
        for task in self._tasks:
            self._show(round=number, phase="drawing", done=0, total=0)
            judged += self._run_task(task, number, stopped)
        self._set_weights()
        self._history.forget(time.time() - self.settings.history_seconds)
        self._show(phase="idle", scored_rounds=self.snapshot.scored_rounds + bool(judged))

    def close(self) -> None:
        """End the loop, and let go of everything."""
        self._stop.set()
        self._history.close()

    def _make_app(self) -> Starlette:
        gate = Gate(self._hotkey.address, self._authorise)
        blobs = [
            route for route in blob_routes(gate, self._store) if "GET" in (route.methods or ())
        ]
        return make_app([*blobs, open_route("/scores", self._scores)])

    def _authorise(self, caller: str) -> None:
        self._registry.neuron(caller, time.time())

    def _scores(self, _: Request) -> bytes:
        return msgspec.json.encode(self.snapshot)

    def _peers(self) -> list[Neuron]:
        neurons = self._registry.neurons(time.time(), 0.0).values()
        return [n for n in neurons if n.url and n.hotkey != self._hotkey.address]

    def _run_task(self, task: Task, number: int, stopped: Callable[[], bool]) -> int:
        """One round of one task; how many answers were judged."""
        neurons = self._peers()
        round_ = self._make_round(task, neurons)
        patience = Patience(self.settings.job_seconds, self.settings.session_seconds)
        fingerprints = {neuron.hotkey: neuron.fingerprint for neuron in neurons}
        courier = Courier(round_, self._hotkey, self._store, fingerprints, patience)
        judged = courier.carry_out(stopped, lambda: self._show_jobs(round_))
        self._show(phase="scoring")
        self._offering |= {(task.key, hotkey) for hotkey in round_.offering}
        self._history.add(number, judged, time.time())
        return len(judged)

    def _make_round(self, task: Task, neurons: Sequence[Neuron]) -> Round:
        generator = fresh_generator()
        draws = draws_for(task, generator)
        known = frozenset(self._standings(task))
        self._show(phase="keys")
        return Round(
            task,
            task.guarantee.client(task.manifest, task.policy),
            lambda: draws.draw(self.settings.images),
            [peer_of(neuron) for neuron in neurons],
            generator,
            known=known,
            seconds=self.settings.round_seconds,
        )

    def _standings(self, task: Task) -> dict[str, Standing]:
        since = time.time() - self.settings.window_seconds
        return self._history.window(task.key, self.settings.window_answers, since)

    def _set_weights(self) -> None:
        self._show(phase="weights")
        scores = [
            TaskScores(
                task.emission, task.top, {h: s.score for h, s in self._standings(task).items()}
            )
            for task in self._tasks
        ]
        neurons = self._registry.neurons(time.time(), 0.0)
        self._shares = split(scores, self.settings.burn)
        weights = by_uid(self._shares, {hotkey: n.uid for hotkey, n in neurons.items()})
        try:
            if any(weights.values()):
                self._ledger.set_weights(self._hotkey.address, weights)
        except HushworkError as error:
            _LOG.warning("weights not set: %s", error)
        self._show(rows=self._rows())

    def _rows(self) -> tuple[Row, ...]:
        neurons = self._registry.neurons(time.time())
        rows = [row for task in self._tasks for row in self._rows_of(task, neurons)]
        return tuple(sorted(rows, key=lambda row: (-row.score, row.uid)))

    def _rows_of(self, task: Task, neurons: dict[str, Neuron]) -> Iterator[Row]:
        standings = self._standings(task)
        offering = {hotkey for key, hotkey in self._offering if key == task.key}
        for hotkey in (standings.keys() | offering) & neurons.keys():
            standing = standings.get(hotkey, Standing(()))
            yield _row(task, neurons[hotkey], standing, self._shares.get(hotkey, 0.0))

    def _show_jobs(self, round_: Round) -> None:
        self._show(phase="jobs", done=round_.done, total=round_.total)

    def _show(self, **fields: Any) -> None:
        self._board.show(**fields)


def _row(task: Task, neuron: Neuron, standing: Standing, share: float) -> Row:
    last = standing.answers[-1] if standing.answers else None
    labels = [answer.label for answer in standing.answers if answer.label]
    return Row(
        uid=neuron.uid,
        hotkey=neuron.hotkey,
        url=neuron.url,
        task=task.title,
        manifest=task.manifest.digest,
        last_label=labels[-1] if labels else "",
        last_correct=last.correct if last else False,
        agreement=standing.agreement,
        seconds=standing.median_seconds,
        score=standing.score,
        weight=share,
        last_error=last.error if last else "",
    )
