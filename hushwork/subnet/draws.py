"""The inputs of a round: real, augmented and synthetic images, balanced over reference labels.

A public test set alone could be learnt by heart, and noise falls into one class or overflows a
degree-2 network; so the draws mix three kinds and are judged against the reference run alone.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import InvalidNetwork
from hushwork.subnet import pictures
from hushwork.subnet.scoring import TOLERANCE, logit_range
from hushwork.subnet.task import Task

Array = NDArray[np.float64]
T = TypeVar("T")
Kind = Literal["real", "augmented", "synthetic"]
KINDS: tuple[Kind, ...] = get_args(Kind)

BATCH = 32
ATTEMPTS = 12


@dataclass(frozen=True, eq=False)
class Drawn:
    """One image of a round, with the outputs of the reference run."""

    image: Array
    reference: Array
    kind: Kind

    @property
    def label(self) -> int:
        """The reference's label: what balance and correctness are about."""
        return int(np.argmax(self.reference))


def fresh_generator() -> np.random.Generator:
    """A generator seeded by the operating system; one for each round, never used again."""
    return np.random.default_rng(int.from_bytes(os.urandom(32), "big"))


def draw(task: Task, count: int, generator: np.random.Generator) -> tuple[Drawn, ...]:
    """`count` images, spread over kinds and, as far as they can be found, over labels.

    Raises InvalidNetwork if the reference run accepts no image at all.
    """
    kinds = _spread(generator, list(KINDS), count)
    labels = _spread(generator, list(range(len(task.manifest.labels))), count)
    wanted = Counter(zip(kinds, labels, strict=True))
    taken: list[Drawn] = []
    spare: dict[Kind, list[Drawn]] = {kind: [] for kind in KINDS}
    seen: set[bytes] = set()
    for _ in range(ATTEMPTS):
        for kind in {kind for kind, _ in wanted.elements()}:
            _choose(wanted, taken, spare, _usable(task, kind, generator, seen))
        if not wanted.total():
            break
    for kind, _ in wanted.elements():
        taken.append(_least_drawn(taken, spare, kind))
    return tuple(taken[index] for index in generator.permutation(count))


def _spread(generator: np.random.Generator, values: list[T], count: int) -> list[T]:
    """`count` values in random order, each about equally often."""
    order = generator.permutation(len(values))
    cycle = [values[order[index % len(values)]] for index in range(count)]
    return [cycle[index] for index in generator.permutation(count)]


def _choose(
    wanted: Counter[tuple[Kind, int]],
    taken: list[Drawn],
    spare: dict[Kind, list[Drawn]],
    candidates: Iterator[Drawn],
) -> None:
    for candidate in candidates:
        place = (candidate.kind, candidate.label)
        if wanted[place] > 0:
            wanted[place] -= 1
            taken.append(candidate)
        else:
            spare[candidate.kind].append(candidate)


def _least_drawn(taken: list[Drawn], spare: dict[Kind, list[Drawn]], kind: Kind) -> Drawn:
    """A spare image of this kind, else of any, whose label has been drawn least."""
    pool = spare[kind] or [drawn for pool in spare.values() for drawn in pool]
    if not pool:
        raise InvalidNetwork("the reference run accepts none of the images drawn")
    drawn_so_far = Counter(drawn.label for drawn in taken)
    best = min(pool, key=lambda drawn: drawn_so_far[drawn.label])
    spare[best.kind].remove(best)
    return best


def _usable(
    task: Task, kind: Kind, generator: np.random.Generator, seen: set[bytes]
) -> Iterator[Drawn]:
    """New candidates of one kind whose reference can be judged."""
    batch = np.stack([_make(task, kind, generator) for _ in range(BATCH)])
    with np.errstate(all="ignore"):
        outputs = task.reference(batch)
    for image, reference in zip(batch, outputs, strict=True):
        name = image.tobytes()
        if name not in seen and is_judgeable(reference, task.logit_bound):
            seen.add(name)
            yield Drawn(image, reference, kind)


def is_judgeable(reference: Array, logit_bound: float) -> bool:
    """Finite, inside the bound, and with a label that an error within tolerance cannot turn."""
    if not np.isfinite(reference).all() or np.abs(reference).max() > logit_bound:
        return False
    second, first = np.partition(reference, -2)[-2:]
    return bool(first - second > 2 * TOLERANCE * logit_range(reference))


def _make(task: Task, kind: Kind, generator: np.random.Generator) -> Array:
    image = _pick(task, generator)
    if kind == "augmented" and image.ndim == 3:
        image = _any(_AUGMENTATIONS[: None if task.flip else -1], generator)(generator, image)
    elif kind != "real":
        image = _synthetic(task, generator, image)
    return np.clip(image, 0.0, 1.0)


def _synthetic(task: Task, generator: np.random.Generator, image: Array) -> Array:
    """A blend, a deformation, an occlusion, or a smooth field over a faint image."""
    way = generator.integers(4) if image.ndim == 3 else 0
    if way == 1:
        return pictures.elastic(generator, image)
    if way == 2:
        return pictures.occlude(generator, image)
    if way == 3:
        field = pictures.smooth_field(generator, image.shape)
        return pictures.blend(generator, field, image)
    return pictures.blend(generator, image, _pick(task, generator))


def _pick(task: Task, generator: np.random.Generator) -> Array:
    return np.asarray(task.images[generator.integers(len(task.images))], dtype=np.float64)


def _any(choices: tuple[T, ...], generator: np.random.Generator) -> T:
    return choices[int(generator.integers(len(choices)))]


_AUGMENTATIONS: tuple[Callable[[np.random.Generator, Array], Array], ...] = (
    pictures.shift,
    pictures.rotate,
    pictures.contrast,
    pictures.flip,
)
