"""`hush sample`: images at hand for somebody who has none."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from hushwork.networks import sample as shipped_sample
from hushwork.networks.data import LABELS, SAMPLES, name_of

SHIPPED = 256


class Of(StrEnum):
    """Data sets of which images ship."""

    FASHION_MNIST = "fashion-mnist"
    CIFAR_10 = "cifar-10"


def sample(
    directory: Annotated[Path, typer.Argument(help="Where to put them; made if missing.")],
    count: Annotated[int, typer.Option(min=1, max=SHIPPED, help="How many.")] = 10,
    of: Annotated[Of, typer.Option(help="Which data set.")] = Of.FASHION_MNIST,
) -> None:
    """Write some of the shipped test images as PNG files: 256 of Fashion-MNIST, 100 of CIFAR-10."""
    directory.mkdir(parents=True, exist_ok=True)
    for index, image in enumerate(shipped_sample(of)[0][:count]):
        path = directory / file_name(of, index)
        pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
        Image.fromarray(pixels).save(path)
        typer.echo(path)


def file_name(of: str, index: int) -> str:
    """What an image of the sample is called: its place and its label."""
    label = LABELS[of][shipped_sample(of)[1][index]]
    return f"{index:03d}-{re.sub(r'[^a-z]+', '-', label.lower())}.png"


def sample_for(labels: tuple[str, ...]) -> str:
    """The data set whose sample is meant for a network with these labels, or the common one."""
    name = name_of(labels)
    return name if name in SAMPLES else Of.FASHION_MNIST
