from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hushwork.errors import InvalidNetwork
from hushwork.networks import PlainRun, evaluate, open_network, sample
from hushwork.networks.data import to_input
from hushwork.subnet import Task, pictures
from hushwork.subnet.draws import KINDS, Draws, fresh_generator, is_judgeable
from tests.subnet.town import SHAPE, make_task, tiny_network
from tests.subnet.town import pictures as town_pictures


@pytest.fixture(scope="module")
def shipped() -> Task:
    network = open_network("lenet-fashion-mnist")
    return make_task(network, reference=PlainRun(network, 1), images=to_input(sample()[0]))


def test_draws_of_the_shipped_network_are_balanced_over_labels_and_kinds(shipped: Task) -> None:
    drawn = Draws(shipped, fresh_generator()).draw(60)
    labels = Counter(image.label for image in drawn)
    assert len(labels) == 10
    assert max(labels.values()) <= 9
    assert Counter(image.kind for image in drawn) == dict.fromkeys(KINDS, 20)
    for image in drawn:
        assert image.input.shape == (1, 28, 28)
        assert image.input.min() >= 0
        assert image.input.max() <= 1


def test_labels_are_those_of_the_reference_run() -> None:
    for image in Draws(make_task(), fresh_generator()).draw(24):
        expected = evaluate(tiny_network(), image.input[None])[0]
        assert np.allclose(image.reference, expected)
        assert image.label == np.argmax(expected)


def test_images_that_leave_the_bounds_are_never_used() -> None:
    def dark(images: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Any:
        return images.reshape(len(images), -1).mean(axis=1) < 0.4

    everything = Draws(make_task(), np.random.default_rng(0)).draw(60)
    assert not dark(np.stack([image.input for image in everything])).all()
    some = Draws(make_task(within=dark), np.random.default_rng(0)).draw(60)
    assert dark(np.stack([image.input for image in some])).all()


def test_no_image_comes_twice_in_a_round() -> None:
    draws = Draws(make_task(images=town_pictures(20)), fresh_generator())
    images = [image.input.tobytes() for _ in range(8) for image in draws.draw(6)]
    assert len(set(images)) == len(images) == 48


def test_rounds_differ_and_one_seed_repeats() -> None:
    def images(generator: np.random.Generator) -> list[bytes]:
        # One alone may be real, and of real ones there are few.
        return [drawn.input.tobytes() for drawn in Draws(make_task(), generator).draw(12)]

    assert images(fresh_generator()) != images(fresh_generator())
    assert images(np.random.default_rng(1)) == images(np.random.default_rng(1))


def test_images_are_real_only_if_they_are_said_to_be() -> None:
    real = {image.tobytes() for image in town_pictures()}
    for image in Draws(make_task(), fresh_generator()).draw(30):
        assert (image.input.tobytes() in real) == (image.kind == "real")


def test_images_whose_reference_cannot_be_judged_are_never_used() -> None:
    network = tiny_network()

    def treacherous(batch: np.ndarray) -> np.ndarray:
        outputs = evaluate(network, batch)
        outputs[batch[:, 0, 0, 0] > 0.15] = np.inf
        outputs[(batch[:, 0, 0, 0] > 0.1) & (batch[:, 0, 0, 0] <= 0.15)] *= 1000
        return outputs

    drawn = Draws(make_task(reference=treacherous), fresh_generator()).draw(40)
    assert all(image.input[0, 0, 0] <= 0.1 for image in drawn)


def test_a_reference_that_accepts_nothing_is_an_error() -> None:
    task = make_task(reference=lambda batch: np.full((len(batch), 4), np.nan))
    with pytest.raises(InvalidNetwork):
        Draws(task, fresh_generator()).draw(3)


@pytest.mark.parametrize(
    ("reference", "good"),
    [
        ([0.0, 1.0, 10.0], True),
        ([0.0, 9.9, 10.0], False),
        ([0.0, 1.0, 101.0], False),
        ([0.0, -101.0, 10.0], False),
        ([1.0, 1.0, 1.0], False),
        ([0.0, np.nan, 1.0], False),
        ([0.0, np.inf, 1.0], False),
    ],
)
def test_what_can_be_judged(reference: list[float], good: bool) -> None:
    """An answer within tolerance of what can be judged has its label."""
    assert is_judgeable(np.array(reference), 100.0) is good


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([(1, 8, 8), (3, 9, 7)]))
def test_image_operations_keep_shape_and_range(seed: int, shape: tuple[int, int, int]) -> None:
    generator = np.random.default_rng(seed)
    image = generator.uniform(size=shape)
    made = [
        pictures.shift(generator, image),
        pictures.rotate(generator, image),
        pictures.contrast(generator, image),
        pictures.flip(generator, image),
        pictures.elastic(generator, image),
        pictures.occlude(generator, image),
        pictures.blend(generator, image, image[:, ::-1]),
        pictures.smooth_field(generator, shape),
    ]
    for other in made:
        assert other.shape == shape
        assert other.min() >= -1e-12
        assert other.max() <= 1 + 1e-12
        assert not np.array_equal(other, image)


def test_warping_by_nothing_changes_nothing() -> None:
    image = np.random.default_rng(0).uniform(size=SHAPE)
    assert np.allclose(pictures.warp(image, *pictures.grid(8, 8)), image)
    rows, columns = pictures.grid(8, 8)
    moved = pictures.warp(image, rows - 1, columns)
    assert np.allclose(moved[:, 1:], image[:, :-1])
    assert np.allclose(moved[:, 0], 0)


def test_a_mirrored_image_is_drawn_only_where_it_keeps_its_label() -> None:
    images = town_pictures(1)
    mirrored = images[0][:, :, ::-1].tobytes()

    def drawn(flip: bool) -> set[bytes]:
        draws = Draws(make_task(images=images, flip=flip), np.random.default_rng(3))
        return {image.input.tobytes() for image in draws.draw(40)}

    assert mirrored not in drawn(False)
    assert mirrored in drawn(True)
