"""The times as bars on a logarithmic axis, in SVG."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10

from benchmarks.figures import Measured
from benchmarks.rows import Row, seconds

_COLOURS = ("#1b6ca8", "#c44536", "#3a7d44", "#b8860b", "#7a5195")
_GOAL = "#111"
_LEFT, _PLOT, _RIGHT, _TOP = 250, 560, 90, 64
_BAR, _GAP = 13, 16
_TEXT = "font-family='sans-serif' font-size='12' fill='#444'"


class Axis:
    """Seconds to pixels, whole powers of ten at both ends."""

    def __init__(self, values: Sequence[float]) -> None:
        self.low, self.high = floor(log10(min(values))), ceil(log10(max(values)))

    def x(self, value: float) -> float:
        """The place of a value."""
        return _LEFT + _PLOT * (log10(value) - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Powers of ten."""
        return [10.0**power for power in range(self.low, self.high + 1)]


def draw(rows: Sequence[Row], everybody: Sequence[Measured]) -> str:
    """Bars of every library that has a figure, row by row; a stroke marks the goal."""
    groups = [(row, _bars(row, everybody)) for row in rows]
    groups = [(row, bars) for row, bars in groups if bars]
    values = [value for _, bars in groups for _, value in bars]
    axis = Axis(values + [row.goal for row, _ in groups if row.goal])
    body, top = _legend(everybody), _TOP
    for row, bars in groups:
        body += _group(axis, row, bars, top)
        top += len(bars) * _BAR + _GAP
    width = _LEFT + _PLOT + _RIGHT
    grid = [line for tick in axis.ticks() for line in _tick(axis, tick, top)]
    size = f"width='{width}' height='{top + 24}' viewBox='0 0 {width} {top + 24}'"
    lines = "\n".join(["<rect width='100%' height='100%' fill='#fff'/>", *grid, *body])
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size}>\n{lines}\n</svg>\n"


def _bars(row: Row, everybody: Sequence[Measured]) -> list[tuple[int, float]]:
    values = [(index, row.value(measured)) for index, measured in enumerate(everybody)]
    return [(index, value) for index, value in values if value]


def _group(axis: Axis, row: Row, bars: list[tuple[int, float]], top: float) -> list[str]:
    middle = top + len(bars) * _BAR / 2 + 4
    lines = [_text(_LEFT - 8, middle, row.what, "end")]
    for place, (index, value) in enumerate(bars):
        lines += _bar(axis, top + place * _BAR, _COLOURS[index % len(_COLOURS)], value)
    if row.goal:
        x, low = axis.x(row.goal), top + len(bars) * _BAR
        lines.append(f"<path d='M{x:.1f} {top - 4}V{low + 2}' stroke='{_GOAL}' stroke-width='2'/>")
    return lines


def _bar(axis: Axis, top: float, colour: str, value: float) -> list[str]:
    end = axis.x(value)
    size = f"x='{_LEFT}' y='{top}' width='{end - _LEFT:.1f}' height='{_BAR - 2}'"
    return [f"<rect {size} fill='{colour}'/>", _text(end + 5, top + _BAR - 3, seconds(value))]


def _tick(axis: Axis, value: float, bottom: float) -> list[str]:
    x = axis.x(value)
    name = f"{seconds(value).replace('.00', '').replace('.0', '')}"
    line = f"<path d='M{x:.1f} {_TOP - 8}V{bottom}' stroke='#e4e4e4'/>"
    return [line, _text(x, bottom + 16, name, "middle")]


def _legend(everybody: Sequence[Measured]) -> list[str]:
    lines, x = [_text(8, 20, "seconds an operation, logarithmic; the black stroke is the goal")], 8
    for index, measured in enumerate(everybody):
        colour = _COLOURS[index % len(_COLOURS)]
        lines.append(f"<rect x='{x}' y='32' width='12' height='12' fill='{colour}'/>")
        name = f"{measured.who} (missing)" if measured.unavailable else measured.who
        lines.append(_text(x + 18, 42, name))
        x += 46 + 7 * len(name)
    return lines


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f"<text x='{x:.0f}' y='{y:.0f}' text-anchor='{anchor}' {_TEXT}>{text}</text>"
