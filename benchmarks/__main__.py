"""Measure this engine and its peers, and show both: `make bench`.

python -m benchmarks [--only hushwork,lattigo] [--images 256] [--report]

A run of everything renews docs/benchmarks.md; `--report` does so from the results that are kept. A
library that cannot be installed or measured is reported with the reason, and the run goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks import document, floors, machine, ours, plot, table
from benchmarks.figures import Figure, Measured, save, saved
from benchmarks.peers import PEERS, Peer
from benchmarks.programs import Unavailable
from benchmarks.rows import NETWORK, ONE_CORE, ROWS, shown

NAMES = (ours.WHO, *(peer.who for peer in PEERS))


class Screen:
    """What is under way, and each figure as it comes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console)

    def __enter__(self) -> Screen:
        self._progress.start()
        self._task = self._progress.add_task("")
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def step(self, what: str) -> None:
        """Something begins."""
        self._console.print(what, highlight=False)
        self._progress.reset(self._task, description=what)

    def say(self, text: str) -> None:
        """Something is known."""
        self._console.print(f"  {text}", highlight=False)

    def show(self, figure: Figure) -> None:
        """A figure came."""
        degree = f"N=2^{figure.log_degree}" if figure.log_degree else ""
        where = [degree, f"{figure.threads or 'all'} threads", figure.set]
        place = ", ".join(part for part in where if part)
        self.say(f"{figure.name:<16} {shown(figure):>10}   {place}")


def measure(who: str, work: Callable[[], tuple[Figure, ...]], screen: Screen) -> None:
    """Keep what the work gives, or why it gave nothing."""
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    try:
        measured = Measured(who, work(), when=when)
    except Unavailable as error:
        screen.say(f"{who} is unavailable: {error}")
        measured = Measured(who, unavailable=str(error), when=when)
    save(measured)


def measure_ours(images: int, screen: Screen) -> None:
    """The machine's limits, single operations, the network."""

    def limits() -> tuple[Figure, ...]:
        screen.step("building the examples of hushwork")
        ours.build()
        screen.step("what this machine can do")
        return ours.limits(lambda _: None)

    def everything() -> tuple[Figure, ...]:
        screen.step("operations of hushwork")
        figures = ours.operations(screen.show)
        screen.step(f"LeNet under hushwork, {images} images")
        return figures + ours.network(images, screen.show)

    measure(ours.LIMITS, limits, screen)
    measure(ours.WHO, everything, screen)


def measure_peer(peer: Peer, screen: Screen) -> None:
    """Install a peer and measure it."""

    def work() -> tuple[Figure, ...]:
        screen.step(f"installing {peer.who} {peer.version}")
        peer.install()
        screen.step(f"measuring {peer.who} {peer.version}")
        return peer.measure(screen.show)

    measure(peer.who, work, screen)


def measure_all(names: list[str], images: int, console: Console) -> None:
    """Everything that is named, one after another."""
    with Screen(console) as screen:
        if ours.WHO in names:
            measure_ours(images, screen)
        for peer in PEERS:
            if peer.who in names:
                measure_peer(peer, screen)


def parts(mine: Measured, limits: Measured, peers: list[Measured]) -> dict[str, str]:
    """What goes into the document."""
    rooflines = [] if limits.unavailable else floors.cells(mine, limits)
    return {
        "machine": machine.describe(limits, mine),
        "table": table.markdown(table.head(peers), table.cells(ROWS, mine, peers)),
        "roofline": table.markdown(floors.TITLES, rooflines),
        "peers": table.markdown(*machine.peers(PEERS, peers)),
    }


def report(console: Console, renew: bool) -> None:
    """Show what is kept; renew the document if asked."""
    mine, limits = saved(ours.WHO), saved(ours.LIMITS)
    peers = [saved(peer.who) for peer in PEERS]
    console.print(
        table.terminal("Ours and theirs", table.head(peers), table.cells(ROWS, mine, peers))
    )
    if not limits.unavailable:
        console.print(table.terminal("The floor", floors.TITLES, floors.cells(mine, limits)))
    for peer in peers:
        if peer.unavailable:
            console.print(f"{peer.who}: {peer.unavailable}", highlight=False)
    if renew:
        rows = (NETWORK[0], *ONE_CORE)
        document.write(parts(mine, limits, peers), plot.draw(rows, [mine, *peers]))
        console.print(f"Written: {document.PAGE}, {document.PLOT}", highlight=False)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default=",".join(NAMES), help="some of " + ",".join(NAMES))
    parser.add_argument("--images", type=int, default=256, help="images through our network")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    if unknown := set(names) - set(NAMES):
        parser.error(
            f"nothing is called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}"
        )
    console = Console()
    if not arguments.report:
        measure_all(names, arguments.images, console)
    report(console, renew=arguments.report or set(names) == set(NAMES))
    if reason := saved(ours.WHO).unavailable:
        raise SystemExit(f"{ours.WHO} itself could not be measured: {reason}")


if __name__ == "__main__":
    main()
