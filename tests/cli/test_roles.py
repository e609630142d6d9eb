"""What roles do that were told little."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hushwork.cli import published, roles, tasks
from hushwork.cli.told import ToldWorker
from tests.insecure_plain import InsecureWorker
from tests.subnet.town import tiny_network

Made = list[tuple[str, Path | None]]
HOTKEY = "5a hotkey"


class Enough(Exception):
    """Where the test ends."""


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """The networks that workers were made of, with the shared folder; nothing is connected."""
    networks: Made = []

    def worker(name: str, _: object, shared: Path | None, hotkey: str) -> InsecureWorker:
        assert hotkey == HOTKEY
        networks.append((name, shared))
        return InsecureWorker(tiny_network())

    monkeypatch.setattr(
        tasks.guarantees,
        "load",
        lambda name: SimpleNamespace(name=name, worker=worker, proves=name == "proved"),
    )
    monkeypatch.setattr(published, "open_network", lambda name: name)
    for name in ("open_hotkey", "open_ledger"):
        monkeypatch.setattr(roles, name, lambda *_: SimpleNamespace(address=HOTKEY))
    return networks


@pytest.fixture
def mined(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The workers that a miner offered."""
    offered: list[Any] = []
    monkeypatch.setattr(roles, "mine", lambda _seat, workers, _stake: offered.extend(workers))
    return offered


@pytest.mark.usefixtures("mined")
def test_a_miner_told_nothing_offers_whatever_validators_score(made: Made) -> None:
    roles.miner(ledger="x")
    assert made == [("vgg9-cifar-10", None), ("lenet-fashion-mnist", None)]


@pytest.mark.usefixtures("mined")
def test_a_miner_offers_what_it_was_told(made: Made, tmp_path: Path) -> None:
    roles.miner(ledger="x", model=["a.onnx"], shared=tmp_path)
    assert made == [("a.onnx", tmp_path)]


@pytest.mark.usefixtures("mined")
def test_a_vault_is_where_one_says_or_beside_the_network(made: Made, tmp_path: Path) -> None:
    both = ["a.onnx", "lenet5"]
    roles.miner(ledger="x", model=both, guarantee=["encrypted", "proved"])
    assert made == [("a.onnx", None), ("lenet5", Path("lenet5.vault"))]
    roles.miner(ledger="x", model=["a.onnx"], guarantee=["proved"])
    roles.miner(ledger="x", model=["a.onnx"], guarantee=["proved"], shared=tmp_path)
    named = Path("named.vault")
    roles.miner(ledger="x", model=["a.onnx"], guarantee=["proved"], shared=tmp_path, vault=named)
    assert [place for _, place in made[2:]] == [Path("a.vault"), tmp_path, named]


@pytest.mark.usefixtures("made")
def test_a_miner_tells_its_parent_of_layers_and_nobody_else(mined: list[Any]) -> None:
    roles.miner(ledger="x", model=["a.onnx"])
    roles.miner(ledger="x", model=["a.onnx"], lines=True)
    assert [isinstance(worker, ToldWorker) for worker in mined] == [False, True]


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    ("model", "scored", "said"),
    [
        ([], "lenet-fashion-mnist", "scoring lenet-fashion-mnist, since CIFAR-10 is not in"),
        (["vgg9"], "vgg9", ""),
    ],
)
def test_a_validator_says_which_network_it_took_by_default(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    model: list[str],
    scored: str,
    said: str,
) -> None:
    monkeypatch.setenv("HUSHWORK_CACHE", str(tmp_path))

    def make_task(name: str, *_: object, **__: object) -> None:
        assert name == scored
        raise Enough

    make: Callable[..., None] = make_task
    monkeypatch.setattr(roles, "make_task", make)
    with pytest.raises(Enough):
        roles.validator(ledger="x", model=model)
    error = capsys.readouterr().err
    assert said in error
    assert bool(error) == bool(said)
