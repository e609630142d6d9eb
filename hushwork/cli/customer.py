"""`hush infer` and `hush models`: what a customer does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from hushwork.cli import options
from hushwork.cli.advice import ASKING, advised
from hushwork.cli.arrays import read_arrays
from hushwork.cli.enclaves import printable, protection
from hushwork.cli.options import DEFAULT_GATEWAY
from hushwork.cli.report import progress_bars
from hushwork.cli.screen import answer_screen, duration, size
from hushwork.cli.service import parse_address
from hushwork.errors import InvalidInput
from hushwork.guarantee import OPEN, TRUSTING, Input, Manifest, Prompt
from hushwork.subnet import Door, Model, Result, connect

PHASES = {
    "keys": "making keys, here",
    "upload": "uploading evaluation keys",
    "session": "a miner takes them",
    "waiting": "a miner computes on what it cannot see",
}
OPENLY = PHASES | {"waiting": "a miner computes on what you show it"}
SEALED = PHASES | {
    "keys": "making a nonce, here",
    "upload": "sending it",
    "session": "an enclave shows what it is",
    "waiting": "an enclave computes",
}
SUFFIXES = {"attested": ".attested"}
TENSORS = "an .npz of arrays"

Url = Annotated[str, typer.Option("--gateway", envvar="HUSH_GATEWAY", help="Whom to ask.")]


def infer(  # noqa: PLR0917 - options
    question: Annotated[
        str, typer.Argument(help="A picture file; or a text, or an .npz, as the model takes.")
    ],
    gateway: Url = DEFAULT_GATEWAY,
    model: Annotated[str | None, typer.Option(help="Name or digest; see hush models.")] = None,
    check: Annotated[
        int, typer.Option(min=0, max=64, help="Mix in so many images whose answers are known.")
    ] = 0,
    guarantee: Annotated[
        str | None, typer.Option(help="What must be promised: encrypted, proved or attested.")
    ] = None,
    policy: options.Policy = None,
    evidence: Annotated[
        Path | None, typer.Option(help="Where to save it; PICTURE.proof or .attested by default.")
    ] = None,
    tell_input: Annotated[
        bool, typer.Option("--tell-input", help="Put the input into an enclave's evidence.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Where to save outputs that are not classes, .npz.")
    ] = None,
    most_tokens: Annotated[int, typer.Option(min=1, help="Of a language model that writes.")] = 256,
    temperature: Annotated[float, typer.Option(min=0.0, help="0: the likeliest tokens.")] = 0.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Repeats a draw.")] = None,
) -> None:
    """Have a model answer: sealed from everybody, with a proof, or by an enclave."""
    screen = Console(stderr=True)
    with advised(ASKING), progress_bars(screen) as bars, knock(gateway) as door:
        chosen = door.model(model, guarantee, policy)
        screen.print(beforehand(chosen.manifest, chosen.seconds), highlight=False)
        if chosen.manifest.guarantee in TRUSTING and (warning := protection(policy)):
            screen.print(warning, style="red")
        told = follow(bars, phases_of(chosen.manifest))
        x = question_for(
            chosen.manifest, question, Prompt(question, most_tokens, temperature, seed)
        )
        if chosen.manifest.streams:
            result = written(chosen, x, told)
        else:
            result = chosen.infer(x, check=check, progress=told, layers=follow_layers(bars))
    Console().print(answer_screen(result))
    if out is not None:
        np.savez(out, allow_pickle=False, **(result.tensors or {"output": result.output}))
    if result.evidence:
        path = evidence or evidence_path(chosen.manifest, question)
        path.write_bytes(result.telling if tell_input else result.evidence)
        trusting = f" --policy {policy}" if chosen.manifest.guarantee in TRUSTING else ""
        saved = size(path.stat().st_size)
        Console().print(f"evidence   {path}, {saved}: hush verify {path}{trusting}", soft_wrap=True)
    if not result.trusted:
        raise typer.Exit(1)


def phases_of(manifest: Manifest) -> Mapping[str, str]:
    """What goes on, in words."""
    if manifest.guarantee in TRUSTING:
        return SEALED
    return OPENLY if manifest.guarantee in OPEN else PHASES


def question_for(manifest: Manifest, question: str, prompt: Prompt) -> Path | Input:
    """What is asked, as the model takes it. Raises InvalidInput."""
    match manifest.takes:
        case "text":
            return prompt if manifest.streams else question
        case "numbers":
            return Path(question)
    return read_arrays(question, "input", TENSORS)


def written(model: Model, x: Path | Input, progress: Callable[[str, int, int], None]) -> Result:
    """Print a text as it is written."""
    if not isinstance(x, str | Prompt):
        raise InvalidInput("input", expected="a text", got=type(x).__name__)
    parts = model.stream(x, progress=progress)
    while True:
        try:
            typer.echo(printable(next(parts)), nl=False)
        except StopIteration as ended:
            typer.echo("\n")
            result: Result = ended.value
            return result


def evidence_path(manifest: Manifest, question: str) -> Path:
    """Beside a file that was asked about, or here."""
    suffix = SUFFIXES.get(manifest.guarantee, ".proof")
    asked = Path("answer") if manifest.takes == "text" else Path(question)
    return asked.with_suffix(suffix)


def knock(gateway: str) -> Door:
    """Connect to a gateway. Raises BadParameter or Unreachable."""
    address = parse_address(gateway)
    return connect(address.url, fingerprint=address.fingerprint)


def beforehand(manifest: Manifest, seconds: float | None) -> str:
    """What will be sent, and how long it takes by what validators measured."""
    sizes = (manifest.hello_limit, manifest.request_limit, manifest.response_limit)
    keys, request, answer = map(size, sizes)
    expected = "not judged yet" if seconds is None else f"about {duration(seconds)}, as judged"
    if manifest.guarantee in TRUSTING:
        return f"An enclave sees it, if its evidence is as your policy says\nEach: {expected}"
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
