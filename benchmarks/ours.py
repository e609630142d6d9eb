"""This engine: single operations on one core and on two, its networks, the machine's limits."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks import growth
from benchmarks import network as one
from benchmarks.figures import Figure
from benchmarks.growing import NETWORKS
from benchmarks.programs import CACHE, ROOT, Show, Unavailable, run, tool
from hushwork.errors import HushworkError

WHO, LIMITS, VGG9, GROWTH = "hushwork", "machine", "vgg9", "growth"
SECONDS = 900
EXAMPLES = ROOT / "target/release/examples"


def build() -> None:
    """The two Rust examples."""
    cargo = tool("cargo", "no Rust tool chain on this machine")
    build = [cargo, "build", "--release", "--locked", "--quiet", "-p"]
    log = CACHE / "logs"
    run([*build, "hushwork-ckks", "--example", "timings"], log / "timings-build.log", SECONDS)
    run([*build, "hushwork-ring", "--example", "roofline"], log / "roofline-build.log", SECONDS)


def operations(show: Show) -> tuple[Figure, ...]:
    """Single operations, on one core and on two."""
    figures: tuple[Figure, ...] = ()
    for threads in ("1", "2"):
        command = [EXAMPLES / "timings", threads, "--json"]
        figures += run(command, CACHE / "logs" / f"timings-{threads}.log", SECONDS, show)
    return figures


def limits(show: Show) -> tuple[Figure, ...]:
    """Seconds of a 52-bit multiply-add and of a byte from each level of memory; the load now."""
    load = os.getloadavg()[0]
    figures = run([EXAMPLES / "roofline"], CACHE / "logs/roofline.log", SECONDS, show)
    return (Figure("load", load, load), *figures)


def network(
    prefix: str, name: str, images: int, show: Show, source: str | None = None
) -> tuple[Figure, ...]:
    """A network on all cores and on one. Raises Unavailable where it, or its data, is missing."""
    measured = _measured(partial(one.run, name, images, source))
    one.keep(name, measured)
    figures = network_figures(prefix, measured)
    for figure in figures:
        show(figure)
    return figures


def _measured(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return work()
    except HushworkError as error:
        raise Unavailable(str(error)) from None


def grown(show: Show) -> tuple[Figure, ...]:
    """The networks of growing size, each kept as soon as it is measured. Raises Unavailable."""
    figures = []
    for name in NETWORKS:
        seconds = _measured(partial(growth.measure, name))["median_seconds"]
        figures.append(Figure(name, seconds, seconds))
        show(figures[-1])
    return tuple(figures)


def network_figures(prefix: str, measured: dict[str, Any]) -> tuple[Figure, ...]:
    """What `network.run` gives, under the names of the table."""
    names = {
        "memory": "peak_bytes",
        "keys": "hello_bytes",
        "compile": "compile_seconds",
        "request": "request_bytes",
        "answer": "response_bytes",
        "error": "largest_error",
    }
    median, best, runs = (measured[key] for key in ("median_seconds", "best_seconds", "images"))
    alone = measured["one_core_seconds"]
    return (
        Figure(prefix, median, best, runs),
        Figure(prefix, alone, alone, threads=1),
        *(Figure(f"{prefix}_{name}", measured[key], measured[key]) for name, key in names.items()),
    )
