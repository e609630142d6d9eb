"""What is kept, shown at the terminal and put into the document."""

from __future__ import annotations

from rich.console import Console

from benchmarks import (
    accuracy,
    document,
    floors,
    growth,
    machine,
    network,
    ours,
    plot,
    published,
    table,
    throughput,
    zama,
)
from benchmarks.figures import Key, Measured, merged, saved
from benchmarks.peers import PEERS
from benchmarks.rows import LENET, ONE_CORE, ROWS, VGG9, share


def show(console: Console, *, renew: bool) -> None:
    """Show what is kept; renew the document if asked."""
    mine, limits = everything(), saved(ours.LIMITS)
    peers = [saved(peer.who) for peer in PEERS]
    console.print(
        table.terminal("Ours and theirs", table.head(peers), table.cells(ROWS, mine, peers))
    )
    console.print(
        table.terminal("Throughput", throughput.TITLES, throughput.cells(throughput.kept()))
    )
    console.print(table.terminal("Growth", growth.TITLES, growth.cells(growth.saved())))
    if not limits.unavailable:
        console.print(table.terminal("The floor", floors.TITLES, floors.cells(mine, limits)))
    for part in (saved(ours.VGG9), *peers):
        if part.unavailable:
            console.print(f"{part.who}: {part.unavailable}", highlight=False)
    if renew:
        document.write(parts(mine, limits, peers), pictures(mine, peers))
        console.print(f"Written: {document.PAGE} and its pictures", highlight=False)


def everything() -> Measured:
    """All figures of ours."""
    return merged(saved(ours.WHO), saved(ours.VGG9), saved(accuracy.WHO))


def parts(mine: Measured, limits: Measured, peers: list[Measured]) -> dict[str, str]:
    """What goes into the document."""
    known = not limits.unavailable
    measured = network.kept(network.VGG9)
    layers = floors.layers(measured["layers"], limits) if measured and known else []
    theirs = published.everybody(mine, saved(zama.WHO), _accuracy(mine))
    return {
        "machine": machine.describe(limits, mine),
        "table": table.markdown(table.head(peers), table.cells(ROWS, mine, peers)),
        "published": table.markdown(published.TITLES, published.cells(theirs)),
        "concrete": table.markdown(zama.TITLES, zama.cells(saved(zama.WHO))),
        "growth": table.markdown(growth.TITLES, growth.cells(growth.saved())),
        "throughput": table.markdown(throughput.TITLES, throughput.cells(throughput.kept())),
        "roofline": table.markdown(floors.TITLES, floors.cells(mine, limits) if known else []),
        "layers": table.markdown(floors.LAYER_TITLES, layers),
        "peers": table.markdown(*machine.peers(PEERS, peers)),
    }


def pictures(mine: Measured, peers: list[Measured]) -> dict[str, str]:
    """The plots, by file name."""
    theirs = published.everybody(mine, saved(zama.WHO), _accuracy(mine))
    drawn = {
        "benchmarks.svg": plot.draw((VGG9[0], LENET[0], *ONE_CORE), [mine, *peers]),
        "published.svg": published.draw(theirs),
    }
    if records := growth.saved():
        drawn["growth.svg"] = growth.draw(records)
    if points := throughput.kept():
        drawn["throughput.svg"] = throughput.draw(points)
    return drawn


def _accuracy(mine: Measured) -> str:
    """Of VGG-9: plain, since encrypted labels are compared with plain ones."""
    value = mine.value(Key(f"{network.VGG9}_plain"))
    return "" if value is None else f"{share(value)} plain"
