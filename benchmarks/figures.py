"""What a measurement says, how it is read and kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec

RESULTS = Path(__file__).parent / "results"


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One quantity: seconds or bytes, the median of its runs."""

    name: str
    median: float
    best: float
    runs: int = 1
    log_degree: int = 0
    """log2 of the ring's degree; 0 for what has none."""
    threads: int = 0
    """Threads; 0 for all cores."""
    set: str = ""
    """Which of a peer's parameter sets."""
    shape: tuple[int, int, int] = (0, 0, 0)
    """Limbs, special primes and limbs of a digit, of ours."""


class Key(msgspec.Struct, frozen=True):
    """What a figure is about."""

    name: str
    log_degree: int = 0
    threads: int = 0


class Measured(msgspec.Struct, frozen=True):
    """All figures of one library, or why there are none."""

    who: str
    figures: tuple[Figure, ...] = ()
    unavailable: str = ""
    when: str = ""

    def figure(self, key: Key) -> Figure | None:
        """The fastest figure of this key among the library's parameter sets."""
        found = [f for f in self.figures if Key(f.name, f.log_degree, f.threads) == key]
        return min(found, key=lambda figure: figure.median, default=None)

    def value(self, key: Key) -> float | None:
        """Its median."""
        figure = self.figure(key)
        return None if figure is None else figure.median


def merged(first: Measured, *others: Measured) -> Measured:
    """The first, with the figures of the others."""
    figures = [figure for measured in (first, *others) for figure in measured.figures]
    return msgspec.structs.replace(first, figures=tuple(figures))


def parse(lines: Iterable[str]) -> tuple[Figure, ...]:
    """The figures among a program's lines. Raises msgspec.MsgspecError on a broken one."""
    return tuple(
        msgspec.json.decode(line, type=Figure) for line in lines if line.lstrip().startswith("{")
    )


def save(measured: Measured) -> None:
    """Keep a measurement under its name."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(msgspec.to_builtins(measured), indent=1)
    (RESULTS / f"{measured.who}.json").write_text(text + "\n")


def saved(who: str) -> Measured:
    """What was kept under this name."""
    path = RESULTS / f"{who}.json"
    if not path.exists():
        return Measured(who, unavailable="never measured here")
    return msgspec.json.decode(path.read_bytes(), type=Measured)
