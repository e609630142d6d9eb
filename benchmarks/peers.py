"""The other libraries: exact versions, how each is installed in the cache, how it is measured."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import zama
from benchmarks.figures import Figure
from benchmarks.programs import CACHE, Show, Unavailable, run, tool

HERE = Path(__file__).parent
INSTALL_SECONDS, MEASURE_SECONDS = 1800, 900

OLDER_PYTHONS = ((3, 11), (3, 12))
ORION_PINS = (
    "orion-fhe==1.0.2",
    "numpy==2.2.6",
    "scipy==1.14.1",
    "torch==2.15.0",
    "torchvision==0.29.2",
)
DESILO_PINS = ("desilofhe==2.0.0", "numpy==2.4.6")
CONCRETE_PINS = (
    "concrete-python==2.11.0",
    "numpy==1.26.4",
    "setuptools==80.10.2",
    "torch==2.15.0",
)
POULPY_PROCESSOR = ("avx512f", "avx512ifma", "avx512vl")


@dataclass(frozen=True)
class Peer:
    """A library that is measured beside ours, and never used by it."""

    who: str
    version: str
    licence: str
    what: str
    install: Callable[[], None]
    measure: Callable[[Show], tuple[Figure, ...]]


def folder_of(who: str) -> Path:
    return CACHE / who


def log_of(who: str, step: str) -> Path:
    return CACHE / "logs" / f"{who}-{step}.log"


def python_of(versions: tuple[tuple[int, int], ...]) -> str:
    """An interpreter of one of these versions, the running one if it will do."""
    if sys.version_info[:2] in versions:
        return sys.executable
    names = [f"python{major}.{minor}" for major, minor in versions]
    for name in names:
        if _works(name):
            return name
    raise Unavailable(f"no Python of the versions it supports: {' or '.join(names)}")


def _works(python: str) -> bool:
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def install_python(who: str, python: str, pins: tuple[str, ...]) -> None:
    """A virtual environment that holds these packages; made again only when the pins change."""
    folder = folder_of(who)
    marker = folder / "pins.txt"
    if marker.exists() and marker.read_text() == "\n".join(pins):
        return
    run([python, "-m", "venv", "--clear", folder], log_of(who, "venv"), INSTALL_SECONDS)
    pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", *pins]
    run(pip, log_of(who, "install"), INSTALL_SECONDS)
    marker.write_text("\n".join(pins))


def _measure_python(who: str, script: str, show: Show) -> tuple[Figure, ...]:
    command = [folder_of(who) / "bin/python", HERE / script]
    return run(command, log_of(who, "measure"), MEASURE_SECONDS, show, folder=folder_of(who))


def _install_orion() -> None:
    install_python("orion", python_of(OLDER_PYTHONS), ORION_PINS)


def _install_desilo() -> None:
    install_python("desilofhe", sys.executable, DESILO_PINS)


def _install_concrete() -> None:
    install_python("concrete", python_of(OLDER_PYTHONS), CONCRETE_PINS)


def _measure_concrete(show: Show) -> tuple[Figure, ...]:
    return zama.extrapolated(_measure_python("concrete", "concrete_block.py", show))


def _install_lattigo() -> None:
    go = tool("go", "no Go tool chain on this machine")
    out = folder_of("lattigo") / "measure"
    command = [go, "build", "-buildvcs=false", "-o", out, "."]
    run(command, log_of("lattigo", "install"), INSTALL_SECONDS, folder=HERE / "lattigo")


def _measure_lattigo(show: Show) -> tuple[Figure, ...]:
    command, log = [folder_of("lattigo") / "measure"], log_of("lattigo", "measure")
    return run(command, log, MEASURE_SECONDS, show, environment={"GOMAXPROCS": "1"})


def _has_nightly(cargo: str) -> bool:
    """Whether rustup has it already; it is not fetched for this."""
    stay = os.environ | {"RUSTUP_AUTO_INSTALL": "0"}
    asked = [cargo, "+nightly", "--version"]
    return subprocess.run(asked, env=stay, capture_output=True, check=False).returncode == 0


def _missing_features() -> list[str]:
    """Of POULPY_PROCESSOR, which this processor lacks."""
    path = Path("/proc/cpuinfo")
    flags = path.read_text().split() if path.exists() else []
    return [feature for feature in POULPY_PROCESSOR if feature not in flags]


def _install_poulpy() -> None:
    cargo = tool("cargo", "no Rust tool chain on this machine")
    if not _has_nightly(cargo):
        raise Unavailable("no nightly tool chain, and it does not build on stable Rust")
    if missing := _missing_features():
        raise Unavailable(f"this processor lacks {', '.join(missing)}, which its back end needs")
    target = {"CARGO_TARGET_DIR": str(folder_of("poulpy")), "RUSTFLAGS": "-C target-cpu=native"}
    command = [cargo, "+nightly", "build", "--release", "--locked", "--quiet"]
    log, folder = log_of("poulpy", "install"), HERE / "poulpy"
    run(command, log, INSTALL_SECONDS, folder=folder, environment=target)


def _measure_poulpy(show: Show) -> tuple[Figure, ...]:
    command = [folder_of("poulpy") / "release/hushwork-bench-poulpy"]
    return run(command, log_of("poulpy", "measure"), MEASURE_SECONDS, show)


PEERS = (
    Peer(
        "orion",
        "1.0.2",
        "MIT",
        "networks in PyTorch compiled to CKKS, evaluated by the Lattigo in its wheel",
        _install_orion,
        lambda show: _measure_python("orion", "orion_lenet.py", show),
    ),
    Peer(
        "lattigo",
        "6.1.1",
        "Apache-2.0",
        "RNS-CKKS in Go; its standard and its conjugate-invariant ring, the faster of the two",
        _install_lattigo,
        _measure_lattigo,
    ),
    Peer(
        "poulpy",
        "0.10.0",
        "Apache-2.0",
        "CKKS over the torus in Rust, with an AVX-512 IFMA back end; needs nightly Rust",
        _install_poulpy,
        _measure_poulpy,
    ),
    Peer(
        "desilofhe",
        "2.0.0",
        "non-commercial use only",
        "RNS-CKKS in C++, a closed binary with a Python face; it picks its own primes",
        _install_desilo,
        lambda show: _measure_python("desilofhe", "desilo_operations.py", show),
    ),
    Peer(
        zama.WHO,
        "2.11.0",
        "BSD-3-Clause-Clear",
        "TFHE, a table look-up for each activation; a patch of Zama's VGG-9, the rest extrapolated",
        _install_concrete,
        _measure_concrete,
    ),
)
