from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hushwork.errors import Busy, Interrupted
from hushwork.guarantee import Progress
from hushwork.subnet.lane import Lane
from tests.subnet.town import wait_until


def test_one_piece_at_a_time_and_a_bounded_queue() -> None:
    lane = Lane(queue=1)
    entered, leave = threading.Semaphore(0), threading.Semaphore(0)
    inside: list[int] = []

    def work(_: Progress) -> int:
        inside.append(1)
        assert len(inside) == 1
        entered.release()
        leave.acquire(timeout=10)
        inside.pop()
        return 7

    with ThreadPoolExecutor() as pool:
        first = pool.submit(lane.run, work)
        assert entered.acquire(timeout=10)
        second = pool.submit(lane.run, work)
        wait_until(lambda: lane._places._value == 0)
        with pytest.raises(Busy):
            lane.run(work)
        leave.release(2)
        assert (first.result(10), second.result(10)) == (7, 7)
    assert lane.run(lambda _: 1) == 1


def test_closing_interrupts_what_runs_and_refuses_what_comes() -> None:
    lane = Lane(queue=1)
    entered = threading.Event()

    def work(progress: Progress) -> None:
        entered.set()
        while True:
            progress("work", 0, 1)

    with ThreadPoolExecutor() as pool:
        job = pool.submit(lane.run, work)
        assert entered.wait(10)
        lane.close()
        with pytest.raises(Interrupted):
            job.result(10)
    with pytest.raises(Interrupted):
        lane.run(lambda _: 1)


def test_a_piece_that_fails_gives_its_place_back() -> None:
    lane = Lane(queue=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            lane.run(lambda _: 1 // 0)
