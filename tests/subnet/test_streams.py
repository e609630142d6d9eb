"""Answers in parts, from a miner and through a gateway: the customer cannot tell which."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import repeat

import numpy as np
import pytest

from hushwork.errors import Busy, Interrupted, MalformedBytes, NotFound, TooLarge, Unreachable
from hushwork.guarantee import PART_LIMIT, StreamingWorker, Worker
from hushwork.ledger import TAO
from hushwork.subnet import GatewaySettings, Miner, MinerSettings
from hushwork.wire import Working, heeding
from tests.insecure_plain import InsecureClient, InsecureStreamer, InsecureWorker
from tests.subnet.test_gateway import customer_at, serving, stop
from tests.subnet.test_miner import Customer, customer_of, flip
from tests.subnet.town import Town, is_at_work, pictures, tiny_network, wait_until
from tests.wire.parts import Step

running_module = import_module("hushwork.wire.running")
Open = Callable[..., tuple[Customer, InsecureStreamer, Miner]]


def streamer(*steps: Step) -> InsecureStreamer:
    return InsecureStreamer(tiny_network(), steps)


def stream(customer: Customer, request: bytes | None = None) -> Iterator[bytes]:
    return customer.http.stream_post(
        f"/sessions/{customer.session}/stream",
        customer.keys.seal(pictures()[0]) if request is None else request,
        part_limit=PART_LIMIT,
        limit=1 << 30,
    )


def answers(customer: Customer) -> bool:
    try:
        return customer.ask().shape == (4,)
    except Busy:
        return False


def opened(customer: Customer, worker: InsecureWorker) -> Customer:
    customer.keys = InsecureClient(worker.manifest)
    customer.open(manifest=worker.manifest)
    return customer


def through(town: Town, settings: GatewaySettings | None = None) -> Customer:
    """Somebody at a gateway."""
    return customer_at(town, town.gateway(settings=settings))


@pytest.fixture(params=["miner", "gateway"])
def open_at(request: pytest.FixtureRequest, town: Town) -> Open:
    def start(worker: InsecureStreamer, **settings: float) -> tuple[Customer, Miner]:
        miner = town.miner("miner", worker, MinerSettings(minimum_stake=TAO, **settings))  # type: ignore[arg-type]
        at_miner = request.param == "miner"
        customer = customer_of(town, miner) if at_miner else through(town)
        return opened(customer, worker), miner

    return start  # type: ignore[return-value]


def test_only_a_worker_that_streams_is_one() -> None:
    workers: list[Worker] = [streamer(), InsecureWorker(tiny_network())]
    assert [isinstance(worker, StreamingWorker) for worker in workers] == [True, False]


def test_parts_come_in_order_and_the_last_is_the_response(open_at: Open) -> None:
    customer, _ = open_at(streamer(b"a", bytes(PART_LIMIT), b"b"))
    *parts, response = stream(customer)
    assert parts == [b"a", bytes(PART_LIMIT), b"b"]
    assert np.allclose(customer.keys.open(response).output, customer.ask())
    assert len(list(stream(customer))) == 4


def test_a_part_comes_while_the_next_is_being_made(open_at: Open) -> None:
    go = threading.Event()
    customer, miner = open_at(streamer(b"first", go))
    parts = stream(customer)
    assert next(parts) == b"first"
    wait_until(lambda: customer.progress() == Working("stream", 1, 2))
    go.set()
    assert len(list(parts)) == 1
    wait_until(lambda: not is_at_work(miner))
    assert customer.progress() == Working()


def test_a_stream_is_a_job_and_there_is_one_at_a_time(open_at: Open) -> None:
    go = threading.Event()
    customer, _ = open_at(streamer(b"first", go), queue=0)
    parts = stream(customer)
    next(parts)
    with pytest.raises(Busy):
        customer.ask()
    with pytest.raises(Busy):
        next(stream(customer))
    go.set()
    list(parts)
    assert customer.ask().shape == (4,)


def test_errors_before_the_first_part_and_after_it_are_the_workers(open_at: Open) -> None:
    customer, _ = open_at(streamer(b"first", TooLarge("answer", expected="4", got="5")))
    with pytest.raises(MalformedBytes):
        next(stream(customer, flip(customer.keys.seal(pictures()[0]), 100)))
    with pytest.raises(TooLarge):
        next(stream(customer, bytes(customer.keys.manifest.request_limit + 1)))
    parts = stream(customer)
    assert next(parts) == b"first"
    with pytest.raises(TooLarge) as caught:
        next(parts)
    assert (caught.value.expected, caught.value.got) == ("4", "5")


def test_a_customer_who_goes_away_stops_the_worker_at_once(open_at: Open) -> None:
    worker = streamer(b"first", threading.Event())
    customer, miner = open_at(worker)
    parts = stream(customer)
    assert next(parts) == b"first"
    parts.close()  # type: ignore[attr-defined]
    assert worker.maker.closed.wait(5)
    wait_until(lambda: not is_at_work(miner))
    wait_until(lambda: answers(customer))


def test_a_customer_who_goes_away_before_the_first_part_stops_it_too(open_at: Open) -> None:
    worker = streamer(threading.Event())
    customer, miner = open_at(worker)

    def leave() -> None:
        if worker.maker.waiting.is_set():
            raise InterruptedError

    with heeding(leave), pytest.raises(InterruptedError):
        next(stream(customer))
    assert worker.maker.closed.wait(5)
    wait_until(lambda: not is_at_work(miner))


def test_a_customer_who_stalls_does_not_keep_the_lane(open_at: Open) -> None:
    worker = InsecureStreamer(tiny_network(), repeat(bytes(PART_LIMIT)))
    customer, miner = open_at(worker, reader_seconds=0.3)
    parts = stream(customer)
    next(parts)
    assert worker.maker.closed.wait(10)
    wait_until(lambda: not is_at_work(miner))
    with pytest.raises(Unreachable):
        list(parts)


def test_a_miner_that_closes_interrupts_its_stream(open_at: Open) -> None:
    customer, miner = open_at(streamer(b"first", threading.Event()))
    parts = stream(customer)
    assert next(parts) == b"first"
    miner.close()
    with pytest.raises(Interrupted):
        next(parts)


def test_a_worker_that_never_says_how_far_it_is_is_interrupted_between_parts(town: Town) -> None:
    go = threading.Event()
    worker = streamer(b"first", go, b"never")
    worker.maker._wait = lambda event, _: event.wait(10)  # type: ignore[method-assign, assignment]
    miner = town.miner("miner", worker)
    parts = stream(opened(customer_of(town, miner), worker))
    assert next(parts) == b"first"
    miner.close()
    go.set()
    with pytest.raises(Interrupted):
        list(parts)


def test_a_server_killed_in_the_middle_is_unreachable(
    open_at: Open, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_module, "_GRACE_SECONDS", 0.1)
    worker = streamer(b"first", threading.Event())
    customer, _ = open_at(worker)
    parts = stream(customer)
    assert next(parts) == b"first"
    town.stops["miner"]()
    with pytest.raises(Unreachable):
        next(parts)
    assert worker.maker.closed.wait(5)


class Flagless(InsecureWorker):
    """Says that it streams, and does not."""

    def __init__(self) -> None:
        super().__init__(tiny_network())
        self.manifest = streamer().manifest


@pytest.mark.parametrize("worker", [InsecureWorker(tiny_network()), Flagless()])
def test_a_worker_that_does_not_stream_is_not_found(
    open_at: Open, worker: InsecureStreamer
) -> None:
    customer, _ = open_at(worker)
    with pytest.raises(NotFound, match="in parts"):
        next(stream(customer))
    assert customer.ask().shape == (4,)


@pytest.mark.parametrize("parts", [[bytes(PART_LIMIT + 1)], [bytes(600), bytes(600)]])
def test_a_gateway_carries_no_more_than_the_manifest_says(town: Town, parts: list[Step]) -> None:
    worker = InsecureStreamer(tiny_network(), parts, response_limit=1000)
    town.miner("miner", worker)
    with pytest.raises(TooLarge):
        list(stream(opened(through(town), worker)))
    assert worker.maker.closed.wait(5)


def test_a_gateway_counts_streams_as_jobs_under_way(town: Town) -> None:
    go = threading.Event()
    worker = streamer(b"first", go)
    town.miner("miner", worker)
    url = town.gateway(settings=GatewaySettings(jobs=1))
    customer, other = (opened(customer_at(town, url, name), worker) for name in ("a", "b"))
    parts = stream(customer)
    next(parts)
    for ask in (other.ask, lambda: next(stream(other))):
        with pytest.raises(Busy, match="under way"):
            ask()
    go.set()
    list(parts)
    assert len(list(stream(other))) == 2


def test_a_gateway_hangs_up_on_a_customer_who_stalls(town: Town) -> None:
    worker = InsecureStreamer(tiny_network(), repeat(bytes(PART_LIMIT)))
    miner = town.miner("miner", worker)
    parts = stream(opened(through(town, GatewaySettings(reader_seconds=0.3)), worker))
    next(parts)
    assert worker.maker.closed.wait(10)
    wait_until(lambda: not is_at_work(miner))


def test_a_miner_that_dies_before_the_first_part_is_replaced(town: Town) -> None:
    workers = {"a": streamer(threading.Event()), "b": streamer(b"first")}
    miners = {"a": town.miner("a", workers["a"])}
    customer = opened(through(town, GatewaySettings(offers_seconds=0.0)), workers["a"])
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.extend(stream(customer)))
    thread.start()
    assert workers["a"].maker.waiting.wait(10)
    miners["b"] = town.miner("b", workers["b"])
    stop(town, miners, serving(customer))
    thread.join(20)
    assert found[0] == b"first"
    assert customer.keys.open(found[1]).output.shape == (4,)
    assert serving(customer) == miners["b"]._hotkey.address


def test_a_miner_that_dies_after_the_first_part_is_not(town: Town) -> None:
    workers = {name: streamer(b"first", threading.Event()) for name in "ab"}
    miners = {name: town.miner(name, worker) for name, worker in workers.items()}
    customer = opened(through(town), workers["a"])
    parts = stream(customer)
    assert next(parts) == b"first"
    stop(town, miners, serving(customer))
    with pytest.raises(Interrupted):
        next(parts)
    assert sorted(worker.maker.made for worker in workers.values()) == [0, 1]
