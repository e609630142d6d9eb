"""`hush compile`: a table of what a network takes, or one sentence why it does not fit."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from hushwork.cli import main
from hushwork.cli.compile import Measured, layer_table, tier_line
from hushwork.cli.customer import beforehand
from hushwork.encrypted import LayerSummary, Summary, TierSummary
from hushwork.guarantee import Manifest
from tests.networks.models import Model

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def hush_compile(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Compile in this process, on 80 columns; exit code, output, errors."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["hush", "compile", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def small_network() -> bytes:
    """A linear layer, a square, a linear layer."""
    generator, model = np.random.default_rng(0), Model(6)
    first, last = (model.tensor(generator.standard_normal((6, 6)) / 3) for _ in range(2))
    model.node("MatMul", "x", first)
    model.node("Mul", model.last, model.last)
    model.node("MatMul", model.last, last)
    return model.encoded()


def deep_network() -> bytes:
    """Means of (1 + x^2) / 2, too often."""
    model = Model(6)
    model.last = "x"
    half, mean = model.tensor(0.5), model.tensor(np.full((6, 6), 1 / 6))
    for _ in range(50):
        model.node("Mul", model.last, model.last)
        model.node("Mul", model.last, half)
        model.node("Add", model.last, half)
        model.node("MatMul", model.last, mean)
    return model.encoded()


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "small.onnx"
    path.write_bytes(small_network())
    return path


def rows(out: str) -> dict[str, list[str]]:
    """Cells by the first word of each line."""
    lines = (re.split(r"\s{2,}", line.strip()) for line in out.splitlines() if line.strip())
    return {cells[0]: cells[1:] for cells in lines}


def test_layers_and_totals(hush_compile: Run, network: Path) -> None:
    code, out, _ = hush_compile(network)
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    said = rows(out)
    assert said["layer"] == ["layout", "limbs", "rotations", "products", "ms"]
    first, square, last = (said[name] for name in ("v0", "v1", "v2"))
    assert [cells[1] for cells in (first, square, last)] == ["4", "3", "2"]
    assert square[2:4] == ["0", "1 ct"]
    assert int(first[3]) >= 6
    assert all(cells[0].startswith("dense") for cells in (first, square, last))
    assert said["ring"] == ["N = 2^13"]
    assert "128-bit security allows 214" in said["moduli"][0]
    assert re.fullmatch(r"\d+; [\d.]+ [kM]B to upload once", said["keys"][0])
    assert re.fullmatch(
        r"up to 4 limbs: digits of \d, \d special primes, \d+ bits, \d keys", said["tier"][0]
    )
    assert {"request", "answer", "weights", "precision", "predicted"} <= set(said)
    assert "measured" not in out


def test_several_images_share_a_run(hush_compile: Run, network: Path) -> None:
    code, out, _ = hush_compile(network, "--images", 64, "--run")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    said = rows(out)
    images, rate = re.findall(r"\d[\d,]*", said["images"][0])
    assert int(images) > 1
    assert int(rate.replace(",", "")) > 60
    assert re.search(r"[\d,]+ images a minute", out)
    assert float(said["error"][0].split("%")[0]) < 0.1
    assert "images" not in rows(hush_compile(network, "--images", 1)[1])


def test_a_run_measures_every_layer(hush_compile: Run, network: Path) -> None:
    code, out, _ = hush_compile(network, "--run")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    said = rows(out)
    assert re.match(r" +predicted +measured *\n", out)
    # A layer may end before anybody looks at how far the one before it is.
    measured = [float(said[name][-1]) for name in ("v0", "v1", "v2")]
    assert min(measured) >= 0 < max(measured)
    assert float(said["error"][0].split("%")[0]) < 0.1
    assert re.match(
        r"[\d.]+ s on \d+ cores, kernel \w+; [\d.]+ s the first time", said["measured"][0]
    )


def test_what_does_not_fit_is_refused_in_a_sentence(hush_compile: Run, tmp_path: Path) -> None:
    path = tmp_path / "deep.onnx"
    path.write_bytes(deep_network())
    code, out, err = hush_compile(path)
    assert (code, out) == (1, "")
    assert len(err.strip().splitlines()) == 1
    assert re.match(r"Layer 'v\d+' comes when no level is left", err.strip())
    assert "N = 65536" in err
    assert re.search(r"got \d+ levels", err)


def bad_network(kind: str) -> bytes:
    """A file that holds something that no encrypted run can have."""
    model, weights = Model(6), np.full((6, 6), 1 / 6)
    if kind in ("nan", "inf"):
        weights[2, 3] = float(kind)
    model.node("MatMul", "x", model.tensor(weights))
    if kind == "relu":
        model.node("Relu")
    if kind == "gelu":
        model.node("Gelu")
    return b"junk" * 20 if kind == "junk" else model.encoded()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("nan", "expected finite numbers, got NaN or Inf)."),
        ("inf", "expected finite numbers, got NaN or Inf)."),
        ("relu", "Relu (node n1) does not run encrypted"),
        ("relu", "hush adapt replaces functions such as ReLU, and max pooling."),
        ("gelu", "Gelu (node n1) "),
        ("gelu", "hush adapt replaces functions such as ReLU, and max pooling."),
        ("junk", "Network (expected an ONNX file, got "),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(
    hush_compile: Run, tmp_path: Path, kind: str, said: str
) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(bad_network(kind))
    code, out, err = hush_compile(path)
    assert (code, out) == (1, "")
    assert len(err.strip().splitlines()) == 1
    assert said in err
    assert "Ask again" not in err


def test_a_wide_table_fits_a_terminal() -> None:
    layer = LayerSummary("/block/0/Conv", "64 x grid 1024", (12, 10), 1234, 56789, 0, 98765.4)
    tier = TierSummary(40, 20, 21, 987.6, 345)
    summary = Summary([layer], 1, 16, 1, 1, 1, [tier], 1, 1, "", 1, 1, 1, 1, 1e-3)
    screen = io.StringIO()
    table = layer_table(summary, Measured({layer.name: 12345.6}, 1.0, 1e-5))
    Console(width=80, file=screen).print(table)
    said = "/block/0/Conv 64 x grid 1024 12-10 1,234 56,789 98,765.4 12,345.6"
    assert screen.getvalue().splitlines()[-1].split() == said.split()
    assert len(tier_line(tier)) <= 80 - len("precision  ")


def test_a_name_that_is_neither_shipped_nor_a_file(hush_compile: Run) -> None:
    code, _, err = hush_compile("nowhere")
    assert code == 1
    assert "lenet-fashion-mnist" in err


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "not judged yet"),
        (0.3123, "about 0.31 s, as judged"),
        (72.4, "about 72 s, as judged"),
    ],
)
def test_an_upload_and_a_wait_are_told_beforehand(seconds: float | None, expected: str) -> None:
    manifest = Manifest("x", "x", "", (1,), (), 52_300_000, 600_000, 21_000, b"")
    keys, image = beforehand(manifest, seconds).splitlines()
    assert keys == "Keys to upload: 52.3 MB once"
    assert image == f"Each image: 0.6 MB up, 21.0 kB down; {expected}"
    assert len(image) <= 80
