"""Two ways to watch a network: a live table on a terminal, or lines in a log."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.live import Live

from hushwork.attested.platforms import NO_PROTECTION
from hushwork.cli.crews import Crew
from hushwork.cli.options import DEFAULT_GATEWAY
from hushwork.cli.processes import Child
from hushwork.cli.report import Report
from hushwork.cli.samples import Of, file_name, sample_for
from hushwork.cli.screen import network_screen, network_tables, preparation_screen, status_text
from hushwork.subnet import Snapshot

Working = Sequence[tuple[str, Report]]
"""Miners that compute, by name, and how far each is."""


class View(Protocol):
    """Somebody who shows."""

    def preparing(self, children: Sequence[Child]) -> None:
        """Show how far each process is."""

    def opened(self, gateway: str, ledger: str, crews: Sequence[Crew], policy: Path) -> None:
        """Say where customers knock, what for, and where others may offer networks."""

    def standing(self, snapshot: Snapshot, crews: Sequence[Crew], working: Working) -> None:
        """Show where the network stands, and which layer each miner that computes is at."""

    def say(self, text: str) -> None:
        """Show a line that stays."""

    def __enter__(self) -> View: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class LiveView:
    """Redraws in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False)
        self._hints: Sequence[str] = ()

    def preparing(self, children: Sequence[Child]) -> None:
        """Show a bar for each process."""
        reports = [(child.name, child.report) for child in children]
        self._live.update(preparation_screen(reports), refresh=True)

    def opened(self, gateway: str, ledger: str, crews: Sequence[Crew], policy: Path) -> None:
        """Keep hints below the tables."""
        elsewhere = "" if gateway == DEFAULT_GATEWAY else f" --gateway {gateway}"
        tries = dict.fromkeys(line for crew in crews for line in commands(crew, elsewhere, policy))
        heads = ["In a terminal:", *[""] * (len(tries) - 1)]
        self._hints = [
            *(f"[red]{line}[/]" for line in warnings(crews)),
            "",
            *(f"{head:14} [bold]{line}[/]" for head, line in zip(heads, tries, strict=True)),
            f"Your network:  [bold]{program()} serve MODEL.onnx --ledger {ledger}[/]",
            "Ctrl-C ends all of it.",
        ]
        if self._live.console.height < height(crews) + 2 * len(self._hints):
            for hint in self._hints:  # above the tables, where they scroll away
                self._live.console.print(hint, highlight=False)
            self._hints = ()

    def standing(self, snapshot: Snapshot, crews: Sequence[Crew], working: Working) -> None:
        """Show the tables."""
        self._live.update(network_screen(snapshot, crews, working, self._hints), refresh=True)

    def say(self, text: str) -> None:
        """Print above the table."""
        self._live.console.print(text, markup=False, highlight=False)

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()


class PlainView:
    """Prints each change once: phases while preparing, the table after each scored round."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._phases: dict[str, str] = {}
        self._status = ("", 0)
        self._scored = 0

    def preparing(self, children: Sequence[Child]) -> None:
        """Print what began since the last call."""
        for child in children:
            phase = child.address or child.report.phase
            if self._phases.get(child.name) != phase:
                self._phases[child.name] = phase
                self._console.print(f"{child.name}: {phase}")

    def opened(self, gateway: str, ledger: str, crews: Sequence[Crew], policy: Path) -> None:
        """Print where."""
        for line in warnings(crews):
            self._console.print(f"{line}\nIts policy is {policy}", soft_wrap=True)
        self._console.print(f"The gateway serves at {gateway}")
        self._console.print(f"The ledger serves at {ledger}", soft_wrap=True)

    def standing(
        self,
        snapshot: Snapshot,
        crews: Sequence[Crew],
        working: Working,  # noqa: ARG002 - too quick for a log
    ) -> None:
        """Print a new phase, and the table of a round that was scored."""
        if self._status != (snapshot.phase, snapshot.round):
            self._status = (snapshot.phase, snapshot.round)
            self._console.print(status_text(snapshot), highlight=False)
        if snapshot.scored_rounds > self._scored:
            self._scored = snapshot.scored_rounds
            self._console.print(network_tables(snapshot, crews))

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(text, markup=False, highlight=False)

    def __enter__(self) -> PlainView:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing is left open."""


def height(crews: Sequence[Crew]) -> int:
    """Lines that tables and status take."""
    return sum(len(crew.names) + 4 for crew in crews) + 2


def warnings(crews: Sequence[Crew]) -> Sequence[str]:
    """What people must know of the miners: here no enclave is a real one."""
    return [NO_PROTECTION] if any(crew.attests for crew in crews) else []


def commands(crew: Crew, elsewhere: str, policy: Path) -> Iterator[str]:
    """How a customer tries a crew's network."""
    hush, sample = program(), sample_for(crew.labels)
    promised = f" --guarantee {crew.guarantee}" if crew.guarantee != "encrypted" else ""
    trusting = f" --policy {policy}" if crew.attests else ""
    question = f"images/{file_name(sample, 0)}"
    if crew.takes_pictures:
        yield f"{hush} sample images" + ("" if sample == Of.FASHION_MNIST else f" --of {sample}")
    else:
        question = '"Once upon a time"'
    yield f"{hush} infer {question}{promised}{trusting}{elsewhere}"


def program() -> str:
    """How people on this machine call the command line."""
    if shutil.which("hush") or not sys.argv[0].endswith("hush"):
        return "hush"
    return os.path.relpath(sys.argv[0])
