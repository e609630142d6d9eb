"""Commands that need no network of processes, and errors as people see them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hushwork
from hushwork.cli import main
from hushwork.networks import sample
from hushwork.subnet.images import prepare
from hushwork.wire import Hotkey

ONE = ("--ledger", "x", "--hotkey-name", "one")
AWAY = f"http://{Hotkey.generate().address}@127.0.0.1:9"


@pytest.fixture
def hush(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command in this process; exit code, output, errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["hush", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_version(hush) -> None:
    assert hush("version") == (0, f"{hushwork.__version__}\n", "")


def test_sample_writes_the_shipped_images(hush, tmp_path: Path) -> None:
    code, out, _ = hush("sample", tmp_path / "images", "--count", 3)
    assert code == 0
    paths = [Path(line) for line in out.splitlines()]
    assert [path.name for path in paths] == [
        "000-ankle-boot.png",
        "001-pullover.png",
        "002-trouser.png",
    ]
    for path, image in zip(paths, sample()[0], strict=False):
        assert np.array_equal(np.asarray(Image.open(path)), image[0])


def test_sample_writes_colour_pictures_too(hush, tmp_path: Path) -> None:
    code, out, _ = hush("sample", tmp_path, "--count", 2, "--of", "cifar-10")
    assert code == 0
    paths = [Path(line) for line in out.splitlines()]
    assert [path.name for path in paths] == ["000-ship.png", "001-cat.png"]
    for path, image in zip(paths, sample("cifar-10")[0], strict=False):
        pixels = np.asarray(Image.open(path))
        assert np.array_equal(pixels.transpose(2, 0, 1), image)
        assert np.array_equal(prepare(path, (3, 32, 32)), image / 255)


def test_without_a_network_the_next_step_is_named(hush, tmp_path: Path) -> None:
    hush("sample", tmp_path, "--count", 1)
    code, out, err = hush(
        "infer", tmp_path / "000-ankle-boot.png", "--gateway", "http://127.0.0.1:9"
    )
    assert (code, out) == (1, "")
    assert len(err.strip().splitlines()) == 1
    assert "make up" in err


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (["miner", "--ledger", "x", "--hotkey-name", "none"], 1, "hush hotkey"),
        (["gateway", *ONE, "--ledger", "http://127.0.0.1:1"], 2, "http://KEY@host:port"),
        (["gateway", *ONE, "--network", "finney"], 1, "NETWORK=local"),
        (["gateway", *ONE, "--ledger", AWAY], 1, "make up"),
        (["miner", *ONE, "--guarantee", "insecure_plain", "--ledger", AWAY], 1, "tests only"),
        (["sample", "images", "--count", "1000"], 2, "256"),
        (["hotkey", "--hotkey-name", "one"], 1, "one already"),
    ],
)
def test_mistakes_are_one_plain_sentence(
    hush, tmp_path: Path, arguments: list[str], code: int, part: str
) -> None:
    wallets = ["--wallets", str(tmp_path)] if arguments[0] != "sample" else []
    assert hush("hotkey", "--hotkey-name", "one", "--wallets", tmp_path)[0] == 0
    got, out, err = hush(*arguments, *wallets)
    assert got == code
    assert part in err
    assert "Traceback" not in out + err


def test_a_folder_that_cannot_be_written_is_one_plain_sentence(hush, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for arguments in (("hotkey", "--wallets"), ("sample",)):
        code, _, said = hush(*arguments, tmp_path / "file" / "folder")
        assert code == 1
        assert "Not a directory" in said
        assert "Traceback" not in said


def test_a_hotkey_is_kept_for_its_owner_only(hush, tmp_path: Path) -> None:
    _, out, _ = hush("hotkey", "--wallets", tmp_path)
    address, path = out.split()
    assert address.startswith("5")
    assert Path(path).stat().st_mode & 0o77 == 0
