"""`hush adapt`: anybody's classifier, made into one that runs encrypted."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table

from hushwork.cli.calibration import calibration as read_calibration
from hushwork.cli.customer import follow
from hushwork.cli.report import progress_bars
from hushwork.encrypted import depth
from hushwork.errors import InvalidInput, NotFound
from hushwork.guarantee import Progress
from hushwork.networks import Network, PlainRun
from hushwork.networks.adapt import Adapted, Method, Prepared, Replacement, adapt, prepare
from hushwork.networks.adapt.examples import Examples

PHASES = {
    "running": "running the network as it is",
    "replacing": "replacing layer by layer",
    "tuning": "fine-tuning",
}
EPOCHS = 3


class Pool(StrEnum):
    """What max pooling becomes."""

    MAX = "max"
    AVERAGE = "average"


@dataclass(frozen=True)
class Score:
    """How a network does on the images set aside."""

    accuracy: float | None
    """None without labels."""
    agreement: float
    """Part of the images to which the original gives the same label."""


def adapt_model(
    *,
    model: Annotated[Path, typer.Argument(help="An ONNX file of a classifier.")],
    calibration: Annotated[
        str, typer.Option(help="An .npz, a folder of pictures, or a data set's name.")
    ],
    degree: Annotated[int, typer.Option(help="Of the polynomials: 2 to 31.")] = 4,
    out: Annotated[
        Path | None, typer.Option(help="File to write; MODEL-encrypted.onnx by default.")
    ] = None,
    pool: Annotated[
        Pool, typer.Option(help="Max pooling: by polynomials, or by the mean (fewer levels).")
    ] = Pool.MAX,
    images: Annotated[int, typer.Option(min=1, help="Images to fit polynomials on.")] = 1024,
    margin: Annotated[
        float, typer.Option(help="Width of a polynomial's range, over that of the numbers met.")
    ] = 1.2,
    mean: Annotated[
        list[float], typer.Option(help="Subtracted from pixels in [0, 1]; once or by channel.")
    ] = [],  # noqa: B006 - typer copies it
    std: Annotated[
        list[float], typer.Option(help="Divides pixels after that; once or by channel.")
    ] = [],  # noqa: B006
    epochs: Annotated[
        int | None, typer.Option(min=0, help=f"Of fine-tuning with labels; {EPOCHS} by default.")
    ] = None,
) -> None:
    """Replace what cannot run encrypted, fine-tune if there are labels, and show what it costs."""
    out = out or model.with_name(f"{model.stem}-encrypted.onnx")
    method = Method(degree, pool is Pool.AVERAGE, margin)
    original = prepare(model, mean, std)
    examples = read_calibration(calibration, original.shape)
    original = with_labels(original, examples)
    fitting, held_out = examples.split()
    require_epochs(epochs, examples)
    with progress_bars(Console(stderr=True)) as bars:
        tell = follow(bars, PHASES)
        tell("running", 0, 1)
        wanted = original(held_out.inputs())
        check_labels(examples, wanted.shape[1])
        tell("running", 1, 1)
        adapted = adapt(original, fitting.inputs(slice(images)), method, tell)
        scores = [
            ("original", score(wanted, wanted, held_out)),
            ("replaced", measured(adapted.network, wanted, held_out)),
        ]
        network = adapted.network
        if wants_tuning(epochs, examples):
            network = tuned(adapted, fitting, epochs or EPOCHS, tell)
            scores.append(("fine-tuned", measured(network, wanted, held_out)))
    best = network if is_better(scores) else adapted.network
    out.write_bytes(best.onnx)
    Console().print(report(adapted, scores, best, out, len(held_out)))


def with_labels(original: Prepared, examples: Examples) -> Prepared:
    """The names of the classes, where the file has none and the data has."""
    if original.labels is not None or examples.names is None:
        return original
    return replace(original, labels=json.dumps(examples.names))


def require_epochs(epochs: int | None, examples: Examples) -> None:
    """Refuse to fine-tune without what it takes, if it was asked for."""
    if epochs and examples.labels is None:
        raise InvalidInput("--epochs", expected="calibration data with labels", got="none")
    if epochs and not has_torch():
        raise NotFound("fine-tuning needs PyTorch: pip install 'hushwork[torch]'")


def wants_tuning(epochs: int | None, examples: Examples) -> bool:
    """Whether to fine-tune: if asked to, or if there is all that it takes."""
    return examples.labels is not None and epochs != 0 and has_torch()


def has_torch() -> bool:
    """Whether PyTorch is installed."""
    return find_spec("torch") is not None


def check_labels(examples: Examples, classes: int) -> None:
    """Raise InvalidInput for labels that are no output's index."""
    labels = examples.labels
    if labels is not None and not (labels.min() >= 0 and labels.max() < classes):
        got = f"{labels.min()} to {labels.max()}"
        raise InvalidInput("labels", expected=f"0 to {classes - 1}", got=got)


def tuned(adapted: Adapted, fitting: Examples, epochs: int, tell: Progress) -> Network:
    """Fine-tune; loads PyTorch."""
    from hushwork.networks.adapt.tune import Schedule, tune

    return tune(adapted.network, fitting, Schedule(epochs), tell)


def measured(network: Network, wanted: NDArray[np.float32], held_out: Examples) -> Score:
    """Score of a plain run."""
    with np.errstate(all="ignore"):
        outputs = PlainRun(network)(held_out.inputs())
    return score(outputs, wanted, held_out)


def score(outputs: NDArray[np.floating], wanted: NDArray[np.float32], held_out: Examples) -> Score:
    """Score of outputs; those that are no numbers are wrong."""
    label = np.where(np.isfinite(outputs).all(axis=1), outputs.argmax(axis=1), -1)
    agreement = float((label == wanted.argmax(axis=1)).mean())
    labels = held_out.labels
    return Score(None if labels is None else float((label == labels).mean()), agreement)


def is_better(scores: list[tuple[str, Score]]) -> bool:
    """Whether fine-tuning took place and helped."""
    by_name = dict(scores)
    after = by_name.get("fine-tuned")
    return after is not None and (after.accuracy or 0.0) >= (by_name["replaced"].accuracy or 0.0)


def report(
    adapted: Adapted, scores: list[tuple[str, Score]], network: Network, out: Path, held_out: int
) -> Group:
    """What was replaced, what it costs in accuracy and in levels, and what to type next."""
    levels, most = depth(network)
    advice = [f"[bold]hush compile {out} --run[/]", f"[bold]hush serve {out}[/]"]
    if levels > most:
        advice = ["[red]too deep: a lower --degree, or --pool average, takes fewer levels[/]"]
    lines = Table.grid(padding=(0, 2, 0, 0))
    lines.add_row("written", f"{out}, {len(network.onnx) / 1e6:,.1f} MB")
    lines.add_row("levels", f"{levels}, of about {most} that are carried")
    for title, line in zip(("next", ""), advice, strict=False):
        lines.add_row(title, line)
    fitted = f"Fitted on {adapted.images:,} images, judged on {held_out:,} others."
    return Group(replaced_table(adapted.replaced), "", score_table(scores), fitted, "", lines)


def replaced_table(replaced: tuple[Replacement, ...]) -> Table:
    """A row for each layer."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("layer")
    table.add_column("was")
    for title in ("degree", "range", "error"):
        table.add_column(title, justify="right", no_wrap=True)
    for one in replaced:
        if one.degree == 0:
            table.add_row(one.layer, one.operators, "mean", "", "")
        else:
            extent = f"{one.low:,.2f} to {one.high:,.2f}"
            table.add_row(one.layer, one.operators, f"{one.degree}", extent, f"{one.error:.2%}")
    return table


def score_table(scores: list[tuple[str, Score]]) -> Table:
    """Accuracy and agreement by step."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("network", "accuracy", "same label as before"):
        table.add_column(title, justify="left" if title == "network" else "right")
    for name, one in scores:
        accuracy = "no labels" if one.accuracy is None else f"{one.accuracy:.2%}"
        table.add_row(name, accuracy, f"{one.agreement:.2%}")
    return table
