"""`hush up`: a network on this machine, watched until somebody has seen enough."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hushwork.cli.advice import OFFERING, advised
from hushwork.cli.crews import crews_for
from hushwork.cli.options import DEFAULT_MODELS, GATEWAY_PORT, Data
from hushwork.cli.processes import Child, ChildDied, Household
from hushwork.cli.service import stop_on_signals
from hushwork.cli.town import TICK_SECONDS, Town
from hushwork.cli.views import LiveView, PlainView, View
from hushwork.errors import Unreachable

_DEFAULT = ", ".join(dict.fromkeys(DEFAULT_MODELS.values())) + " by default."


class Stopped(Exception):
    """Somebody asked for an end."""


class Clock:
    """Waits between two looks, and cuts the wait short on a signal."""

    def __init__(self) -> None:
        self._stop = stop_on_signals()

    def tick(self) -> None:
        """Wait a moment. Raises Stopped."""
        if self._stop.wait(TICK_SECONDS):
            raise Stopped


def up(
    *,
    model: Annotated[
        list[str],
        typer.Option(help=f"A shipped network or an ONNX file; may be repeated. {_DEFAULT}"),
    ] = [],  # noqa: B006 - typer copies it
    guarantee: Annotated[
        str | None,
        typer.Option(
            help="encrypted, proved or attested, instead of what each network is made for."
        ),
    ] = None,
    miners: Annotated[
        int | None,
        typer.Option(min=1, max=32, help="How many miners a network has; one of each kind."),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the gateway.")
    ] = GATEWAY_PORT,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many scored rounds.")
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Keep data and logs here, and do not remove them.")
    ] = None,
    data: Data = None,
    plain: Annotated[bool, typer.Option(help="Print lines instead of the live table.")] = False,
) -> None:
    """Start a ledger, a validator, a gateway and miners here, and watch them live."""
    console = Console()
    with advised(OFFERING), console.status("opening models, and fetching those that are not here"):
        crews = crews_for(model, guarantee)
    clock = Clock()
    is_live = console.is_terminal and not plain
    view: View = LiveView(console) if is_live else PlainView(console)
    with Household(directory) as house:
        try:
            with view:
                watch(Town(house, crews, miners, port, data), view, clock, rounds)
        except Stopped:
            console.print("Stopping.")
        except ChildDied as death:
            console.print(obituary(death.child), style="red", markup=False, highlight=False)
            raise typer.Exit(1) from None
    kept = f"data and logs are in {directory}" if directory else "nothing is left behind"
    console.print(f"Everything has ended; {kept}.")


def watch(town: Town, view: View, clock: Clock, rounds: int | None) -> None:
    """Start the town and show it until it has scored so many rounds."""

    def tick(children: Sequence[Child]) -> None:
        view.preparing(children)
        clock.tick()

    town.start(tick)
    view.opened(town.gateway.address, town.ledger.address, town.crews, town.policy)
    while True:
        for child in town.bury():
            view.say(obituary(child))
        with contextlib.suppress(Unreachable):
            snapshot = town.snapshot()
            view.standing(snapshot, town.crews, town.working())
            if rounds is not None and snapshot.scored_rounds >= rounds:
                return
        clock.tick()


def obituary(child: Child) -> str:
    """Say that a process ended, with the end of its log."""
    code = child.process.returncode
    how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
    lines = child.last_lines()
    return f"{child.name} {how}." + (f" Its last lines:\n{lines}" if lines else "")
