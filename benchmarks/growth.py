"""How cost grows with a network: time against multiply-adds and depth.

python -m benchmarks.growth [--only mlp,lenet] [--images 5]

Each network's figures are kept as soon as it is measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from benchmarks import network
from benchmarks.growing import NETWORKS
from benchmarks.rows import seconds, size
from benchmarks.svg import COLOURS, Axis, bare, document, ruled, text

IMAGES = 5
_LEFT, _PLOT, _RIGHT, _TOP, _HEIGHT = 70, 560, 150, 64, 300
_NAME, _LINE = 130, 16
_RINGS = {13: COLOURS[3], 14: COLOURS[2], 15: COLOURS[0], 16: COLOURS[1]}

Records = Mapping[str, dict[str, Any]]


def measure(name: str, images: int = IMAGES) -> dict[str, Any]:
    """Run one of the networks and keep its figures."""
    figures = network.run(name, images)
    network.keep(_file(name), {key: figures[key] for key in figures if key != "layers"})
    return figures


def saved() -> Records:
    """What is kept, in order of growth."""
    found = {name: network.kept(_file(name)) for name in NETWORKS}
    return {name: figures for name, figures in found.items() if figures}


def _file(name: str) -> str:
    return f"growth-{name}"


TITLES = (
    "network", "multiply-adds", "levels", "N", "limbs", "two cores", "one core", "compile",
    "keys", "request", "answer", "memory", "error",
)  # fmt: skip


def cells(records: Records) -> list[list[str]]:
    """One line for each network."""
    return [_line(name, figures) for name, figures in records.items()]


def _line(name: str, figures: dict[str, Any]) -> list[str]:
    return [
        name,
        f"{figures['multiply_adds'] / 1e6:.3g} M",
        str(figures["levels"]),
        f"2^{figures['log_degree']}",
        str(figures["limbs"]),
        seconds(figures["median_seconds"]),
        seconds(figures["one_core_seconds"]),
        seconds(figures["compile_seconds"]),
        size(figures["hello_bytes"]),
        size(figures["request_bytes"]),
        size(figures["response_bytes"]),
        size(figures["peak_bytes"]),
        f"{figures['largest_error']:.1e}",
    ]


def draw(records: Records) -> str:
    """Seconds against multiply-adds, both logarithmic; circles grow with the levels."""
    across = Axis([f["multiply_adds"] for f in records.values()], _LEFT, _PLOT)
    times = [f["median_seconds"] for f in records.values()]
    up = Axis(times, _TOP + _HEIGHT, -_HEIGHT)
    names = (lambda tick: f"{tick / 1e6:g} M"), (lambda tick: bare(seconds, tick))
    lines = [*_legend(records), *ruled(across, up, names, "multiply-adds in the clear")]
    spots = [(across.at(f["multiply_adds"]), up.at(f["median_seconds"])) for f in records.values()]
    for (x, y), (name, figures) in zip(spots, records.items(), strict=True):
        in_the_way = any(0 < other - x < _NAME and abs(level - y) < _LINE for other, level in spots)
        lines += _circle(x, y, name, figures, above=in_the_way)
    return document(_LEFT + _PLOT + _RIGHT, _TOP + _HEIGHT + 50, lines)


def _circle(x: float, y: float, name: str, figures: dict[str, Any], *, above: bool) -> list[str]:
    """The name is beside it, or above where another circle is in the way."""
    colour, radius = _RINGS[figures["log_degree"]], 2 + figures["levels"] / 2
    circle = f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius}' fill='{colour}' fill-opacity='0.8'/>"
    said = f"{name} ({figures['levels']}): {seconds(figures['median_seconds'])}"
    if above:
        return [circle, text(x + radius, y - radius - 5, said, "end")]
    return [circle, text(x + radius + 4, y + 4, said)]


def _legend(records: Records) -> list[str]:
    said = "one encrypted image on two cores, both axes logarithmic; in brackets the levels"
    lines = [text(8, 20, said)]
    for place, log_degree in enumerate(sorted({f["log_degree"] for f in records.values()})):
        x = 8 + 90 * place
        lines.append(f"<circle cx='{x + 6}' cy='38' r='6' fill='{_RINGS[log_degree]}'/>")
        lines.append(text(x + 18, 42, f"N = 2^{log_degree}"))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--only", default=",".join(NETWORKS), help="some of " + ",".join(NETWORKS))
    parser.add_argument("--images", type=int, default=IMAGES)
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    if unknown := set(names) - set(NETWORKS):
        parser.error(f"no network is called {', '.join(sorted(unknown))}")
    for name in names:
        Console().print(network.table(name, measure(name, arguments.images)))


if __name__ == "__main__":
    main()
