"""The inputs of a round: real, augmented and synthetic images, balanced over reference labels.

A public test set alone could be learnt by heart, and noise falls into one class or overflows a
degree-2 network; so the draws mix three kinds and are judged against the reference run alone.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import InvalidNetwork
from hushwork.guarantee import Input
from hushwork.subnet import pictures
from hushwork.subnet.scoring import TOLERANCE, logit_range
from hushwork.subnet.task import Task

Array = NDArray[np.float64]
T = TypeVar("T")
Kind = Literal["real", "augmented", "synthetic"]
KINDS: tuple[Kind, ...] = get_args(Kind)

BATCH = 32
MOST_BATCHES = 12


@dataclass(frozen=True, eq=False)
class Drawn:
    """One input of a round, with the outputs of the reference run."""

    input: Input
    reference: Array | None
    kind: Kind

    @property
    def label(self) -> int:
        """The reference's label: what balance and correctness are about; 0 without one."""
        return 0 if self.reference is None else int(np.argmax(self.reference))


def fresh_generator() -> np.random.Generator:
    """A generator seeded by the operating system; one for each round, never used again."""
    return np.random.default_rng(int.from_bytes(os.urandom(32), "big"))


class Draws:
    """The draws of one round: no image comes twice, so that no answer fits twice."""

    def __init__(self, task: Task, generator: np.random.Generator) -> None:
        self._task = task
        self._generator = generator
        self._seen: set[bytes] = set()
        self._pool: dict[tuple[Kind, int], list[Drawn]] = defaultdict(list)

    def draw(self, count: int) -> list[Drawn]:
        """`count` images, spread over kinds and, as far as they can be found, over labels.

        Raises InvalidNetwork if the reference run accepts no image at all.
        """
        kinds = spread(self._generator, KINDS, count)
        known = len(self._task.manifest.labels) if self._task.reference else 1
        labels = spread(self._generator, range(known), count)
        batches = Counter(dict.fromkeys(KINDS, MOST_BATCHES))
        found = [self._find(place, batches) for place in zip(kinds, labels, strict=True)]
        taken = [drawn for drawn in found if drawn is not None]
        for kind, drawn in zip(kinds, found, strict=True):
            if drawn is None:
                taken.append(self._least_drawn(taken, kind))
        return [taken[index] for index in self._generator.permutation(count)]

    def _find(self, place: tuple[Kind, int], batches: Counter[Kind]) -> Drawn | None:
        """One of this kind and label, making new candidates while there are batches left."""
        kind, _ = place
        drawn = self._pop(place)
        while drawn is None and batches[kind] > 0:
            batches[kind] -= 1
            self._add_candidates(kind)
            drawn = self._pop(place)
        return drawn

    def _pop(self, place: tuple[Kind, int]) -> Drawn | None:
        """The next of this kind and label that keeps the network within the manifest's bounds."""
        pool = self._pool[place]
        while pool:
            drawn = pool.pop()
            if self._task.within(np.asarray(drawn.input)[None])[0]:
                return drawn
        return None

    def _least_drawn(self, taken: list[Drawn], wanted: Kind) -> Drawn:
        """One of this kind if there is any, with the label drawn least."""
        drawn_so_far = Counter(drawn.label for drawn in taken)
        order = sorted(self._pool, key=lambda place: (place[0] != wanted, drawn_so_far[place[1]]))
        for place in order:
            if drawn := self._pop(place):
                return drawn
        raise InvalidNetwork("the reference run accepts none of the images drawn")

    def _add_candidates(self, kind: Kind) -> None:
        """Make a batch, and keep what is new and can be judged."""
        batch = np.stack([_make(self._task, kind, self._generator) for _ in range(BATCH)])
        for image, reference in zip(batch, self._outputs(batch), strict=True):
            name = hashlib.sha256(image.tobytes()).digest()
            judgeable = reference is None or is_judgeable(reference, self._task.logit_bound)
            if name not in self._seen and judgeable:
                self._seen.add(name)
                drawn = Drawn(image, reference, kind)
                self._pool[kind, drawn.label].append(drawn)

    def _outputs(self, batch: Array) -> Sequence[Array | None]:
        if self._task.reference is None:
            return [None] * len(batch)
        with np.errstate(all="ignore"):
            return list(self._task.reference(batch))


def spread(generator: np.random.Generator, values: Sequence[T], count: int) -> list[T]:
    """`count` values in random order, each about equally often."""
    order = generator.permutation(len(values))
    cycle = [values[order[index % len(values)]] for index in range(count)]
    return [cycle[index] for index in generator.permutation(count)]


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
