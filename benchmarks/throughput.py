"""Images a minute against the images of a batch: LeNet, as many in a run as the compiler chooses.

python -m benchmarks.throughput [--batches 1,4,16,64,256,1024,4096,16384]

Every answer is opened and compared with the plain run. Each point is kept as soon as it is
measured. The miner is a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import time
from collections.abc import Iterator, Sequence
from math import ceil
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks import table
from benchmarks.figures import RESULTS, Key, saved
from benchmarks.rows import seconds, size, times
from benchmarks.svg import COLOURS, Axis, document, ruled, text
from hushwork.encrypted import batch, guarantee
from hushwork.guarantee import Manifest
from hushwork.networks import PlainRun, open_network, sample
from hushwork.networks.data import to_input

WHO = "throughput"
MODEL = "lenet-fashion-mnist"
BATCHES = (1, 4, 16, 64, 256, 1024, 4096, 16384)
LONG = 10.0
"""Seconds from which one run is enough."""
RUNS = 5
_LEFT, _PLOT, _RIGHT, _TOP, _HEIGHT = 90, 560, 90, 48, 300

Array = NDArray[np.float64]


class Point(msgspec.Struct, frozen=True):
    """What a batch took."""

    images: int
    """In the batch."""
    size: int
    """Most in a run."""
    seconds: float
    """Of a run."""
    compile_seconds: float
    peak_bytes: int
    """Of the miner."""
    keys_bytes: int
    request_bytes: int
    """Of a run."""
    answer_bytes: int
    same_label: float
    """Share of the images."""
    largest_error: float
    """Of the range of an image's outputs."""

    @property
    def runs(self) -> int:
        """That the batch takes."""
        return ceil(self.images / self.size)

    @property
    def rate(self) -> float:
        """Images a minute."""
        return 60 * self.images / (self.runs * self.seconds)


def mine(pipe: Connection, images: int) -> None:
    """The miner: offers a manifest, takes a hello, then requests until an empty one."""
    network, begun = open_network(MODEL), time.perf_counter()
    worker = guarantee.worker(network, images=batch(network, images))
    compiled = time.perf_counter() - begun
    pipe.send_bytes(worker.manifest.to_bytes())
    session, reply = worker.greet(pipe.recv_bytes())
    pipe.send_bytes(reply)
    spent: list[float] = []
    while request := pipe.recv_bytes():
        begun = time.perf_counter()
        response = worker.run(session, request)
        spent.append(time.perf_counter() - begun)
        pipe.send_bytes(json.dumps(spent).encode())
        pipe.send_bytes(response)
        del request, response
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    pipe.send_bytes(json.dumps([compiled, peak]).encode())


def measure(images: int) -> Point:
    """Run one batch: all of it if a run takes it, or else as much as a run takes."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    miner = context.Process(target=mine, args=(theirs, images), daemon=True)
    miner.start()
    theirs.close()
    manifest = Manifest.from_bytes(ours.recv_bytes())
    client = guarantee.client(manifest)
    hello = client.hello()
    ours.send_bytes(hello)
    channel = client.welcome(ours.recv_bytes())
    x = np.resize(to_input(sample()[0]), (min(images, manifest.images), *manifest.input_shape))
    spent: list[float] = []
    while len(spent) < RUNS and not (spent and sum(spent) > LONG):
        request = channel.seal(x if manifest.images > 1 else x[0])
        ours.send_bytes(request)
        spent, response = json.loads(ours.recv_bytes()), ours.recv_bytes()
        outputs = np.reshape(channel.open(response).output, (manifest.images, -1))[: len(x)]
    ours.send_bytes(b"")
    compile_seconds, peak = json.loads(ours.recv_bytes())
    miner.join()
    same_label, largest_error = _agreement(outputs, PlainRun(open_network(MODEL))(x))
    return Point(
        images=images,
        size=manifest.images,
        seconds=statistics.median(spent),
        compile_seconds=compile_seconds,
        peak_bytes=peak,
        keys_bytes=len(hello),
        request_bytes=len(request),
        answer_bytes=len(response),
        same_label=same_label,
        largest_error=largest_error,
    )


def _agreement(outputs: Array, plain: Array) -> tuple[float, float]:
    same = outputs.argmax(axis=1) == plain.argmax(axis=1)
    error = np.abs(outputs - plain).max(axis=1) / np.ptp(plain, axis=1)
    return float(same.mean()), float(error.max())


def keep(point: Point) -> None:
    """Write it to the results, in place of an earlier one."""
    points = {one.images: one for one in kept()} | {point.images: point}
    RESULTS.mkdir(exist_ok=True)
    made = msgspec.to_builtins([points[images] for images in sorted(points)])
    _path().write_text(json.dumps(made, indent=1) + "\n")


def kept() -> list[Point]:
    """What was measured last."""
    path = _path()
    return msgspec.json.decode(path.read_bytes(), type=list[Point]) if path.exists() else []


def _path() -> Path:
    return RESULTS / f"{WHO}.json"


TITLES = (
    "images", "in a run", "a run", "images a minute", "Orion's rate", "request", "memory",
    "same label", "error",
)  # fmt: skip


def orion() -> float | None:
    """Images a minute of Orion, one after another, where it was measured."""
    one = saved("orion").value(Key("lenet"))
    return None if one is None else 60 / one


def cells(points: Sequence[Point]) -> list[list[str]]:
    """One line for each batch."""
    theirs = orion()
    return [_line(point, theirs) for point in points]


def _line(point: Point, theirs: float | None) -> list[str]:
    return [
        f"{point.images:,}",
        f"{point.size:,}",
        seconds(point.seconds),
        f"{point.rate:,.0f}",
        times(point.rate / theirs) if theirs else "",
        size(point.request_bytes),
        size(point.peak_bytes),
        f"{point.same_label:.1%}",
        f"{point.largest_error:.1e}",
    ]


def draw(points: Sequence[Point]) -> str:
    """Images a minute against the images of a batch, both logarithmic."""
    theirs = orion()
    across = Axis([point.images for point in points], _LEFT, _PLOT)
    rates = [point.rate for point in points] + ([theirs] if theirs else [])
    up = Axis(rates, _TOP + _HEIGHT, -_HEIGHT)
    title = text(8, 20, "LeNet: encrypted images a minute on two cores, both axes logarithmic")
    names = ["{:,.0f}".format] * 2
    rules = ruled(across, up, names, "images that are there at once")
    lines = [title, *rules, *_orion(up, theirs)]
    places = [(across.at(point.images), up.at(point.rate)) for point in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    lines.append(f"<polyline points='{path}' fill='none' stroke='{COLOURS[0]}' stroke-width='2'/>")
    for (x, y), point in zip(places, points, strict=True):
        lines.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4' fill='{COLOURS[0]}'/>")
        lines.append(text(x + 8, y + 16, f"{point.rate:,.0f}"))
    return document(_LEFT + _PLOT + _RIGHT, _TOP + _HEIGHT + 50, lines)


def _orion(up: Axis, theirs: float | None) -> Iterator[str]:
    if theirs is None:
        return
    y, right = up.at(theirs), _LEFT + _PLOT
    stroke = f"stroke='{COLOURS[1]}' stroke-dasharray='6 4'"
    yield f"<path d='M{_LEFT} {y:.1f}H{right}' {stroke} fill='none'/>"
    yield text(right, y - 6, f"Orion, one by one: {theirs:.1f}", "end")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--batches", default=",".join(map(str, BATCHES)))
    arguments = parser.parse_args()
    for images in map(int, arguments.batches.split(",")):
        keep(measure(images))
        Console().print(table.terminal("Throughput", TITLES, cells(kept())))


if __name__ == "__main__":
    main()
