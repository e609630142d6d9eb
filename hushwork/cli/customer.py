"""`hush infer` and `hush models`: what a customer does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from hushwork.cli.advice import ASKING, advised
from hushwork.cli.options import DEFAULT_GATEWAY
from hushwork.cli.report import progress_bars
from hushwork.cli.screen import answer_screen, duration, size
from hushwork.cli.service import parse_address
from hushwork.guarantee import OPEN, Manifest
from hushwork.subnet import Door, connect

PHASES = {
    "keys": "making keys, here",
    "upload": "uploading evaluation keys",
    "session": "a miner takes them",
    "waiting": "a miner computes on what it cannot see",
}
OPENLY = PHASES | {"waiting": "a miner computes on what you show it"}

Url = Annotated[str, typer.Option("--gateway", envvar="HUSH_GATEWAY", help="Whom to ask.")]


def infer(  # noqa: PLR0917 - options
    image: Annotated[Path, typer.Argument(help="A picture file.")],
    gateway: Url = DEFAULT_GATEWAY,
    model: Annotated[str | None, typer.Option(help="Name or digest; see hush models.")] = None,
    check: Annotated[
        int, typer.Option(min=0, max=64, help="Mix in so many images whose answers are known.")
    ] = 0,
    guarantee: Annotated[
        str | None, typer.Option(help="What must be promised: encrypted, or proved.")
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option(help="Where to save a proof; IMAGE.proof by default.")
    ] = None,
) -> None:
    """Classify a picture: one that nobody but you sees, or with a proof for anybody."""
    screen = Console(stderr=True)
    with advised(ASKING), progress_bars(screen) as bars, knock(gateway) as door:
        chosen = door.model(model, guarantee)
        screen.print(beforehand(chosen.manifest, chosen.seconds), highlight=False)
        told = follow(bars, OPENLY if chosen.manifest.guarantee in OPEN else PHASES)
        result = chosen.infer(image, check=check, progress=told, layers=follow_layers(bars))
    Console().print(answer_screen(result))
    if result.evidence:
        path = evidence or image.with_suffix(".proof")
        path.write_bytes(result.evidence)
        Console().print(f"evidence   {path}, {size(len(result.evidence))}: hush verify {path}")
    if not result.trusted:
        raise typer.Exit(1)


def knock(gateway: str) -> Door:
    """Connect to a gateway. Raises BadParameter or Unreachable."""
    address = parse_address(gateway)
    return connect(address.url, fingerprint=address.fingerprint)


def beforehand(manifest: Manifest, seconds: float | None) -> str:
    """What will be sent, and how long it takes by what validators measured."""
    sizes = (manifest.hello_limit, manifest.request_limit, manifest.response_limit)
    keys, request, answer = map(size, sizes)
    expected = "not judged yet" if seconds is None else f"about {duration(seconds)}, as judged"
    if manifest.guarantee in OPEN:
        return f"The miner sees the picture, and proves its answer\nEach image: {expected}"
    return f"Keys to upload: {keys} once\nEach image: {request} up, {answer} down; {expected}"


def follow(bars: Progress, phases: Mapping[str, str]) -> Callable[[str, int, int], None]:
    """A bar for each phase until the next; one that nobody counts yet pulses."""
    tasks = {phase: bars.add_task(text, visible=False) for phase, text in phases.items()}

    def progress(phase: str, done: int, total: int) -> None:
        if phase in tasks:
            bars.update(tasks[phase], completed=done, total=total if done else None)
            for name, task in tasks.items():
                bars.update(task, visible=name == phase and done < total)

    return progress


def follow_layers(bars: Progress) -> Callable[[str, int, int], None]:
    """A bar for the job, under the name of the layer that the miner says it is at."""
    task = bars.add_task("", visible=False)

    def layer(name: str, done: int, total: int) -> None:
        shown = f"  {escape(name)}"
        bars.update(task, description=shown, completed=done, total=total, visible=total > 0)

    return layer


def models(gateway: Url = DEFAULT_GATEWAY) -> None:
    """List what a gateway offers."""
    titles = ("model", "guarantee", "miners", "an image", "manifest")
    table = Table(*titles, box=SIMPLE_HEAD, show_edge=False)
    with knock(gateway) as door:
        offers = door.models()
    for offer in offers:
        seconds = "-" if offer.seconds is None else duration(offer.seconds)
        miners, digest = str(offer.miners), offer.manifest_digest[:16]
        table.add_row(offer.name, offer.guarantee, miners, seconds, digest)
    Console().print(table)
