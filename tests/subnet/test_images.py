from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hushwork.errors import InvalidInput
from hushwork.subnet.images import prepare

GREY = (1, 8, 6)
COLOUR = (3, 8, 6)


def test_a_picture_is_made_grey_and_resized() -> None:
    image = Image.new("RGB", (60, 80), (255, 255, 255))
    prepared = prepare(image, GREY)
    assert prepared.shape == GREY
    assert prepared.dtype == np.float64
    assert np.allclose(prepared, 1.0)


def test_a_picture_of_the_right_size_keeps_its_pixels(tmp_path: Path) -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(8, 6)
    Image.fromarray(pixels).save(tmp_path / "grey.png")
    for picture in (tmp_path / "grey.png", str(tmp_path / "grey.png"), Image.fromarray(pixels)):
        assert np.array_equal(prepare(picture, GREY), pixels[None] / 255)


def test_colours_come_first() -> None:
    image = Image.new("RGB", (6, 8), (255, 0, 51))
    prepared = prepare(image, COLOUR)
    assert np.allclose(prepared[:, 0, 0], [1.0, 0.0, 0.2])


def test_a_photograph_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    image = Image.new("L", (8, 6))
    image.putpixel((0, 0), 255)
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.png", exif=exif)
    prepared = prepare(tmp_path / "turned.png", GREY)
    assert np.argwhere(prepared[0] == 1.0).tolist() == [[0, 5]]


@pytest.mark.parametrize("suffix", ["png", "tiff", "pgm"])
def test_sixteen_bits_are_scaled_and_not_cut(tmp_path: Path, suffix: str) -> None:
    pixels = np.linspace(0, 65535, 48).astype(np.uint16).reshape(8, 6)
    Image.fromarray(pixels).save(tmp_path / f"deep.{suffix}")
    prepared = prepare(tmp_path / f"deep.{suffix}", GREY)
    assert np.allclose(prepared[0], pixels / 65535, atol=1 / 255)


def test_pixels_without_a_known_range_are_refused(tmp_path: Path) -> None:
    for pixels in (np.zeros((8, 6), np.float32), np.full((8, 6), 1 << 20, np.int32)):
        Image.fromarray(pixels).save(tmp_path / "odd.tiff")
        with pytest.raises(InvalidInput, match="16 bits"):
            prepare(tmp_path / "odd.tiff", GREY)


def test_nothing_is_inverted() -> None:
    assert prepare(Image.new("L", (6, 8), 0), GREY).max() == 0.0


def test_arrays_are_taken_as_they_are() -> None:
    floats = np.random.default_rng(0).uniform(size=GREY)
    assert np.array_equal(prepare(floats, GREY), floats)
    assert np.array_equal(prepare(floats[0], GREY), floats)
    bytes_ = np.full(GREY, 51, dtype=np.uint8)
    assert np.allclose(prepare(bytes_, GREY), 0.2)


@pytest.mark.parametrize(
    "shape", [(8, 8), (1, 6, 8), (2, 8, 6), (48,), (1, 1, 8, 6), (0, 8, 6), ()]
)
def test_an_array_of_the_wrong_size_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput) as wrong:
        prepare(np.zeros(shape), GREY)
    assert str(GREY) in str(wrong.value)
    assert str(shape) in str(wrong.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.01, 1.01, 255.0, 1e9])
def test_an_array_with_values_outside_is_refused(value: float) -> None:
    array = np.zeros(GREY)
    array[0, 3, 3] = value
    low, high = array.min(), array.max()
    with pytest.raises(InvalidInput) as wrong:
        prepare(array, GREY)
    assert str(wrong.value) == f"image (expected values in [0, 1], got {low:g} to {high:g})"


@pytest.mark.parametrize("value", [None, 3, [[0.5]], b"image.png"])
def test_what_is_no_picture_at_all_is_refused(value: object) -> None:
    with pytest.raises(
        InvalidInput, match=f"a Pillow image or an array, got {type(value).__name__}"
    ):
        prepare(value, GREY)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["U1", "O", "complex128", "M8[s]"])
def test_an_array_without_numbers_is_refused(kind: str) -> None:
    with pytest.raises(InvalidInput):
        prepare(np.zeros(GREY).astype(kind), GREY)


@pytest.mark.parametrize(
    "content",
    [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"P6\n6 8\n2x5\n" + b"\0" * 144],
)
def test_a_file_without_a_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InvalidInput):
        prepare(tmp_path / "file", GREY)
    with pytest.raises(InvalidInput):
        prepare(tmp_path / "nowhere", GREY)
    with pytest.raises(InvalidInput):
        prepare(tmp_path, GREY)


def test_a_cut_picture_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:1500])
    with pytest.raises(InvalidInput):
        prepare(tmp_path / "cut.png", GREY)


def test_an_enormous_picture_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(InvalidInput):
        prepare(Image.new("1", (10_000, 6_000)), GREY)


def test_a_network_without_images_takes_arrays_only() -> None:
    assert prepare(np.full(5, 0.5), (5,)).shape == (5,)
    with pytest.raises(InvalidInput):
        prepare(Image.new("L", (5, 1)), (5,))
