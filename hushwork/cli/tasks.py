"""What a validator scores: a network, a guarantee, and images to draw from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hushwork import guarantee as guarantees
from hushwork.cli.arrays import read_arrays
from hushwork.cli.judging import follows_for, reference_for
from hushwork.cli.published import is_published, judge_for
from hushwork.errors import HushworkError, InvalidInput
from hushwork.guarantee import TRUSTING, Guarantee, Manifest, Progress
from hushwork.networks import Network, sample
from hushwork.networks.data import SAMPLES, cache_directory, is_cached, load, name_of, to_input
from hushwork.networks.layers import Array, Shape
from hushwork.networks.models import Embedder
from hushwork.subnet import Task
from hushwork.subnet.draws import fresh_generator
from hushwork.subnet.pictures import smooth_field

SYNTHETIC = 256
"""Inputs made for a network without a data set."""
VGG, LENET = "vgg9-cifar-10", "lenet-fashion-mnist"
SCORED = (VGG, LENET)
"""What validators score who were told nothing, one or the other: miners then offer both."""


def default_model(data: str | None) -> tuple[str, str]:
    """VGG-9 where CIFAR-10 is at hand, LeNet elsewhere; and why."""
    if data is None:
        found = f"CIFAR-10 is {'' if is_cached('cifar-10') else 'not '}in {cache_directory()}"
        return VGG if is_cached("cifar-10") else LENET, found
    try:
        load("cifar-10", data)
    except HushworkError as error:
        return LENET, f"CIFAR-10 cannot be read from {data}: {error}"
    return VGG, f"{data} is CIFAR-10"


def make_task(
    model: str,
    guarantee: Guarantee,
    data: str | None,
    progress: Progress,
    *,
    publication: Path | None = None,
    shared: Path | None = None,
    policy: Path | None = None,
    share: float = 1.0,
    top: int = 3,
) -> Task:
    """Compile a model and gather its images.

    `policy`: which enclaves the validator trusts. Raises InvalidInput, NotFound, InvalidNetwork
    or InvalidPolicy.
    """
    judge, network = judge_for(model, guarantee, progress, publication=publication, shared=shared)
    if guarantee.name in TRUSTING:
        guarantee.client(judge.manifest, policy).close()  # before the first round needs it
    return Task(
        manifest=judge.manifest,
        guarantee=guarantee,
        reference=reference_for(network, judge.manifest.takes),
        within=judge.within,
        images=images_for(judge.manifest, data),
        examples=examples_for(judge.manifest, data),
        emission=share,
        top=top,
        agreement="cosine" if isinstance(network, Embedder) else "logits",
        follows=follows_for(network, judge.manifest.takes),
        policy=policy,
    )


def promises_for(models: Sequence[str], names: Sequence[str]) -> Sequence[Guarantee]:
    """The guarantee of each model: one for all, or one for each.

    By default published models are proved, all others encrypted.
    Raises InvalidInput, InsecureGuarantee or UnknownManifest.
    """
    names = names or ["proved" if is_published(model) else "encrypted" for model in models]
    if len(names) not in {1, len(models)}:
        expected = f"one for all, or {len(models)}: one for each --model"
        raise InvalidInput("guarantees", expected=expected, got=list(names))
    named = zip(models, cycle(names), strict=False)
    return [guarantees.load(name) for _, name in named]


def shares_for(models: Sequence[str], shares: Sequence[float]) -> Sequence[float]:
    """Share of the emission of each model, equal by default. Raises InvalidInput."""
    if not shares:
        return [1.0] * len(models)
    if len(shares) != len(models) or min(shares) < 0 or not 0 < sum(shares) < np.inf:
        raise InvalidInput("shares", expected=f"{len(models)}, none below 0", got=list(shares))
    return shares


def images_for(network: Network | Manifest, data: str | None) -> Array:
    """Test images of the data set whose labels the network has; without it, those that ship.

    For any other network the user's own images, or else smooth random fields.
    """
    if not network.input_shape:
        return np.empty(0)
    name = name_of(network.labels)
    digits = name == "mnist" and network.input_shape != (1, 28, 28)  # or outputs without labels
    if name is None or digits:
        return own_images(Path(data), network.input_shape) if data else fields(network.input_shape)
    if data is None and name in SAMPLES and not is_cached(name):
        return to_input(sample(name)[0])
    return to_input(load(name, data).test_images)


def examples_for(manifest: Manifest, data: str | None) -> Mapping[str, NDArray[Any]]:
    """Inputs of an .npz file, by name, for a model that takes tensors. Raises InvalidInput."""
    if manifest.takes != "tensors":
        return {}
    expected = "--data FILE.npz: arrays of inputs by name, each (count, *its shape)"
    arrays = read_arrays(data or "", manifest.network, expected)
    counts = {len(array) if array.ndim else 0 for array in arrays.values()}
    if len(counts) != 1 or not min(counts):
        raise InvalidInput(manifest.network, expected=expected, got=f"counts {sorted(counts)}")
    return arrays


def own_images(path: Path, shape: Shape) -> Array:
    """Images of an .npy file, (count, *shape), bytes or numbers in [0, 1]. Raises InvalidInput."""
    expected = f"an .npy array of shape (count, {', '.join(map(str, shape))})"
    try:
        images = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InvalidInput("images", expected=expected, got=error) from None
    if not isinstance(images, np.ndarray) or images.shape[1:] != shape or not len(images):
        raise InvalidInput("images", expected=expected, got=getattr(images, "shape", "an archive"))
    numbers = np.asarray(images, dtype=np.float64) / (255 if images.dtype == np.uint8 else 1)
    if not (numbers.min() >= 0 and numbers.max() <= 1):
        got = f"{images.dtype}, {numbers.min():g} to {numbers.max():g}"
        raise InvalidInput("images", expected="bytes, or numbers in [0, 1]", got=got)
    return numbers


def fields(shape: Shape) -> Array:
    """Random inputs: smooth where they are images."""
    generator = fresh_generator()
    if len(shape) != 3:
        return generator.uniform(size=(SYNTHETIC, *shape))
    return np.stack([smooth_field(generator, shape) for _ in range(SYNTHETIC)])
