"""Measure our proofs and the peers', and show both.

python -m benchmarks.proofs [--only lenet5,jstprove] [--report]

A run of everything renews docs/benchmarks_proofs.md; `--report` does so from the results that are
kept. A part that cannot be installed or measured is reported with the reason, and the run goes on.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial

import msgspec
from rich.console import Console

from benchmarks.__main__ import Screen, measure
from benchmarks.figures import Figure
from benchmarks.peers import Peer
from benchmarks.programs import CACHE, Show, run
from benchmarks.proofs import curve, hiding, report
from benchmarks.proofs.networks import GROWING, LENET5, VGG9
from benchmarks.proofs.peers import PEERS
from hushwork.proved.owner import LOG_DOMAIN

SECONDS = 900
NETWORKS = {"lenet5": LENET5, "vgg9": VGG9}
RUNS, FEWER = 21, 9
Work = Callable[[Show], tuple[Figure, ...]]


def one(
    network: str, called: str, show: Show, log_domain: int = LOG_DOMAIN, runs: int = RUNS
) -> tuple[Figure, ...]:
    """A network, in a process of its own."""
    options = ["--called", called, "--log-domain", log_domain, "--runs", runs]
    command = [sys.executable, "-m", "benchmarks.proofs.ours", network, *options]
    return run(command, CACHE / "logs" / f"proofs-{called}.log", SECONDS, show)


def whole(called: str, show: Show) -> tuple[Figure, ...]:
    """A shipped network, also by the commands."""
    network, log = NETWORKS[called], CACHE / "logs" / f"proofs-{called}-commands.log"
    command = [sys.executable, "-m", "benchmarks.proofs.commands", network, "--called", called]
    figures = one(network, called, show) + run(command, log, SECONDS, show)
    return tuple(_setup(figure) for figure in figures)


def _setup(figure: Figure) -> Figure:
    """Publishing is what peers call set-up."""
    return msgspec.structs.replace(figure, name=figure.name.replace("_publish", "_setup"))


def curves(show: Show) -> tuple[Figure, ...]:
    """Codewords of all lengths."""
    figures: tuple[Figure, ...] = ()
    for name, log_domains in curve.LOG_DOMAINS.items():
        for log_domain in log_domains:
            called = curve.called(name, log_domain)
            figures += one(NETWORKS[name], called, show, log_domain, FEWER)
    return figures


def growing(show: Show) -> tuple[Figure, ...]:
    """Networks of growing size."""
    made = [one(network, network, show, runs=FEWER) for network in GROWING]
    return tuple(figure for figures in made for figure in figures)


def load(_: Show) -> tuple[Figure, ...]:
    """How busy the machine is."""
    value = os.getloadavg()[0]
    return (Figure("load", value, value),)


def theirs(peer: Peer, screen: Screen) -> Work:
    """Install a peer and measure it."""

    def work(show: Show) -> tuple[Figure, ...]:
        peer.install()
        screen.step(f"measuring {peer.who} {peer.version}")
        return peer.measure(show)

    return work


def works(screen: Screen) -> Mapping[str, Work]:
    """All parts, in order."""
    return {
        "machine": load,
        **{name: partial(whole, name) for name in NETWORKS},
        "hiding": hiding.measure,
        **{peer.who: theirs(peer, screen) for both in PEERS.values() for peer in both},
        "curve": curves,
        "growth": growing,
    }


def main() -> None:
    console = Console()
    screen = Screen(console)
    parts = works(screen)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proofs", description=__doc__)
    parser.add_argument("--only", default=",".join(parts), help="some of " + ",".join(parts))
    parser.add_argument("--report", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    if unknown := set(names) - set(parts):
        parser.error(f"{', '.join(sorted(unknown))}: expected some of {', '.join(parts)}")
    if not arguments.report:
        with screen:
            for name in (name for name in parts if name in names):
                screen.step(name)
                measure(f"proofs-{name}", partial(parts[name], screen.show), screen)
    report.show(console, renew=arguments.report or set(names) == set(parts))


if __name__ == "__main__":
    main()
