"""How the prover's time grows: against multiply-adds, against activations, beside the plain run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.figures import Key, Measured
from benchmarks.proofs.networks import GROWING
from benchmarks.rows import seconds, size
from benchmarks.svg import COLOURS, Axis, bare, document, ruled, text

TITLES = (
    "network", "multiply-adds", "weights", "activations", "prove", "verify", "proof", "memory",
    "plain run", "prove / plain", "an activation", "a multiply-add",
)  # fmt: skip
_LEFT, _PLOT, _GAP, _TOP, _HEIGHT = 70, 360, 110, 50, 300
_NAME, _LINE = 70, 12
Values = Mapping[str, float]
FIGURES = (
    "prove", "verify", "proof_size", "memory", "plain_run", "multiply_adds", "weights",
    "activations",
)  # fmt: skip


def records(measured: Measured) -> dict[str, Values]:
    """The figures of each network, by name."""
    found = {}
    for network in GROWING:
        values = {name: measured.value(Key(f"{network}_{name}")) for name in FIGURES}
        if all(values.values()):
            found[network] = {name: value for name, value in values.items() if value}
    return found


def _count(value: float) -> str:
    return f"{value / 1e6:.3g} M" if value >= 1e5 else f"{value:,.0f}"


def cells(found: Mapping[str, Values]) -> list[list[str]]:
    """One line for each network."""
    return [
        [
            name,
            *(_count(values[key]) for key in ("multiply_adds", "weights", "activations")),
            seconds(values["prove"]),
            seconds(values["verify"]),
            size(values["proof_size"]),
            size(values["memory"]),
            seconds(values["plain_run"]),
            f"{values['prove'] / values['plain_run']:,.0f}x",
            seconds(values["prove"] / values["activations"]),
            seconds(values["prove"] / values["multiply_adds"]),
        ]
        for name, values in found.items()
    ]


def draw(found: Mapping[str, Values]) -> str:
    """Seconds against multiply-adds, and against activations; all axes logarithmic."""
    times = [values["prove"] for values in found.values()]
    up = Axis(times, _TOP + _HEIGHT, -_HEIGHT)
    body = [text(8, 20, "seconds of the prover, all axes logarithmic")]
    for place, key in enumerate(("multiply_adds", "activations")):
        start = _LEFT + place * (_PLOT + _GAP)
        across = Axis([values[key] for values in found.values()], start, _PLOT)
        body += _panel(across, up, key, found)
    return document(_LEFT + 2 * _PLOT + _GAP + 100, _TOP + _HEIGHT + 50, body)


def _panel(across: Axis, up: Axis, key: str, found: Mapping[str, Values]) -> list[str]:
    names: tuple[Callable[[float], str], Callable[[float], str]] = (
        _tick,
        lambda tick: bare(seconds, tick),
    )
    lines = [*ruled(across, up, names, key.replace("_", "-"))]
    spots = {name: (across.at(v[key]), up.at(v["prove"])) for name, v in found.items()}
    for index, (name, (x, y)) in enumerate(spots.items()):
        colour, called = COLOURS[index % len(COLOURS)], name.split("-")[0]
        lines.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4' fill='{colour}'/>")
        crowded = any(0 < far - x < _NAME and abs(high - y) < _LINE for far, high in spots.values())
        place = (x - 7, "end") if crowded else (x + 7, "start")
        lines.append(text(place[0], y + 4, called, place[1]))
    return lines


def _tick(value: float) -> str:
    return f"{value / 1e6:g} M" if value >= 1e6 else f"{value:,.0f}"
