"""`hush adapt`: from a file and some images to a network that compiles."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hushwork.cli import main
from hushwork.networks import open_network, sample
from tests.networks.models import Model

HAS_TORCH = find_spec("torch") is not None


@pytest.fixture
def hush(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command in this process; exit code, output, errors."""
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["hush", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def model(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    made = Model(1, 28, 28)
    kernel = made.tensor(random.standard_normal((3, 1, 5, 5)) / 4)
    made.node("Conv", "x", kernel, strides=[2, 2])
    made.node("Relu")
    made.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    made.node("Flatten")
    made.node("Gemm", made.last, made.tensor(random.standard_normal((108, 10)) / 8))
    made.node("Softmax")
    path = tmp_path / "mine.onnx"
    path.write_bytes(made.encoded())
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    path = tmp_path / "images.npz"
    pixels, labels = sample()
    np.savez(path, images=pixels[:, 0], labels=labels)
    return path


def rows(out: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}


def test_a_table_and_a_file_that_reads(hush, model: Path, images: Path) -> None:
    code, out, err = hush("adapt", model, "--calibration", images, "--degree", 6, "--epochs", 0)
    assert code == 0, err
    said = rows(out)
    assert said["n1"][:2] == ["Relu", "6"]
    assert said["n2"][:2] == ["MaxPool", "6"]
    assert said["original"][1] == "100.00%"
    assert float(said["replaced"][1].rstrip("%")) > 50
    assert said["levels"][0] == "13,"
    written = model.with_name("mine-encrypted.onnx")
    assert said["next"] == ["hush", "compile", str(written), "--run"]
    assert f"hush serve {written}" in out
    assert open_network(written).name == "mine"


def test_average_pooling_takes_fewer_levels(hush, model: Path, images: Path) -> None:
    least = ("--degree", 2, "--epochs", 0, "--out", model.with_name("out.onnx"))
    code, out, err = hush("adapt", model, "--calibration", images, "--pool", "average", *least)
    assert code == 0, err
    assert rows(out)["levels"][0] == "3,"
    assert rows(out)["n2"] == ["MaxPool", "mean"]
    assert model.with_name("out.onnx").exists()


def test_folders_are_labels(hush, model: Path, tmp_path: Path) -> None:
    pixels, labels = sample()
    for index in range(30):
        folder = tmp_path / "pictures" / f"class {labels[index]}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[index, 0]).save(folder / f"{index}.png")
    arguments = ("--calibration", tmp_path / "pictures", "--epochs", 0)
    code, out, err = hush("adapt", model, *arguments)
    assert code == 0, err
    assert rows(out)["original"][0].endswith("%")
    for folder in (tmp_path / "pictures").iterdir():
        for file in folder.iterdir():
            file.rename(tmp_path / "pictures" / file.name)
        folder.rmdir()
    code, out, _ = hush("adapt", model, *arguments)
    assert rows(out)["original"][:2] == ["no", "labels"]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--degree", "1"], "2 to 127"),
        (["--degree", "128"], "2 to 127"),
        (["--margin", "0.5"], "1 to 4"),
        (["--calibration", "nowhere"], "fashion-mnist"),
        (["--calibration", "EMPTY"], "pictures"),
        (["--calibration", "FEW"], "10 classes"),
        (["--out", "nowhere/out.onnx"], "--out"),
        (["--calibration", "UNLABELLED", "--epochs", "2"], "with labels"),
        (["--calibration", "SMALL"], "(1, 28, 28)"),
        (["--calibration", "WRONG"], "0 to 9"),
        (["--mean", "0.5", "--mean", "0.5"], "1 or 1 numbers"),
    ],
)
def test_mistakes_are_one_plain_sentence(
    hush, model: Path, images: Path, tmp_path: Path, arguments: list[str], part: str
) -> None:
    pixels, labels = sample()
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "FEW/one").mkdir(parents=True)
    for index in range(10):
        Image.fromarray(pixels[index, 0]).save(tmp_path / "FEW/one" / f"{index}.png")
    np.savez(tmp_path / "UNLABELLED.npz", images=pixels)
    np.savez(tmp_path / "SMALL.npz", images=pixels[:, :, :20])
    np.savez(tmp_path / "WRONG.npz", images=pixels, labels=labels + 1)
    files = {name: tmp_path / f"{name}.npz" for name in ("UNLABELLED", "SMALL", "WRONG")}
    files |= {name: tmp_path / name for name in ("EMPTY", "FEW")}
    given = [str(files.get(word, word)) for word in arguments]
    if "--calibration" not in given:
        given += ["--calibration", str(images)]
    code, out, err = hush("adapt", model, *given)
    assert (code, out) == (1, "")
    assert part in err
    assert "Traceback" not in err


@pytest.mark.skipif(HAS_TORCH, reason="PyTorch is here")
def test_without_pytorch_the_extra_is_named(hush, model: Path, images: Path) -> None:
    code, _, err = hush("adapt", model, "--calibration", images, "--epochs", 1)
    assert code == 1
    assert "hushwork[torch]" in err


@pytest.mark.skipif(not HAS_TORCH, reason="needs PyTorch")
def test_fine_tuning_is_reported(hush, model: Path, images: Path) -> None:
    code, out, err = hush("adapt", model, "--calibration", images, "--epochs", 1)
    assert code == 0, err
    assert len(rows(out)["fine-tuned"]) == 2
