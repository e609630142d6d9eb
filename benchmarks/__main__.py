"""Measure this engine and its peers, and show both: `make bench`.

python -m benchmarks [--only vgg9,lattigo] [--images 256] [--source FOLDER] [--report]

A run of everything renews docs/benchmarks.md; `--report` does so from the results that are kept. A
part that cannot be installed or measured is reported with the reason, and the run goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks import network, ours, report, throughput
from benchmarks.figures import Figure, Measured, save, saved
from benchmarks.peers import PEERS, Peer
from benchmarks.programs import Unavailable
from benchmarks.rows import shown

OURS = (ours.WHO, ours.VGG9, ours.GROWTH, throughput.WHO)
NAMES = (*OURS, *(peer.who for peer in PEERS))
VGG9_IMAGES = 32


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
    """The machine's limits, single operations, LeNet."""

    def limits() -> tuple[Figure, ...]:
        screen.step("building the examples of hushwork")
        ours.build()
        screen.step("what this machine can do")
        return ours.limits(lambda _: None)

    def everything() -> tuple[Figure, ...]:
        screen.step("operations of hushwork")
        figures = ours.operations(screen.show)
        screen.step(f"LeNet under hushwork, {images} images")
        return figures + ours.network("lenet", network.LENET, images, screen.show)

    measure(ours.LIMITS, limits, screen)
    measure(ours.WHO, everything, screen)


def measure_vgg9(images: int, source: str | None, screen: Screen) -> None:
    """VGG-9."""

    def work() -> tuple[Figure, ...]:
        screen.step(f"VGG-9 under hushwork, {images} images")
        return ours.network("vgg9", network.VGG9, images, screen.show, source)

    measure(ours.VGG9, work, screen)


def measure_growth(screen: Screen) -> None:
    """Networks of growing size."""

    def work() -> tuple[Figure, ...]:
        screen.step("networks of growing size under hushwork")
        return ours.grown(screen.show)

    measure(ours.GROWTH, work, screen)


def measure_throughput(screen: Screen) -> None:
    """Batches of growing size."""
    for images in throughput.BATCHES:
        screen.step(f"{images} images of LeNet under hushwork")
        point = throughput.measure(images)
        throughput.keep(point)
        screen.say(f"{point.rate:,.0f} images a minute")


def measure_peer(peer: Peer, screen: Screen) -> None:
    """Install a peer and measure it."""

    def work() -> tuple[Figure, ...]:
        screen.step(f"installing {peer.who} {peer.version}")
        peer.install()
        screen.step(f"measuring {peer.who} {peer.version}")
        return peer.measure(screen.show)

    measure(peer.who, work, screen)


def measure_all(names: list[str], arguments: argparse.Namespace, console: Console) -> None:
    """Everything that is named, one after another."""
    images, source = arguments.images, arguments.source
    with Screen(console) as screen:
        parts: Mapping[str, Callable[[], None]] = {
            ours.WHO: lambda: measure_ours(images, screen),
            ours.VGG9: lambda: measure_vgg9(min(images, VGG9_IMAGES), source, screen),
            ours.GROWTH: lambda: measure_growth(screen),
            throughput.WHO: lambda: measure_throughput(screen),
            **{peer.who: partial(measure_peer, peer, screen) for peer in PEERS},
        }
        for name in NAMES:
            if name in names:
                parts[name]()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default=",".join(NAMES), help="some of " + ",".join(NAMES))
    parser.add_argument("--images", type=int, default=256, help="images through our networks")
    parser.add_argument("--source", help="of CIFAR-10, as for hushwork.networks.data.load")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    if unknown := set(names) - set(NAMES):
        parser.error(
            f"nothing is called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}"
        )
    console = Console()
    if not arguments.report:
        measure_all(names, arguments, console)
    report.show(console, renew=arguments.report or set(names) == set(NAMES))
    if reason := saved(ours.WHO).unavailable:
        raise SystemExit(f"{ours.WHO} itself could not be measured: {reason}")


if __name__ == "__main__":
    main()
