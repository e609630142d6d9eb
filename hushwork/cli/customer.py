"""`hush infer` and `hush models`: what a customer does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hushwork.cli.report import progress_bars
from hushwork.cli.screen import answer_screen
from hushwork.subnet import connect

PHASES = {
    "keys": "making keys, here",
    "upload": "uploading evaluation keys",
    "sealed": "encrypting, here",
    "waiting": "a miner computes",
    "opened": "decrypting, here",
}

Url = Annotated[str, typer.Option("--gateway", envvar="HUSH_GATEWAY", help="Whom to ask.")]
DEFAULT_GATEWAY = "http://127.0.0.1:8700"


def infer(
    image: Annotated[Path, typer.Argument(help="A picture file.")],
    gateway: Url = DEFAULT_GATEWAY,
    model: Annotated[str | None, typer.Option(help="Name or digest; see hush models.")] = None,
    check: Annotated[
        int, typer.Option(min=0, max=64, help="Mix in so many images whose answers are known.")
    ] = 0,
) -> None:
    """Classify a picture that nobody but you sees."""
    console = Console()
    bars = progress_bars(Console(stderr=True))
    tasks = {
        phase: bars.add_task(text, total=None, visible=False) for phase, text in PHASES.items()
    }

    def progress(phase: str, done: int, total: int) -> None:
        bars.update(tasks[phase], completed=done, total=total, visible=done < total)

    with bars, connect(gateway).model(model) as session:
        result = session.infer(image, check=check, progress=progress)
    console.print(answer_screen(result))
    if not result.trusted:
        raise typer.Exit(1)


def models(gateway: Url = DEFAULT_GATEWAY) -> None:
    """List what a gateway offers."""
    table = Table("model", "guarantee", "miners", "manifest")
    for offer in connect(gateway).models():
        table.add_row(offer.name, offer.guarantee, str(offer.miners), offer.manifest_digest[:16])
    Console().print(table)
