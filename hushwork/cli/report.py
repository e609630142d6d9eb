"""What a long-running command tells whoever started it: a person, or `hush up`."""

from __future__ import annotations

import sys
from typing import Protocol

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: how far it is, or where it serves."""

    phase: str
    done: int = 0
    total: int = 0
    address: str = ""
    """URL, once it serves."""


class Reporter(Protocol):
    """Somebody who listens."""

    def progress(self, phase: str, done: int, total: int) -> None:
        """Take note of (phase, done, total) in work units."""

    def serving(self, role: str, address: str) -> None:
        """Take note that a role answers at this URL."""


class LineReporter:
    """One JSON object a line on standard output, at most one for each percent."""

    def __init__(self) -> None:
        self._last = ("", -1)

    def progress(self, phase: str, done: int, total: int) -> None:
        """Write a line if the percentage moved."""
        step = (phase, 100 * done // max(total, 1))
        if step != self._last:
            self._last = step
            self._write(Report(phase, done, total))

    def serving(self, role: str, address: str) -> None:
        """Write the line that ends the preparation."""
        self._write(Report(role, address=address))

    def _write(self, report: Report) -> None:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
        sys.stdout.flush()


class ScreenReporter:
    """A progress bar for each phase, on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = progress_bars(console)
        self._tasks: dict[str, TaskID] = {}

    def progress(self, phase: str, done: int, total: int) -> None:
        """Move the bar of this phase; what is done when it is first told of is a line."""
        if phase not in self._tasks and 0 < total <= done:
            self._console.print(phase, markup=False, highlight=False)
            return
        self._bars.start()
        if phase not in self._tasks:
            self._tasks[phase] = self._bars.add_task(phase, total=total)
        self._bars.update(self._tasks[phase], completed=done, total=total)

    def serving(self, role: str, address: str) -> None:
        """Take the bars away and say where it serves."""
        self._bars.stop()
        self._console.print(f"[bold]{role}[/] serves at {address}", soft_wrap=True)
        self._console.print("Ctrl-C ends it.")


def progress_bars(console: Console) -> Progress:
    """Bars as every command draws them; they vanish when done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)
