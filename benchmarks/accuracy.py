"""The accuracy of a shipped network: plain on its whole test set, and encrypted against plain.

python -m benchmarks.accuracy [vgg9-cifar-10] [--only plain] [--source FOLDER] [--images 200]

The test set is for finished networks: no choice may be made on what this says.
"""

from __future__ import annotations

import argparse

from rich.console import Console

from benchmarks import network
from benchmarks.figures import Figure, Measured, save, saved
from benchmarks.growing import opened
from hushwork.errors import HushworkError, NotFound
from hushwork.networks import Network, PlainRun
from hushwork.networks.data import LABELS, load, name_of, to_input
from hushwork.networks.train.evaluate import right

WHO = "accuracy"
PARTS = ("plain", "encrypted")


def plain(name: str, source: str | None) -> tuple[Figure, ...]:
    """The share of test images that the plain run labels right. Raises NotFound."""
    found = opened(name)
    dataset = load(data_set(found), source)
    logits, labels = PlainRun(found)(to_input(dataset.test_images)), dataset.test_labels
    share = right(logits, labels) / len(labels)
    return (Figure(f"{found.name}_plain", share, share, len(labels)),)


def data_set(network: Network) -> str:
    """The one whose classes these are. Raises NotFound."""
    if name := name_of(network.labels):
        return name
    raise NotFound("a data set of these classes", expected=list(LABELS), got=network.labels)


def encrypted(name: str, source: str | None, images: int) -> tuple[Figure, ...]:
    """The share of the first test images whose encrypted label is the plain one."""
    measured, called = network.run(name, images, source), opened(name).name
    same, error = measured["same_label"] / measured["images"], measured["largest_error"]
    return (
        Figure(f"{called}_labels", same, same, measured["images"]),
        Figure(f"{called}_error", error, error, measured["images"]),
    )


def keep(figures: tuple[Figure, ...]) -> None:
    """Beside what is kept already, in place of what was of the same name."""
    new = {figure.name for figure in figures}
    others = (figure for figure in saved(WHO).figures if figure.name not in new)
    save(Measured(WHO, (*others, *figures)))


def text(figure: Figure) -> str:
    """For people."""
    if figure.name.endswith("_error"):
        return f"{figure.name}: {figure.median:.1e} of the range, at most, of {figure.runs} images"
    count = round(figure.median * figure.runs)
    return f"{figure.name}: {count:,} of {figure.runs:,} ({figure.median:.2%})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("network", nargs="?", default=network.VGG9)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--source", help="as for hushwork.networks.data.load")
    parser.add_argument("--images", type=int, default=200, help="of the encrypted part")
    arguments = parser.parse_args()
    name, source = arguments.network, arguments.source
    parts = {
        "plain": lambda: plain(name, source),
        "encrypted": lambda: encrypted(name, source, arguments.images),
    }
    for part in [arguments.only] if arguments.only else PARTS:
        try:
            figures = parts[part]()
        except HushworkError as error:
            raise SystemExit(f"{name}: {error}") from None
        keep(figures)
        for figure in figures:
            Console().print(text(figure), highlight=False)


if __name__ == "__main__":
    main()
