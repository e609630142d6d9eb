from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hushwork.cli.tasks import fields, images_for, own_images, shares_for
from hushwork.errors import InvalidInput
from hushwork.networks import open_network
from tests.subnet.town import SHAPE, tiny_network


def saved(folder: Path, images: object) -> Path:
    np.save(folder / "images.npy", images, allow_pickle=True)  # type: ignore[arg-type]
    return folder / "images.npy"


def test_the_shipped_sample_serves_the_default_network() -> None:
    images = images_for(open_network("lenet-fashion-mnist"), None)
    assert images.shape == (256, 1, 28, 28)


@pytest.mark.parametrize(("kind", "unit"), [(np.uint8, 255), (np.float32, 1)])
def test_a_network_of_one_s_own_takes_one_s_own_images(
    tmp_path: Path, kind: type, unit: int
) -> None:
    images = (np.random.default_rng(0).random((3, *SHAPE)) * unit).astype(kind)
    found = images_for(tiny_network(), str(saved(tmp_path, images)))
    np.testing.assert_array_equal(found, images / np.float64(unit))


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 8, 8)),
        np.zeros((0, *SHAPE)),
        np.full((1, *SHAPE), 1.5),
        np.full((1, *SHAPE), np.nan),
        np.array([{"a": 1}]),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, images: object) -> None:
    with pytest.raises(InvalidInput, match="images"):
        own_images(saved(tmp_path, images), SHAPE)


def test_other_files_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "several.npz", a=np.zeros(3))
    (tmp_path / "text").write_text("not an array")
    for name in ("several.npz", "text", "nowhere"):
        with pytest.raises(InvalidInput, match=r"an \.npy array"):
            own_images(tmp_path / name, SHAPE)


def test_without_images_inputs_are_made_anew() -> None:
    assert images_for(tiny_network(), None).shape[1:] == SHAPE
    for shape in ((3, 5, 7), (6,)):
        one, other = fields(shape), fields(shape)
        assert one.shape[1:] == shape
        assert one.min() >= 0
        assert one.max() <= 1
        assert not (one == other).any(axis=0).all()


def test_shares_are_equal_or_one_for_each_model() -> None:
    assert shares_for(["a", "b"], []) == [1.0, 1.0]
    assert shares_for(["a", "b"], [0.75, 0.25]) == [0.75, 0.25]
    for bad in ([1.0], [1.0, -0.5], [0.0, 0.0], [np.inf, 1.0], [np.nan, 1.0]):
        with pytest.raises(InvalidInput, match="shares"):
            shares_for(["a", "b"], bad)
