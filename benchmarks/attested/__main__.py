"""Measure what attestation costs, and show it.

python -m benchmarks.attested [--report]

A run renews docs/benchmarks_attested.md; `--report` does so from the results that are kept.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import Progress

from benchmarks.attested import breakdown, evidence, report, work
from benchmarks.figures import Figure, Measured, save

PARTS: dict[str, Callable[[Progress], Sequence[Figure]]] = {
    "small": work.small,
    "minilm": work.minilm,
    "breakdown": breakdown.measure,
    "load": work.load,
    "words": work.words,
    "evidence": evidence.measure,
}


def main() -> None:
    console = Console()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attested", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="some of " + ",".join(PARTS))
    parser.add_argument("--report", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    if unknown := set(names) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: expected some of {', '.join(PARTS)}")
    if not arguments.report:
        with Progress(console=console) as bars:
            for name in names:
                when = datetime.now(UTC).strftime("%Y-%m-%d")
                figures = tuple(PARTS[name](bars))
                save(Measured(f"attested-{name}", figures, when=when))
    report.show(console, renew=arguments.report or set(names) == set(PARTS))


if __name__ == "__main__":
    main()
