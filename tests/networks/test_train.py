"""Training on a handful of images; needs the extra `torch`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hushwork.networks import PlainRun, evaluate, read_onnx

torch = pytest.importorskip("torch")

from hushwork.networks.train import augment, lenet  # noqa: E402
from hushwork.networks.train.export import lenet_onnx  # noqa: E402
from hushwork.networks.train.model import excess  # noqa: E402

LABELS = tuple("0123456789")
RECIPE = replace(lenet.RECIPES["fashion-mnist"], epochs=2, batch=50)


@pytest.fixture
def data() -> lenet.Split:
    """Ten kinds of bright squares, 100 images."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(100) % 10
    images = torch.rand(100, 1, 28, 28, generator=generator) * 0.2
    for image, label in zip(images, labels.tolist(), strict=True):
        image[0, 5 + 4 * (label // 5) :][:4, 2 + 5 * (label % 5) :][:, :4] += 0.8
    return lenet.Split(images, labels)


def trained(data: lenet.Split, epochs: int) -> lenet.Trainer:
    trainer = lenet.Trainer(RECIPE, 0, len(data.labels))
    for _ in range(epochs):
        trainer.epoch(data)
        trainer.history.append(trainer.measure(data))
    return trainer


def test_export_computes_what_the_model_computes(data: lenet.Split) -> None:
    trainer = trained(data, 2)
    encoded = lenet_onnx(trainer.model, "squares", LABELS)
    network = read_onnx(encoded)
    assert (network.name, network.labels) == ("squares", LABELS)
    with torch.no_grad():
        expected = trainer.model(data.images)[0].numpy()
    x = data.images.numpy()
    np.testing.assert_allclose(PlainRun(network)(x), expected, atol=1e-4)
    np.testing.assert_allclose(evaluate(network, x), expected, atol=1e-4)


def test_resumed_training_ends_where_it_would_have_ended(data: lenet.Split, tmp_path: Path) -> None:
    trained(data, 1).save(tmp_path / "one.pt")
    resumed = lenet.Trainer(RECIPE, 0, len(data.labels))
    resumed.resume(tmp_path / "one.pt")
    resumed.epoch(data)
    for got, expected in zip(
        resumed.model.parameters(), trained(data, 2).model.parameters(), strict=True
    ):
        torch.testing.assert_close(got, expected)


def test_excess_counts_only_what_is_beyond_the_limit() -> None:
    inside, outside = torch.full((2, 3), 5.0), torch.tensor([[8.0, -9.0, 0.0], [0.0, 0.0, 0.0]])
    assert excess([inside], 6.0) == 0
    assert float(excess([inside, outside], 6.0)) == pytest.approx(np.log1p(5.0) / 2)


def test_augmentation_keeps_the_image_within_its_range(data: lenet.Split) -> None:
    generator = torch.Generator().manual_seed(0)
    for turned in (0.0, 12.0):
        images = augment.augment(data.images, generator, flip=True, degrees=turned)
        assert images.shape == data.images.shape
        assert 0 <= images.min() <= images.max() <= 1
    shifted = augment.augment(data.images, generator, flip=False, degrees=0)
    assert not torch.equal(shifted, data.images)
    erased = augment.erase(torch.ones(50, 1, 28, 28), generator, 6)
    assert set((erased == 0).flatten(1).sum(1).tolist()) <= {
        a * b for a in range(1, 7) for b in range(1, 7)
    }
    stressed = augment.stress(data.images, generator)
    assert 0 <= stressed.min() <= stressed.max() <= 1


def test_whole_pixel_shifts_move_pixels_and_change_none(data: lenet.Split) -> None:
    generator = torch.Generator().manual_seed(3)
    shifted = augment.augment(data.images, generator, flip=False, degrees=0)
    for before, after in zip(data.images[:, 0], shifted[:, 0], strict=True):
        moves = [
            torch.roll(before, (down, right), (0, 1))[2:-2, 2:-2]
            for down in range(-2, 3)
            for right in range(-2, 3)
        ]
        assert min((move - after[2:-2, 2:-2]).abs().max() for move in moves) < 1e-4
