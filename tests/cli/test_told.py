from __future__ import annotations

import io

import pytest
from rich.console import Console

from hushwork.cli.report import ScreenReporter
from hushwork.cli.told import ToldWorker
from hushwork.errors import Interrupted, ParameterMismatch
from tests.insecure_plain import InsecureClient, InsecureSession, InsecureWorker
from tests.subnet.town import pictures, tiny_network

Heard = list[tuple[str, int, int]]


@pytest.fixture
def heard() -> Heard:
    return []


@pytest.fixture
def worker(heard: Heard) -> ToldWorker:
    return ToldWorker(InsecureWorker(tiny_network()), lambda *at: heard.append(at))


@pytest.fixture
def client(worker: ToldWorker) -> InsecureClient:
    return InsecureClient(worker.manifest)


def test_both_listeners_hear_of_a_job(
    worker: ToldWorker, client: InsecureClient, heard: Heard
) -> None:
    session, _ = worker.greet(client.hello())
    others: Heard = []
    answer = worker.run(session, client.seal(pictures()[0]), lambda *at: others.append(at))
    assert client.open(answer).output.shape == (4,)
    assert others == [("run", 0, 1)]
    assert heard == [*others, ("idle", 0, 0)]


def test_a_job_that_fails_or_is_stopped_leaves_nobody_at_work(
    worker: ToldWorker, client: InsecureClient, heard: Heard
) -> None:
    with pytest.raises(ParameterMismatch):
        worker.run(InsecureSession(b"another key"), client.seal(pictures()[0]))
    assert heard == [("idle", 0, 0)]

    def stop(*_: object) -> None:
        raise Interrupted("shutting down")

    with pytest.raises(Interrupted):
        worker.run(InsecureSession(client.key), client.seal(pictures()[0]), stop)
    assert heard[-1] == ("idle", 0, 0)


def test_what_is_done_at_once_is_a_line_that_stays() -> None:
    console = Console(record=True, file=io.StringIO())
    reporter = ScreenReporter(console)
    reporter.progress("vault opened, 8 proofs are left", 1, 1)
    reporter.progress("compile", 0, 2)
    reporter.serving("miner", "http://x")
    shown = console.export_text()
    assert "vault opened, 8 proofs are left\n" in shown
    assert "compile" not in shown
