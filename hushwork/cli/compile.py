"""`hush compile`: what a network takes under encryption, before anybody offers it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from os import cpu_count
from time import perf_counter
from typing import Annotated

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table

from hushwork._native import kernel
from hushwork.cli.advice import OFFERING, advised
from hushwork.cli.customer import follow
from hushwork.cli.report import progress_bars
from hushwork.cli.screen import size
from hushwork.encrypted import (
    EncryptedWorker,
    LayerSummary,
    Summary,
    TierSummary,
    batch,
    guarantee,
    summarise,
)
from hushwork.encrypted.samples import samples
from hushwork.guarantee import Progress
from hushwork.networks import Network, evaluate, open_network

PHASES = {
    "layers": "reading layers",
    "layouts": "searching layouts",
    "diagonals": "packing weights",
    "check": "simulating every slot",
    "keys": "making keys, here",
    "run": "running it encrypted",
}


@dataclass(frozen=True)
class Measured:
    """Two encrypted runs, on all cores; the first one also expands the keys."""

    milliseconds: Mapping[str, float]
    """By layer, of the second."""
    first_seconds: float
    error: float
    """Largest error of an output, relative to the largest output."""

    @property
    def seconds(self) -> float:
        """Of the second."""
        return sum(self.milliseconds.values()) / 1e3


def compile_model(
    model: Annotated[str, typer.Argument(help="An ONNX file, or the name of a shipped network.")],
    run: Annotated[bool, typer.Option("--run", help="Run it too, with keys made here.")] = False,
    images: Annotated[
        int, typer.Option(min=1, help="For so many images, several in a run where that is faster.")
    ] = 1,
) -> None:
    """Compile a network for encrypted runs and show what it takes."""
    with advised(OFFERING), progress_bars(Console(stderr=True)) as bars:
        network = open_network(model)
        tell = follow(bars, PHASES)
        worker = guarantee.worker(network, tell, images=batch(network, images, tell))
        measured = measure(worker, network, tell) if run else None
    summary = summarise(worker)
    Console().print(Group(layer_table(summary, measured), "", totals(summary, measured)))


def measure(worker: EncryptedWorker, network: Network, tell: Progress) -> Measured:
    """Seal synthetic inputs, run them, open the answer, compare it with the plain run."""
    images = np.stack(samples(network))[: worker.plan.images]
    with closing(guarantee.client(worker.manifest)) as client:
        tell("keys", 0, 1)
        session, reply = worker.greet(client.hello())
        channel = client.welcome(reply)
        request = channel.seal(images if len(images) > 1 else images[0])
        tell("keys", 1, 1)
        with closing(session):
            first = _Stopwatch(tell)
            worker.run(session, request, first)
            again = _Stopwatch(tell)
            response = worker.run(session, request, again)
        output = channel.open(response).output
    wanted = evaluate(network, images)[np.arange(worker.plan.images) % len(images)]
    error = np.abs(output - wanted).max() / (np.abs(wanted).max() or 1.0)
    return Measured(again.milliseconds, sum(first.milliseconds.values()) / 1e3, float(error))


class _Stopwatch:
    """Time by layer: what passed since the last report belongs to the layer now reported."""

    def __init__(self, tell: Progress) -> None:
        self.milliseconds: dict[str, float] = {}
        self._tell = tell
        self._last = perf_counter()

    def __call__(self, layer: str, done: int, total: int) -> None:
        now = perf_counter()
        passed = (now - self._last) * 1e3
        self.milliseconds[layer] = self.milliseconds.get(layer, 0.0) + passed
        self._last = now
        self._tell("run", done, total)


def layer_table(summary: Summary, measured: Measured | None) -> Table:
    """A row for each layer."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("layer", no_wrap=True, max_width=14)
    table.add_column("layout", no_wrap=True)
    for title in ("limbs", "rotations", "products", "predicted\nms"):
        table.add_column(title, justify="right", no_wrap=True)
    if measured is not None:
        table.add_column("measured\nms", justify="right", no_wrap=True)
    for layer in summary.layers:
        table.add_row(*_cells(layer, measured))
    return table


def _cells(layer: LayerSummary, measured: Measured | None) -> list[str]:
    most, least = max(layer.limbs), min(layer.limbs)
    cells = [
        layer.name,
        layer.layout,
        f"{most}" if most == least else f"{most}-{least}",
        f"{layer.rotations:,}",
        _products(layer),
        f"{layer.milliseconds:,.1f}",
    ]
    if measured is not None:
        cells.append(f"{measured.milliseconds.get(layer.name, 0.0):,.1f}")
    return cells


def _products(layer: LayerSummary) -> str:
    parts = [f"{layer.plain_products:,}"] if layer.plain_products else []
    parts += [f"{layer.cipher_products:,} ct"] if layer.cipher_products else []
    return " + ".join(parts) or "0"


def tier_line(tier: TierSummary) -> str:
    """How keys are switched at some levels."""
    digits = f"digits of {tier.digit}" if tier.digit < tier.limbs else "one digit"
    special = f"{tier.special} special primes, {tier.special_bits:.0f} bits"
    return f"up to {tier.limbs} limbs: {digits}, {special}, {tier.keys} keys"


def totals(summary: Summary, measured: Measured | None) -> Table:
    """What the whole network takes."""
    table = Table.grid(padding=(0, 2, 0, 0))
    bound = f"128-bit security allows {summary.log_qp_bound}"
    table.add_row("ring", f"N = 2^{summary.log_n}")
    table.add_row("moduli", f"Q {summary.log_q:.1f} bits, QP {summary.log_qp:.1f} bits; {bound}")
    for tier in summary.tiers:
        table.add_row("tier", tier_line(tier))
    table.add_row("keys", f"{summary.keys}; {size(summary.keys_bytes)} to upload once")
    request = f"{size(summary.request_bytes)}, layout {summary.request_layout}"
    table.add_row("request", f"{request}, one of {summary.request_copies} copies")
    table.add_row("answer", size(summary.answer_bytes))
    table.add_row("weights", f"{size(summary.weights_bytes)} of memory once encoded")
    table.add_row("precision", f"within {summary.precision:.1%} of the largest output")
    table.add_row("predicted", f"{summary.seconds:,.2f} s on one core, by the cost model")
    rate = summary.images_per_minute
    if summary.images > 1:
        table.add_row("images", f"{summary.images:,} a run, {rate:,.0f} a minute")
    if measured is not None:
        where = f"{cpu_count()} cores, kernel {kernel()}"
        first = f"{measured.first_seconds:,.2f} s the first time"
        table.add_row("measured", f"{measured.seconds:,.2f} s on {where}; {first}")
        rate = 60 * summary.images / measured.seconds
        if summary.images > 1:
            table.add_row("", f"{rate:,.0f} images a minute")
        table.add_row("error", f"{measured.error:.4%} of the largest output")
    return table
