"""`hush adapt`: anybody's classifier, made into one that runs encrypted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
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


@dataclass(frozen=True)
class Choice:
    """How to adapt."""

    method: Method
    images: int
    epochs: int | None


@dataclass(frozen=True, eq=False)
class Made:
    """What came of it."""

    network: Network
    replaced: tuple[Replacement, ...]
    scores: Mapping[str, Score]
    """By step, in order."""
    images: tuple[int, int]
    """To fit polynomials on, and to judge by."""


def adapt_model(
    *,
    model: Annotated[Path, typer.Argument(help="An ONNX file of a classifier.")],
    calibration: Annotated[
        str, typer.Option(help="An .npz, a folder of pictures, or a data set's name.")
    ],
    degree: Annotated[int, typer.Option(help="Of the polynomials: 2 to 127.")] = 4,
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
    if not out.parent.is_dir():
        raise NotFound("--out", expected="a file in a folder that exists", got=out)
    method = Method(degree, pool is Pool.AVERAGE, margin)
    original = prepare(model, mean, std)
    examples = read_calibration(calibration, original.shape)
    original = with_labels(original, examples)
    require_epochs(epochs, examples)
    with progress_bars(Console(stderr=True)) as bars:
        made = make(original, examples, Choice(method, images, epochs), follow(bars, PHASES))
    out.write_bytes(made.network.onnx)
    Console().print(replaced_table(made.replaced), "", score_table(made.scores), sep="\n")
    Console().print(outcome(made, out))
    if epochs is None and examples.labels is not None and not has_torch():
        Console().print(
            "With PyTorch it is fine-tuned: pip install 'hushwork[torch]'", markup=False
        )


def make(original: Prepared, examples: Examples, choice: Choice, tell: Progress) -> Made:
    """Replace, fine-tune if that was chosen, and keep what does better on images set aside."""
    fitting, held_out = examples.split()
    tell("running", 0, 1)
    wanted = original(held_out.inputs())
    check_classes(examples, wanted.shape[1])
    tell("running", 1, 1)
    adapted = adapt(original, fitting.inputs(slice(choice.images)), choice.method, tell)
    scores = {
        "original": score(wanted, wanted, held_out),
        "replaced": measured(adapted.network, wanted, held_out),
    }
    network = adapted.network
    if wants_tuning(choice.epochs, examples):
        network = tuned(adapted, fitting, choice.epochs or EPOCHS, tell)
        scores["fine-tuned"] = measured(network, wanted, held_out)
    best = network if written(scores) == "fine-tuned" else adapted.network
    return Made(best, adapted.replaced, scores, (adapted.images, len(held_out)))


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


def check_classes(examples: Examples, classes: int) -> None:
    """Raise InvalidInput for labels that are no output's index, or names of other classes."""
    labels, names = examples.labels, examples.names
    if names is not None and len(names) != classes:
        expected = f"{classes} classes, one for each output"
        raise InvalidInput("calibration", expected=expected, got=len(names))
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


def written(scores: Mapping[str, Score]) -> str:
    """The step whose network is kept: fine-tuning if it took place and did no harm."""
    after = scores.get("fine-tuned", Score(None, 0.0)).accuracy
    before = scores["replaced"].accuracy
    return "replaced" if after is None or before is None or after < before else "fine-tuned"


def outcome(made: Made, out: Path) -> Table:
    """What was written, what it takes, and what to type next."""
    levels, most = depth(made.network)
    advice = [f"[bold]hush compile {out} --run[/]", f"[bold]hush serve {out}[/]"]
    if levels > most:
        advice = ["[red]too deep: a lower --degree, or --pool average, takes fewer levels[/]"]
    lines = Table.grid(padding=(0, 2, 0, 0))
    fitted, judged = made.images
    lines.add_row("images", f"{fitted:,} to fit polynomials on, {judged:,} others to judge by")
    lines.add_row("written", f"{out}, {len(made.network.onnx) / 1e6:,.1f} MB")
    lines.add_row("levels", f"{levels}, of about {most} that are carried")
    for title, line in zip(("next", ""), advice, strict=False):
        lines.add_row(title, line)
    return lines


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


def score_table(scores: Mapping[str, Score]) -> Table:
    """Accuracy and agreement by step, and which of them was written."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("network", "accuracy", "same label as before", ""):
        table.add_column(title, justify="left" if title in ("network", "") else "right")
    for name, one in scores.items():
        accuracy = "no labels" if one.accuracy is None else f"{one.accuracy:.2%}"
        mark = "written" if name == written(scores) else ""
        table.add_row(name, accuracy, f"{one.agreement:.2%}", mark)
    return table
