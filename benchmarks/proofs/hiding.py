"""What zero knowledge costs: proofs with and without it, in turns, at equal soundness."""

from __future__ import annotations

import json
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
LOG_DOMAIN, TURNS, RUNS = 16, 5, 6
KINDS = ("hiding", "clear")
TITLES = ("network", "", "prove", "verify", "proof", "memory", "bits")


def _build() -> dict[str, Path]:
    """The example of both kinds. Raises Unavailable."""
    cargo = tool("cargo", "no Rust tool chain on this machine")
    command = [cargo, "build", "--release", "--locked", "--quiet", "-p", "hushwork-proof"]
    built = {}
    for kind, features in (("hiding", []), ("clear", ["--features", FEATURE])):
        target = CACHE / f"proofs-{kind}"
        log = CACHE / "logs" / f"proofs-{kind}-build.log"
        words = [*command, "--example", "time", *features]
        run(words, log, BUILD_SECONDS, environment={"CARGO_TARGET_DIR": str(target)})
        built[kind] = target / "release/examples/time"
    return built


def _once(binary: Path, network: str) -> dict[str, Any]:
    command = [binary, network, str(LOG_DOMAIN), "--json", "--runs", str(RUNS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise Unavailable(f"{binary}: {done.stderr.strip()[-200:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(show: Show) -> tuple[Figure, ...]:
    """Both kinds in turns, so that both meet the same machine."""
    binaries, figures = _build(), []
    for called, network in NETWORKS.items():
        turns = [{kind: _once(binaries[kind], network) for kind in KINDS} for _ in range(TURNS)]
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
    """Two lines for each network, and their ratio."""
    lines = []
    shows = (("prove", seconds), ("verify", seconds), ("proof_size", size), ("memory", size))
    for called in NETWORKS:
        values = {
            kind: [measured.value(Key(f"{called}_{kind}_{name}")) or 0.0 for name, _ in shows]
            for kind in KINDS
        }
        for kind, said in (("hiding", "with zero knowledge"), ("clear", "without")):
            bits = measured.value(Key(f"{called}_{kind}_bits")) or 0.0
            shown = [show(value) for value, (_, show) in zip(values[kind], shows, strict=True)]
            lines.append([NAMES[called], said, *shown, f"{bits:.1f}"])
        pairs = zip(values["hiding"], values["clear"], strict=True)
        ratios = [times(a / b) if b else "" for a, b in pairs]
        lines.append([NAMES[called], "**costs**", *ratios, ""])
    return lines
