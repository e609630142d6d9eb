"""Calibration images in whatever form they come."""

import numpy as np
import pytest

from hushwork.errors import InvalidInput, MalformedBytes
from hushwork.networks.adapt.examples import examples, from_file

RANDOM = np.random.default_rng(0)
BYTES = RANDOM.integers(0, 256, (20, 3, 4, 5)).astype(np.uint8)
LABELS = np.arange(20) % 3


def test_bytes_and_numbers_mean_the_same():
    one = examples(BYTES, LABELS, (3, 4, 5))
    other = examples(BYTES / 255, LABELS[:, None], (3, 4, 5))
    np.testing.assert_allclose(one.inputs(), other.inputs(), atol=1e-6)
    assert one.inputs().dtype == np.float32
    np.testing.assert_array_equal(one.labels, other.labels)


def test_channels_may_come_last_or_lack():
    last = examples(np.moveaxis(BYTES, 1, -1), None, (3, 4, 5))
    np.testing.assert_array_equal(last.images, BYTES)
    assert examples(BYTES[:, 0], None, (1, 4, 5)).images.shape == (20, 1, 4, 5)


def test_a_fifth_is_set_aside_and_labels_follow():
    marked = np.broadcast_to(np.arange(20, dtype=np.uint8)[:, None], (20, 7))
    fitting, held_out = examples(marked, np.arange(20), (7,)).split()
    assert (len(fitting), len(held_out)) == (16, 4)
    for part in (fitting, held_out):
        np.testing.assert_array_equal(part.images[:, 0], part.labels)
    assert sorted([*fitting.labels, *held_out.labels]) == list(range(20))


@pytest.mark.parametrize(("images", "labels"), [("images", "labels"), ("x_train", "y_train")])
def test_a_file_by_its_keys(tmp_path, images, labels):
    np.savez(tmp_path / "data.npz", **{images: BYTES, labels: LABELS})
    found = from_file(tmp_path / "data.npz", (3, 4, 5))
    np.testing.assert_array_equal(found.images, BYTES)
    np.testing.assert_array_equal(found.labels, LABELS)


def test_a_file_without_labels(tmp_path):
    np.savez(tmp_path / "data.npz", images=BYTES)
    assert from_file(tmp_path / "data.npz", (3, 4, 5)).labels is None


@pytest.mark.parametrize("arrays", [{}, {"pictures": BYTES}, {"images": np.array([{}] * 20)}])
def test_a_file_of_something_else_is_refused(tmp_path, arrays):
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(MalformedBytes, match="images"):
        from_file(tmp_path / "data.npz", (3, 4, 5))


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    (tmp_path / "data.npz").write_bytes(b"images")
    with pytest.raises(MalformedBytes):
        from_file(tmp_path / "data.npz", (3, 4, 5))


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (BYTES[:9], None),
        (BYTES[:0], None),
        (BYTES[:, :2], None),
        (BYTES.astype(np.int64), None),
        (BYTES * 1.0, None),
        (BYTES / 255 - 0.5, None),
        (np.where(BYTES > 250, np.nan, 0.5), None),
        (BYTES, LABELS[:10]),
        (BYTES, LABELS * 1.0),
        (np.zeros(20, np.uint8), None),
    ],
)
def test_what_does_not_fit_is_refused(images, labels):
    with pytest.raises(InvalidInput, match="expected"):
        examples(images, labels, (3, 4, 5))
