"""`hush publish`, `hush prove`, `hush verify` and `hush share` on a newcomer's own file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hushwork.cli.app import app
from hushwork.errors import (
    BudgetSpent,
    HushworkError,
    InvalidInput,
    MalformedBytes,
    NotFound,
    UnsupportedOperator,
)
from hushwork.networks import PlainRun, read_onnx
from hushwork.proved import Evidence, Vault
from tests.networks.models import Model

SHAPE = (2, 6, 6)


def write_network(path: Path, kind: str = "Relu") -> None:
    rng = np.random.default_rng(5)
    model = Model(*SHAPE)
    weight = model.tensor(rng.normal(size=(4, 2, 3, 3)))
    model.node("Conv", "x", weight, model.tensor(rng.normal(size=4)))
    model.node(kind)
    model.node("Flatten")
    model.node("Gemm", model.last, model.tensor(rng.normal(size=(3, 64))), transB=1)
    path.write_bytes(model.encoded())


def hush(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_network(tmp_path / "own.onnx")
    rng = np.random.default_rng(6)
    np.save(tmp_path / "images.npy", rng.uniform(size=(40, *SHAPE)))
    np.save(tmp_path / "x.npy", rng.uniform(size=SHAPE))
    return tmp_path


def test_a_newcomer_proves_and_anybody_verifies(folder: Path) -> None:
    made = hush("prove", "own.onnx", "x.npy", "--data", "images.npy", "--nonce", "c0ffee")
    assert made.exit_code == 0, made.output
    expected = PlainRun(read_onnx(folder / "own.onnx"))(np.load("x.npy")[None])[0].argmax()
    assert f"label     {expected}".split() == made.stdout.splitlines()[3].split()
    (folder / "own.onnx").unlink()
    (folder / "own.vault").unlink()
    checked = hush("verify", "x.proof", "--nonce", "C0FFEE")
    assert checked.exit_code == 0, checked.output
    assert "valid" in checked.stdout
    assert "c0ffee" in checked.stdout


def test_published_models_are_proved_again_from_the_vault(folder: Path) -> None:
    published = hush("publish", "own.onnx", "--data", "images.npy")
    assert published.exit_code == 0, published.output
    assert "1024 proofs are left" in published.stdout
    assert (folder / "own.model").stat().st_size > 10_000
    told = hush("prove", "own.vault", "x.npy", "--hide", "--tell", "class", "--hotkey", "5abc")
    assert told.exit_code == 0, told.output
    checked = hush("verify", "x.proof", "--hotkey", "5abc")
    assert checked.exit_code == 0, checked.output
    assert "not told" in checked.stdout
    assert "largest" not in checked.stdout


def test_a_share_of_a_vault_proves_on_another_machine(folder: Path) -> None:
    assert hush("publish", "own.onnx", "--data", "images.npy").exit_code == 0
    shared = hush("share", "own.vault", "--epochs", "2", "--out", "two.vault")
    assert shared.exit_code == 0, shared.output
    assert "own.vault: 960 proofs are left, 30 epochs" in shared.stdout
    assert "two.vault: 64 proofs are left, 2 epochs" in shared.stdout
    evidence = []
    for vault in ("own.vault", "two.vault"):
        assert hush("prove", vault, "x.npy").exit_code == 0
        assert hush("verify", "x.proof").exit_code == 0
        evidence.append(Evidence.from_bytes((folder / "x.proof").read_bytes()))
    here, there = evidence
    assert here.publication == there.publication
    assert here.epoch != there.epoch


@pytest.mark.parametrize(
    ("vault", "epochs", "out", "error"),
    [
        ("own.vault", "33", "two.vault", BudgetSpent),
        ("own.vault", "1", "x.npy", InvalidInput),
        ("none.vault", "1", "two.vault", NotFound),
        ("x.npy", "1", "two.vault", MalformedBytes),
    ],
)
def test_a_share_that_cannot_be_given_is_refused(
    folder: Path, vault: str, epochs: str, out: str, error: type
) -> None:
    Vault.create(folder / "own.vault", b"publication", b"weights", b"s" * 32)
    done = hush("share", vault, "--epochs", epochs, "--out", out)
    assert isinstance(done.exception, error)
    assert Vault(folder / "own.vault").epochs == 32
    assert not (folder / "two.vault").exists()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["verify", "none.proof"], NotFound),
        (["verify", "x.npy"], HushworkError),
        (["prove", "own.onnx", "images.npy", "--data", "images.npy"], InvalidInput),
        (["prove", "own.onnx", "x.npy", "--data", "images.npy", "--tell", "it"], InvalidInput),
        (["prove", "own.onnx", "x.npy", "--data", "images.npy", "--nonce", "xyz"], InvalidInput),
        (["prove", "other.onnx", "x.npy", "--data", "images.npy"], UnsupportedOperator),
    ],
)
def test_what_is_wrong_is_said(folder: Path, arguments: list[str], error: type) -> None:
    write_network(folder / "other.onnx", "Erf")
    done = hush(*arguments)
    assert done.exit_code == 1
    assert isinstance(done.exception, error)


def test_another_hotkey_model_or_nonce_is_said(folder: Path) -> None:
    assert hush("prove", "own.onnx", "x.npy", "--data", "images.npy").exit_code == 0
    assert (folder / "x.proof").exists()
    for option in ("--hotkey", "--model", "--nonce"):
        done = hush("verify", "x.proof", option, "abcd")
        assert isinstance(done.exception, InvalidInput), option
