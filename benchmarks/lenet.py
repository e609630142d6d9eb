"""The default network, encrypted, end to end on this machine: sizes, times, memory, agreement.

python -m benchmarks.lenet [--images 256] [--model lenet-fashion-mnist] [--threads 2]

The miner is a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.figures import RESULTS
from hushwork.guarantee import Manifest, load
from hushwork.networks import PlainRun, open_network, sample
from hushwork.networks.data import to_input

MODEL = "lenet-fashion-mnist"
Value = TypeVar("Value")


def timed(work: Callable[[], Value]) -> tuple[Value, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def mine(pipe: Connection, model: str) -> None:
    """The miner: offers a manifest, takes a hello, then requests until an empty one."""
    network = open_network(model)
    worker, compile_seconds = timed(lambda: load("encrypted").worker(network))
    pipe.send_bytes(worker.manifest.to_bytes())
    hello = pipe.recv_bytes()
    (session, reply), greet_seconds = timed(lambda: worker.greet(hello))
    pipe.send_bytes(reply)
    seconds = []
    while request := pipe.recv_bytes():
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
    pipe.send_bytes(json.dumps(costs).encode())


def ask(pipe: Connection, images: Any) -> tuple[list[Any], dict[str, Any]]:
    """The client: outputs of all images, and what was sent."""
    client = load("encrypted").client(Manifest.from_bytes(pipe.recv_bytes()))
    hello, key_seconds = timed(client.hello)
    pipe.send_bytes(hello)
    client.welcome(pipe.recv_bytes())
    outputs, request, response = [], b"", b""
    for image in track(images, description="encrypted runs", console=Console(stderr=True)):
        request = client.seal(image)
        pipe.send_bytes(request)
        response = pipe.recv_bytes()
        outputs.append(client.open(response).output)
    return outputs, {
        "key_seconds": key_seconds,
        "hello_bytes": len(hello),
        "request_bytes": len(request),
        "response_bytes": len(response),
    }


def run(model: str, count: int, threads: int | None = None) -> dict[str, Any]:
    """All figures of one model; `threads` of the miner, all cores without it."""
    images = to_input(sample()[0][:count])
    if threads is not None:
        os.environ["RAYON_NUM_THREADS"] = str(threads)
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    miner = multiprocessing.get_context("spawn").Process(target=mine, args=(theirs, model))
    miner.start()
    theirs.close()
    os.environ.pop("RAYON_NUM_THREADS", None)
    outputs, figures = ask(ours, images)
    ours.send_bytes(b"")
    figures |= json.loads(ours.recv_bytes())
    miner.join()
    return figures | agreement(outputs, PlainRun(open_network(model))(images))


def agreement(outputs: Any, plain: Any) -> dict[str, Any]:
    """How far encrypted logits are from plain ones, and how many labels agree."""
    error = np.abs(np.array(outputs) - plain).max(axis=1) / np.ptp(plain, axis=1)
    agree = np.argmax(outputs, axis=1) == np.argmax(plain, axis=1)
    return {
        "largest_error": float(error.max()),
        "images": len(plain),
        "same_label": int(agree.sum()),
    }


def table(model: str, figures: dict[str, Any]) -> Table:
    """The figures as people read them."""
    out = Table("what", "value", title=f"{model}, encrypted, {os.cpu_count()} cores")
    out.columns[1].justify = "right"
    rows = [
        ("compile", f"{figures['compile_seconds']:.2f} s"),
        ("key generation", f"{figures['key_seconds']:.2f} s"),
        ("keys unpacked by the miner", f"{figures['greet_seconds']:.2f} s"),
        ("hello (evaluation keys)", f"{figures['hello_bytes'] / 1e6:.1f} MB"),
        ("request", f"{figures['request_bytes'] / 1e6:.2f} MB"),
        ("response", f"{figures['response_bytes'] / 1e6:.2f} MB"),
        ("peak memory of the miner", f"{figures['peak_bytes'] / 1e9:.2f} GB"),
        ("one image, median", f"{figures['median_seconds']:.3f} s"),
        ("one image, slowest", f"{figures['slowest_seconds']:.3f} s"),
        ("largest logit error, of the range", f"{figures['largest_error']:.1e}"),
        ("same label as the plain run", f"{figures['same_label']} of {figures['images']}"),
    ]
    for row in rows:
        out.add_row(*row)
    return out


def keep(model: str, figures: dict[str, Any]) -> None:
    """Write the figures to the results."""
    RESULTS.mkdir(exist_ok=True)
    machine = {"machine": platform.machine(), "cores": os.cpu_count()}
    path = RESULTS / f"{model}.json"
    path.write_text(json.dumps(machine | figures, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    figures = run(arguments.model, arguments.images, arguments.threads)
    Console().print(table(arguments.model, figures))
    keep(arguments.model, figures)


if __name__ == "__main__":
    main()
