"""`hush sample`: images at hand for somebody who has none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from hushwork.networks import sample as shipped_sample
from hushwork.networks.data import LABELS

SHIPPED = 256


def sample(
    directory: Annotated[Path, typer.Argument(help="Where to put them; made if missing.")],
    count: Annotated[int, typer.Option(min=1, max=SHIPPED, help="How many.")] = 10,
) -> None:
    """Write some of the shipped Fashion-MNIST test images as PNG files."""
    directory.mkdir(parents=True, exist_ok=True)
    images, labels = shipped_sample()
    names = LABELS["fashion-mnist"]
    for index in range(count):
        name = re.sub(r"[^a-z]+", "-", names[labels[index]].lower())
        path = directory / f"{index:03d}-{name}.png"
        Image.fromarray(images[index, 0]).save(path)
        typer.echo(path)
