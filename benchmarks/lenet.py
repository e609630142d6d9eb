"""The default network, encrypted, end to end on this machine: sizes, times, agreement.

python benchmarks/lenet.py [--images 256] [--model lenet-fashion-mnist]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from hushwork.guarantee import Client, Session, Worker, load
from hushwork.networks import PlainRun, open_network, sample
from hushwork.networks.data import to_input

RESULTS = Path(__file__).parent / "results"
Value = TypeVar("Value")


def timed(work: Callable[[], Value]) -> tuple[Value, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def set_up(model: str) -> tuple[Worker, Client, Session, dict[str, Any]]:
    """Compile, make keys, open a session; what each step cost."""
    guarantee = load("encrypted")
    worker, compile_seconds = timed(lambda: guarantee.worker(open_network(model)))
    client = guarantee.client(worker.manifest)
    hello, key_seconds = timed(client.hello)
    (session, reply), greet_seconds = timed(lambda: worker.greet(hello))
    client.welcome(reply)
    costs = {
        "compile_seconds": compile_seconds,
        "key_seconds": key_seconds,
        "greet_seconds": greet_seconds,
        "hello_bytes": len(hello),
    }
    return worker, client, session, costs


def run(model: str, count: int) -> dict[str, Any]:
    """All figures of one model."""
    worker, client, session, figures = set_up(model)
    images = to_input(sample()[0][:count])
    plain = PlainRun(open_network(model))(images)
    outputs, seconds, sizes = [], [], (0, 0)
    for image in track(images, description="encrypted runs", console=Console(stderr=True)):
        request = client.seal(image)
        response, elapsed = timed(lambda request=request: worker.run(session, request))
        seconds.append(elapsed)
        sizes = (len(request), len(response))
        outputs.append(client.open(response).output)
    error = np.abs(np.array(outputs) - plain).max(axis=1) / np.ptp(plain, axis=1)
    agree = np.argmax(outputs, axis=1) == np.argmax(plain, axis=1)
    return figures | {
        "request_bytes": sizes[0],
        "response_bytes": sizes[1],
        "median_seconds": statistics.median(seconds),
        "slowest_seconds": max(seconds),
        "largest_error": float(error.max()),
        "images": count,
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
        ("one image, median", f"{figures['median_seconds']:.3f} s"),
        ("one image, slowest", f"{figures['slowest_seconds']:.3f} s"),
        ("largest logit error, of the range", f"{figures['largest_error']:.1e}"),
        ("same label as the plain run", f"{figures['same_label']} of {figures['images']}"),
    ]
    for row in rows:
        out.add_row(*row)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="lenet-fashion-mnist")
    parser.add_argument("--images", type=int, default=256)
    arguments = parser.parse_args()
    figures = run(arguments.model, arguments.images)
    Console().print(table(arguments.model, figures))
    RESULTS.mkdir(exist_ok=True)
    machine = {"machine": platform.machine(), "cores": os.cpu_count()}
    path = RESULTS / f"{arguments.model}.json"
    path.write_text(json.dumps(machine | figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
