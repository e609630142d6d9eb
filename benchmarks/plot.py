"""The times as bars on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.figures import Measured
from benchmarks.rows import Row, seconds
from benchmarks.svg import COLOURS, Axis, bare, document, grid, text

_GOAL = "#111"
_LEFT, _PLOT, _RIGHT, _TOP = 250, 560, 90, 64
_BAR, _GAP = 13, 16


def draw(rows: Sequence[Row], everybody: Sequence[Measured]) -> str:
    """Bars of every library that has a figure, row by row; a stroke marks the goal."""
    groups = [(row, _bars(row, everybody)) for row in rows]
    groups = [(row, bars) for row, bars in groups if bars]
    values = [value for _, bars in groups for _, value in bars]
    axis = Axis(values + [row.goal for row, _ in groups if row.goal], _LEFT, _PLOT)
    body, top = _legend(everybody), _TOP
    for row, bars in groups:
        body += _group(axis, row, bars, top)
        top += len(bars) * _BAR + _GAP
    ticks = [line for tick in axis.ticks() for line in _tick(axis, tick, top)]
    return document(_LEFT + _PLOT + _RIGHT, top + 24, [*ticks, *body])


def _bars(row: Row, everybody: Sequence[Measured]) -> list[tuple[int, float]]:
    values = [(index, row.value(measured)) for index, measured in enumerate(everybody)]
    return [(index, value) for index, value in values if value]


def _group(axis: Axis, row: Row, bars: list[tuple[int, float]], top: float) -> list[str]:
    middle = top + len(bars) * _BAR / 2 + 4
    lines = [text(_LEFT - 8, middle, row.what, "end")]
    for place, (index, value) in enumerate(bars):
        lines += _bar(axis, top + place * _BAR, COLOURS[index % len(COLOURS)], value)
    if row.goal:
        x, low = axis.at(row.goal), top + len(bars) * _BAR
        lines.append(f"<path d='M{x:.1f} {top - 4}V{low + 2}' stroke='{_GOAL}' stroke-width='2'/>")
    return lines


def _bar(axis: Axis, top: float, colour: str, value: float) -> list[str]:
    end = axis.at(value)
    size = f"x='{_LEFT}' y='{top}' width='{end - _LEFT:.1f}' height='{_BAR - 2}'"
    return [f"<rect {size} fill='{colour}'/>", text(end + 5, top + _BAR - 3, seconds(value))]


def _tick(axis: Axis, value: float, bottom: float) -> list[str]:
    x = axis.at(value)
    line = grid(f"M{x:.1f} {_TOP - 8}V{bottom}")
    return [line, text(x, bottom + 16, bare(seconds, value), "middle")]


def _legend(everybody: Sequence[Measured]) -> list[str]:
    lines, x = [text(8, 20, "seconds an operation, logarithmic; the black stroke is the goal")], 8
    for index, measured in enumerate(everybody):
        colour = COLOURS[index % len(COLOURS)]
        lines.append(f"<rect x='{x}' y='32' width='12' height='12' fill='{colour}'/>")
        name = f"{measured.who} (missing)" if measured.unavailable else measured.who
        lines.append(text(x + 18, 42, name))
        x += 46 + 7 * len(name)
    return lines
