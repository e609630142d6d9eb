"""How far a job is: what a miner tells, and what reaches a customer."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from hushwork.errors import Interrupted, MalformedBytes, NotFound
from hushwork.guarantee import Progress
from hushwork.wire import Working
from tests.insecure_plain import HangingWorker, InsecureWorker
from tests.subnet.test_miner import customer_of
from tests.subnet.town import Town, pictures, tiny_network, wait_until


def test_a_caller_sees_how_far_its_job_is(town: Town) -> None:
    miner = town.miner("miner", HangingWorker(tiny_network()))
    customer = customer_of(town, miner)
    customer.open()
    assert customer.progress() == Working()
    with ThreadPoolExecutor() as pool:
        job = pool.submit(customer.ask)
        wait_until(lambda: customer.progress().done > 0)
        first = customer.progress()
        assert (first.layer, first.total) == ("run", 10_000)
        wait_until(lambda: customer.progress().done > first.done)
        miner.close()
        with pytest.raises(Interrupted):
            job.result(10)


class Shouting(InsecureWorker):
    """Has a layer whose name no screen should see, and never ends well."""

    def run(self, session: object, request: bytes, progress: Progress | None = None) -> bytes:  # noqa: ARG002
        assert progress is not None
        progress("\x1b[2J" + "n" * 200, 7, 5)
        self.hear()
        raise MalformedBytes("request")

    hear: Callable[[], None]


def test_what_a_worker_says_is_made_fit_to_print_and_forgotten(town: Town) -> None:
    worker = Shouting(tiny_network())
    shown: list[Working] = []
    customer = customer_of(town, town.miner("miner", worker))
    customer.open()
    worker.hear = lambda: shown.append(customer.progress())
    with pytest.raises(MalformedBytes):
        customer.ask()
    assert shown == [Working("?[2J" + "n" * 96, 5, 5)]
    assert customer.progress() == Working()


class Layered(InsecureWorker):
    """Takes its time over two layers."""

    def run(self, session: object, request: bytes, progress: Progress | None = None) -> bytes:
        assert progress is not None
        for index, layer in enumerate(("first", "second")):
            for _ in range(60):
                time.sleep(0.01)
                progress(layer, index, 2)
        return super().run(session, request, progress)  # type: ignore[arg-type]


def test_a_customer_sees_the_layers_go_by(town: Town) -> None:
    town.miner("miner", Layered(tiny_network()))
    model = town.door(town.gateway()).model()
    seen: list[tuple[str, int, int]] = []
    result = model.infer(pictures()[1], layers=lambda *at: seen.append(at))
    count = len(seen)
    assert result.label == "right"
    assert list(dict.fromkeys(seen)) == [("first", 0, 2), ("second", 1, 2)]
    time.sleep(0.4)
    assert len(seen) == count, "told after the answer"


def test_a_gateway_that_knows_no_progress_still_answers(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.miner("miner", Layered(tiny_network()))
    model = town.door(town.gateway()).model()
    get, asked = model._http.get, []

    def refuse(target: str, **limit: int) -> bytes:
        if target.endswith("/progress"):
            asked.append(target)
            raise NotFound("no such route")
        return get(target, **limit)

    monkeypatch.setattr(model._http, "get", refuse)
    assert model.infer(pictures()[1], layers=lambda *_: pytest.fail("told")).label == "right"
    assert asked
