"""The miner that `network` measures: compiles, computes, and at the end says what it took."""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from benchmarks.breakdown import Counter
from benchmarks.growing import multiply_adds, opened
from hushwork.encrypted import EncryptedSession, EncryptedWorker, depth, guarantee, summarise
from hushwork.encrypted.manifest import parted
from hushwork.networks import Network

ONE_CORE_RUNS = 3
Value = TypeVar("Value")
Costs = dict[str, Any]


def timed(work: Callable[[], Value]) -> tuple[Value, float]:
    """What it gives, and its seconds."""
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def mine(pipe: Connection, name: str) -> None:
    """Offers a manifest, takes a hello, then requests until an empty one."""
    network = opened(name)
    worker, compile_seconds = timed(lambda: guarantee.worker(network))
    pipe.send_bytes(worker.manifest.to_bytes())
    hello = pipe.recv_bytes()
    (session, reply), greet_seconds = timed(partial(worker.greet, hello))
    pipe.send_bytes(reply)
    del hello
    request, seconds = b"", []
    while latest := pipe.recv_bytes():
        request = latest
        response, elapsed = timed(partial(worker.run, session, request))
        seconds.append(elapsed)
        pipe.send_bytes(response)
    costs = {
        "compile_seconds": compile_seconds,
        "greet_seconds": greet_seconds,
        "median_seconds": statistics.median(seconds),
        "best_seconds": min(seconds),
        "slowest_seconds": max(seconds),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    costs |= _plan(network, worker) | _one_core(worker, session, request)
    pipe.send_bytes(json.dumps(costs).encode())


def _plan(network: Network, worker: EncryptedWorker) -> Costs:
    """What was compiled."""
    summary = summarise(worker)
    return {
        "multiply_adds": multiply_adds(network),
        "levels": depth(network)[0],
        "log_degree": summary.log_n,
        "limbs": len(worker.plan.moduli),
        "keys": summary.keys,
        "weights_bytes": summary.weights_bytes,
    }


def _one_core(worker: EncryptedWorker, session: EncryptedSession, request: bytes) -> Costs:
    """The time of one core, in all and by layer, with what each layer takes."""
    runs = [_by_layer(worker, session, request) for _ in range(ONE_CORE_RUNS)]
    counts = Counter(worker.plan).layers()
    return {
        "one_core_seconds": statistics.median(sum(run.values()) for run in runs),
        "layers": [
            {"name": name, "seconds": statistics.median(run[name] for run in runs), **asdict(count)}
            for name, count in counts.items()
        ],
    }


def _by_layer(
    worker: EncryptedWorker, session: EncryptedSession, request: bytes
) -> dict[str, float]:
    """Seconds of each layer, on one core."""
    names = worker.plan.names
    limit = worker.manifest.request_limit
    ciphertexts = parted("request", request, len(worker.plan.gather), limit)
    spent, begun = dict.fromkeys(names, 0.0), time.perf_counter()

    def watch(step: int, _done: int, _total: int) -> None:
        nonlocal begun
        now = time.perf_counter()
        spent[names[min(step, len(names) - 1)]] += now - begun
        begun = now

    worker.program.run(session.keys, ciphertexts, watch, 1)
    return spent
