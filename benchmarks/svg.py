"""Drawing on logarithmic axes, in SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import ceil, floor, log10

COLOURS = ("#1b6ca8", "#c44536", "#3a7d44", "#b8860b", "#7a5195", "#4d4d4d")
_TEXT = "font-family='sans-serif' font-size='12' fill='#444'"


class Axis:
    """Values to pixels from `start` on, whole powers of ten at both ends."""

    def __init__(self, values: Sequence[float], start: float, length: float) -> None:
        self.low, self.high = floor(log10(min(values))), ceil(log10(max(values)))
        self.start, self.length = start, length

    def at(self, value: float) -> float:
        """The place of a value."""
        share = (log10(value) - self.low) / (self.high - self.low)
        return self.start + self.length * share

    def ticks(self) -> list[float]:
        """Powers of ten."""
        return [10.0**power for power in range(self.low, self.high + 1)]


def bare(name: Callable[[float], str], value: float) -> str:
    """A power of ten by name, without zeros behind the point."""
    return name(value).replace(".00", "").replace(".0", "")


def text(x: float, y: float, said: str, anchor: str = "start") -> str:
    escaped = said.replace("&", "&amp;").replace("<", "&lt;")
    return f"<text x='{x:.0f}' y='{y:.0f}' text-anchor='{anchor}' {_TEXT}>{escaped}</text>"


def grid(path: str) -> str:
    """A thin line."""
    return f"<path d='{path}' stroke='#e4e4e4' fill='none'/>"


def ruled(
    across: Axis, up: Axis, names: Sequence[Callable[[float], str]], caption: str
) -> Iterator[str]:
    """Lines at the ticks of both axes, named, and what the values across are."""
    left, right = across.start, across.start + across.length
    top, bottom = up.start + up.length, up.start
    for tick in across.ticks():
        x = across.at(tick)
        yield grid(f"M{x:.1f} {top}V{bottom}")
        yield text(x, bottom + 16, names[0](tick), "middle")
    for tick in up.ticks():
        y = up.at(tick)
        yield grid(f"M{left} {y:.1f}H{right}")
        yield text(left - 8, y + 4, names[1](tick), "end")
    yield text((left + right) / 2, bottom + 38, caption, "middle")


def document(width: float, height: float, lines: Sequence[str]) -> str:
    """A whole picture on white."""
    size = f"width='{width}' height='{height}' viewBox='0 0 {width} {height}'"
    body = "\n".join(["<rect width='100%' height='100%' fill='#fff'/>", *lines])
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size}>\n{body}\n</svg>\n"
