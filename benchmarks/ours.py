"""This engine: single operations on one core and on two, the network, and the machine's limits."""

from __future__ import annotations

import os
from typing import Any

from benchmarks import lenet
from benchmarks.figures import Figure
from benchmarks.programs import CACHE, ROOT, Show, run, tool

WHO, LIMITS = "hushwork", "machine"
SECONDS = 900
EXAMPLES = ROOT / "target/release/examples"
IMAGES_ON_ONE_CORE = 16


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


def network(images: int, show: Show) -> tuple[Figure, ...]:
    """The network on all cores and on one."""
    measured = lenet.run(lenet.MODEL, images)
    lenet.keep(lenet.MODEL, measured)
    on_one = lenet.run(lenet.MODEL, min(images, IMAGES_ON_ONE_CORE), threads=1)
    figures = (*network_figures(measured), _seconds(on_one, threads=1))
    for figure in figures:
        show(figure)
    return figures


def _seconds(measured: dict[str, Any], threads: int) -> Figure:
    return Figure(
        "lenet",
        measured["median_seconds"],
        measured["best_seconds"],
        measured["images"],
        threads=threads,
    )


def network_figures(measured: dict[str, Any]) -> tuple[Figure, ...]:
    """What `lenet.run` gives, under the names of the table."""
    names = {
        "lenet_memory": "peak_bytes",
        "lenet_keys": "hello_bytes",
        "lenet_compile": "compile_seconds",
        "lenet_request": "request_bytes",
        "lenet_answer": "response_bytes",
        "lenet_error": "largest_error",
    }
    singles = (Figure(name, measured[key], measured[key]) for name, key in names.items())
    return (_seconds(measured, threads=0), *singles)
