"""Encrypted classifiers of CIFAR-10 that others published, beside ours: seconds an image.

Networks, accuracies and machines differ; each line says which. Only ours and Concrete's are
measured here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Key, Measured
from benchmarks.rows import seconds
from benchmarks.svg import COLOURS, Axis, bare, document, grid, text

_LEFT, _PLOT, _RIGHT, _TOP = 330, 480, 90, 64
_BAR, _PITCH = 15, 23
KINDS = {
    "here": COLOURS[0],
    "extrapolated": COLOURS[3],
    "processors": COLOURS[1],
    "GPU": COLOURS[4],
}


@dataclass(frozen=True)
class Published:
    """One figure, and where it stands."""

    who: str
    network: str
    machine: str
    kind: str
    """Of KINDS."""
    seconds: float
    accuracy: str = ""
    source: str = ""


THEIRS = (
    Published(
        "OpenFHE", "ResNet-20", "not named", "processors", 1145, "83.8 %", "arXiv 2508.11575"
    ),
    Published(
        "LowMemoryFHEResNet20",
        "ResNet-20",
        "Apple M1 Pro",
        "processors",
        300,
        "",
        "its README: under five minutes",
    ),
    Published(
        "Concrete ML",
        "VGG-9",
        "128 cores (m6i.metal)",
        "processors",
        40,
        "86.0 %",
        "README of zama-ai/concrete-ml, cifar_brevitas_training",
    ),
    Published(
        "Concrete ML", "VGG-9", "eight GPUs", "GPU", 28, "", "reported by Zama, GPU not named"
    ),
    Published("HyPHEN", "ResNet-20", "a GPU", "GPU", 1.40, "", "arXiv 2302.02407"),
    Published("Cheddar", "ResNet-20", "H100", "GPU", 1.05, "", "its README; arXiv 2407.13055"),
    Published("Cheddar", "ResNet-20", "RTX 5090", "GPU", 0.72, "", "its README"),
)

VGG9 = Key("vgg9")


def everybody(ours: Measured, concrete: Measured, accuracy: str) -> list[Published]:
    """All of them, the slowest first."""
    found = list(THEIRS)
    if time := concrete.value(VGG9):
        here = "two cores, extrapolated"
        found.append(Published("Concrete", "VGG-9", here, "extrapolated", time, "", "here, below"))
    if time := ours.value(VGG9):
        found.append(
            Published("Hushwork", "VGG-9", "two cores", "here", time, accuracy, "here, above")
        )
    return sorted(found, key=lambda one: -one.seconds)


TITLES = ("who", "network", "machine", "an image", "accuracy", "where it stands")


def cells(found: Sequence[Published]) -> list[list[str]]:
    """One line for each."""
    return [
        [one.who, one.network, one.machine, seconds(one.seconds), one.accuracy, one.source]
        for one in found
    ]


def draw(found: Sequence[Published]) -> str:
    """A bar for each on a logarithmic axis, coloured by what it ran on."""
    axis = Axis([one.seconds for one in found], _LEFT, _PLOT)
    bottom = _TOP + _PITCH * len(found)
    lines = [line for tick in axis.ticks() for line in _tick(axis, tick, bottom)]
    for place, one in enumerate(found):
        lines += _bar(axis, one, _TOP + _PITCH * place)
    return document(_LEFT + _PLOT + _RIGHT, bottom + 24, [*_legend(), *lines])


def _bar(axis: Axis, one: Published, top: float) -> list[str]:
    end, base = axis.at(one.seconds), top + _BAR - 3
    size = f"x='{_LEFT}' y='{top}' width='{end - _LEFT:.1f}' height='{_BAR}'"
    return [
        text(_LEFT - 8, base, f"{one.who}, {one.network}, {one.machine}", "end"),
        f"<rect {size} fill='{KINDS[one.kind]}'/>",
        text(end + 5, base, seconds(one.seconds)),
    ]


def _tick(axis: Axis, value: float, bottom: float) -> list[str]:
    x = axis.at(value)
    name = text(x, bottom + 16, bare(seconds, value), "middle")
    return [grid(f"M{x:.1f} {_TOP - 8}V{bottom}"), name]


def _legend() -> list[str]:
    lines = [text(8, 20, "CIFAR-10, one encrypted image: seconds, logarithmic")]
    for place, (kind, colour) in enumerate(KINDS.items()):
        x = 8 + 130 * place
        lines.append(f"<rect x='{x}' y='32' width='12' height='12' fill='{colour}'/>")
        lines.append(text(x + 18, 42, kind))
    return lines
