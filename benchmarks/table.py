"""Tables: for the terminal and for Markdown, from the same cells."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table

from benchmarks.figures import Measured
from benchmarks.rows import Row, times

Cells = list[list[str]]

NOT_MEASURED, UNAVAILABLE = "", "missing"


def head(peers: Sequence[Measured]) -> list[str]:
    return ["what", "goal", "met", "here", *(peer.who for peer in peers)]


def cells(rows: Sequence[Row], ours: Measured, peers: Sequence[Measured]) -> Cells:
    """One line for each row; beside a peer's value, how many times ours it is."""
    return [_line(row, ours, peers) for row in rows]


def _line(row: Row, ours: Measured, peers: Sequence[Measured]) -> list[str]:
    value = row.value(ours)
    met = None if value is None else row.met(value)
    said = {True: "yes", False: "no", None: ""}[met]
    here = UNAVAILABLE if value is None else row.show(value)
    return [row.what, row.goal_text(), said, here, *(_peer(row, value, peer) for peer in peers)]


def _peer(row: Row, ours: float | None, peer: Measured) -> str:
    value = row.value(peer)
    if value is None:
        return UNAVAILABLE if peer.unavailable else NOT_MEASURED
    ratio = None if ours is None else row.ratio(ours, value)
    return row.show(value) if ratio is None else f"{row.show(value)} ({times(ratio)})"


def markdown(titles: Sequence[str], lines: Cells) -> str:
    """A Markdown table."""
    rule = ["---"] * len(titles)
    every = [list(titles), rule, *lines]
    return "\n".join(f"| {' | '.join(_escaped(cell) for cell in line)} |" for line in every)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("<", "&lt;")


def terminal(title: str, titles: Sequence[str], lines: Cells) -> Table:
    """The same for people at a terminal."""
    out = Table(title=title, title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0))
    for index, name in enumerate(titles):
        out.add_column(name, justify="left" if index == 0 else "right", no_wrap=index > 0)
    for line in lines:
        out.add_row(*(cell.replace(" (", "\n").rstrip(")") for cell in line))
    return out
