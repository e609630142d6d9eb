"""What is kept, shown at the terminal and put into docs/benchmarks_proofs.md."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from rich.console import Console

from benchmarks import document, machine, table
from benchmarks.figures import Figure, Measured, merged, saved
from benchmarks.programs import ROOT
from benchmarks.proofs import curve, growth, hiding
from benchmarks.proofs.peers import PEERS
from benchmarks.proofs.rows import HIDING, LENET5, VGG9

PAGE = ROOT / "docs/benchmarks_proofs.md"
OURS = ("lenet5", "vgg9", "hiding")


def kept(part: str) -> Measured:
    """The latest figures of a part of the run."""
    return saved(f"proofs-{part}")


def ours() -> Measured:
    """All figures of ours."""
    found = merged(*(kept(part) for part in OURS))
    sizes = [length for _, _, length in curve.points(kept("curve"), "lenet5")]
    if not sizes:
        return found
    smallest = Figure("lenet5_smallest_size", min(sizes), min(sizes))
    return merged(found, Measured("smallest", (smallest,)))


def tables() -> dict[str, tuple[Sequence[str], table.Cells]]:
    """Titles and lines, by the part of the page."""
    lenet5, vgg9 = ([kept(each.who) for each in both] for both in zip(*PEERS.values(), strict=True))
    mine = ours()
    beside = [
        *table.cells(LENET5, mine, lenet5),
        *table.cells(VGG9, mine, vgg9),
        *table.cells(HIDING, mine, [Measured(name) for name in PEERS]),
    ]
    return {
        "table": (["what", "goal", "met", "here", *PEERS], beside),
        "hiding": (hiding.TITLES, hiding.cells(kept("hiding"))),
        "curve": (curve.TITLES, curve.cells(kept("curve"))),
        "growth": (growth.TITLES, growth.cells(growth.records(kept("growth")))),
    }


def parts() -> dict[str, str]:
    """What goes into the page."""
    made = {name: table.markdown(*lines) for name, lines in tables().items()}
    everybody = list(chain.from_iterable(PEERS.values()))
    found = [kept(peer.who) for peer in everybody]
    return made | {
        "machine": machine.describe(kept("machine"), kept("lenet5")),
        "peers": table.markdown(*machine.peers(everybody, found)),
    }


def pictures() -> dict[str, str]:
    """The plots, by file name."""
    drawn = {}
    if kept("curve").figures:
        drawn["proofs_curve.svg"] = curve.draw(kept("curve"))
    if records := growth.records(kept("growth")):
        drawn["proofs_growth.svg"] = growth.draw(records)
    return drawn


def show(console: Console, *, renew: bool) -> None:
    """Show what is kept; renew the page if asked."""
    for name, (titles, lines) in tables().items():
        console.print(table.terminal(name, titles, lines))
    for peer in chain.from_iterable(PEERS.values()):
        if reason := kept(peer.who).unavailable:
            console.print(f"{peer.who}: {reason}", highlight=False)
    if renew:
        document.write(parts(), pictures(), PAGE)
        console.print(f"Written: {PAGE} and its pictures", highlight=False)
