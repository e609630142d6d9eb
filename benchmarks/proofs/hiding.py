"""What zero knowledge costs: proofs with and without it, in turns, at equal soundness."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, Key, Measured
from benchmarks.programs import CACHE, Show, Unavailable, run, tool
from benchmarks.proofs.curve import NAMES
from benchmarks.rows import seconds, size, times

FEATURE = "insecure-not-hiding"
BUILD_SECONDS, SECONDS = 900, 300
NETWORKS = {"lenet5": "lenet", "vgg9": "vgg"}
LOG_DOMAIN, TURNS, RUNS = 16, 5, 20
COLUMNS = {"lenet5": 5, "vgg9": 7}
"""Of the baseline's commitments at most, log2: the smallest proofs are not the fastest."""
ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 31)}
"""As the extension module sets it: fresh pages cost as much as what is computed in them."""
KINDS = {
    "hiding": "with zero knowledge",
    "clear": "without, as small as can be",
    "fast": "without, faster",
}
TITLES = ("network", "", "prove", "verify", "proof", "memory", "bits")


def _build() -> list[Path]:
    """The example with zero knowledge and without. Raises Unavailable."""
    cargo = tool("cargo", "no Rust tool chain on this machine")
    command = [cargo, "build", "--release", "--locked", "--quiet", "-p", "hushwork-proof"]
    built = []
    for kind, features in (("hiding", []), ("clear", ["--features", FEATURE])):
        target = CACHE / f"proofs-{kind}"
        log = CACHE / "logs" / f"proofs-{kind}-build.log"
        words = [*command, "--example", "time", *features]
        run(words, log, BUILD_SECONDS, environment={"CARGO_TARGET_DIR": str(target)})
        built.append(target / "release/examples/time")
    return built


def _once(binary: Path, called: str, kind: str) -> dict[str, Any]:
    command = [binary, NETWORKS[called], str(LOG_DOMAIN), "--json", "--runs", str(RUNS)]
    if kind == "fast":
        command += ["--columns", str(COLUMNS[called])]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env=os.environ | ALLOCATOR,
    )
    if done.returncode != 0:
        raise Unavailable(f"{binary}: {done.stderr.strip()[-200:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(show: Show) -> tuple[Figure, ...]:
    """All kinds in turns, so that all meet the same machine."""
    hiding, clear = _build()
    binaries = {"hiding": hiding, "clear": clear, "fast": clear}
    figures = []
    for called in NETWORKS:
        kinds = binaries.items()
        turns = [{k: _once(binary, called, k) for k, binary in kinds} for _ in range(TURNS)]
        for kind in KINDS:
            for figure in _figures(f"{called}_{kind}", [turn[kind] for turn in turns]):
                show(figure)
                figures.append(figure)
    return tuple(figures)


def _figures(called: str, turns: list[dict[str, Any]]) -> Iterator[Figure]:
    for what in ("prove", "verify"):
        values = [value for turn in turns for value in turn[f"{what}_seconds"]]
        yield Figure(f"{called}_{what}", statistics.median(values), min(values), len(values))
    for name, key in (("proof_size", "proof_bytes"), ("memory", "peak_bytes"), ("bits", "bits")):
        value = float(turns[0][key])
        yield Figure(f"{called}_{name}", value, value)


def cells(measured: Measured) -> list[list[str]]:
    """A line for each kind, with what zero knowledge costs beside it."""
    return [line for called in NETWORKS for line in _lines(measured, called)]


def _lines(measured: Measured, called: str) -> Iterator[list[str]]:
    shows = (("prove", seconds), ("verify", seconds), ("proof_size", size), ("memory", size))
    for kind, said in KINDS.items():
        values = {name: measured.value(Key(f"{called}_{kind}_{name}")) for name, _ in shows}
        hiding = {name: measured.value(Key(f"{called}_hiding_{name}")) for name, _ in shows}
        if not all(values.values()) or not all(hiding.values()):
            continue
        shown = [
            show(values[name]) + (f" ({times(hiding[name] / values[name])})" * (kind != "hiding"))
            for name, show in shows
        ]
        bits = measured.value(Key(f"{called}_{kind}_bits")) or 0.0
        yield [NAMES[called], said, *shown, f"{bits:.1f}"]
