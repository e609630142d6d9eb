"""Zama's VGG-9 under Concrete, extrapolated from a patch of it.

Nearly all of its time goes into programmable bootstraps, one a table look-up, and each activation
is one. So the whole network takes what a table takes, times its tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, Key, Measured
from benchmarks.rows import seconds

WHO = "concrete"
TABLE = Key("concrete_table")


@dataclass(frozen=True)
class Activations:
    """Of one layer, each a table look-up."""

    layer: str
    channels: int
    side: int = 1

    @property
    def tables(self) -> int:
        return self.channels * self.side**2


VGG9 = (
    Activations("convolution 1", 64, 30),
    Activations("convolution 2", 64, 28),
    Activations("means over 2x2", 64, 14),
    Activations("convolution 3", 128, 12),
    Activations("convolution 4", 128, 10),
    Activations("means over 2x2", 128, 5),
    Activations("convolution 5", 256, 3),
    Activations("convolution 6", 256),
    Activations("dense 1", 512),
    Activations("dense 2", 512),
)
"""`models/model.py` of Zama's example: a quantiser after each batch norm and each mean."""

TABLES = sum(layer.tables for layer in VGG9)


def extrapolated(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    """The measured figures, and from the time of a table that of the network."""
    table = next(figure for figure in figures if figure.name == TABLE.name)
    return (*figures, Figure("vgg9", table.median * TABLES, table.best * TABLES, table.runs))


TITLES = ("layer", "channels", "positions", "tables")


def cells(measured: Measured) -> list[list[str]]:
    """The arithmetic, line by line."""
    lines = [
        [each.layer, str(each.channels), f"{each.side}x{each.side}", f"{each.tables:,}"]
        for each in VGG9
    ]
    lines.append(["**all**", "", "", f"**{TABLES:,}**"])
    table = measured.value(TABLE)
    if table is not None:
        said = f"{TABLES:,} x {seconds(table)} = **{seconds(table * TABLES)}**"
        lines.append(["times what one takes here, both cores at work", "", "", said])
    return lines
