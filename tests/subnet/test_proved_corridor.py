"""Proved jobs over real HTTP: the validator's round, and a customer at the gateway."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hushwork.errors import BadAnswer, UnknownManifest
from hushwork.networks import Network, PlainRun, read_onnx
from hushwork.networks.integers import quantise
from hushwork.proved import (
    Evidence,
    Owner,
    ProvedJudge,
    ProvedWorker,
    Publication,
    Vault,
    guarantee,
    publish,
)
from hushwork.proved.shared import model_path, vault_path
from hushwork.subnet import Task
from tests.networks.models import Model
from tests.subnet.town import LABELS, Town, pictures, tiny_network


@pytest.fixture(scope="module")
def network() -> Network:
    """What the town's network is, from a file."""
    weight = tiny_network().layers[1].weight  # type: ignore[union-attr]
    model = Model(1, 8, 8)
    model.node("Flatten", "x")
    model.node("Gemm", model.last, model.tensor(weight), transB=1)
    return replace(read_onnx(model.encoded(), "sides"), labels=LABELS)


@pytest.fixture(scope="module")
def shared(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shared")
    owner = publish(quantise(network, pictures()), vault_path(folder, network), log_domain=14)
    model_path(folder, network).write_bytes(owner.publication.to_bytes())
    return folder


@pytest.fixture
def task(network: Network, shared: Path) -> Task:
    judge = guarantee.judge(network, None, shared)
    plain = PlainRun(network, threads=1)
    return Task(manifest=judge.manifest, guarantee=guarantee, reference=plain, images=pictures())


def serve(town: Town, network: Network, shared: Path, name: str, hotkey: str = "") -> str:
    """A miner, as whom its proofs say."""
    address = town.join(name, stake=0).address
    worker = guarantee.worker(network, None, shared, hotkey or address)
    assert isinstance(worker, ProvedWorker)
    town.miner(name, worker)
    return address


def test_every_answer_of_a_round_proves_itself(
    town: Town, network: Network, shared: Path, task: Task
) -> None:
    good = serve(town, network, shared, "good")
    thief = serve(town, network, shared, "thief", hotkey=good)
    validator = town.validator_of(task)
    validator.run_round()
    rows = {row.hotkey: row for row in validator.snapshot.rows}
    assert rows[good].agreement == 1.0
    assert rows[good].weight == 1.0
    assert rows[thief].score == 0.0
    assert rows[thief].last_error == "wrong_answer"


def test_nobody_but_the_owner_needs_the_network(town: Town, network: Network, shared: Path) -> None:
    """A miner with a vault alone, a validator with a publication alone."""
    address = town.join("miner", stake=0).address
    town.miner("miner", ProvedWorker(Owner(Vault(vault_path(shared, network))), address))
    publication = Publication.from_bytes(model_path(shared, network).read_bytes())
    judge = ProvedJudge(publication)
    blind = Task(manifest=judge.manifest, guarantee=guarantee, reference=None, images=pictures())
    validator = town.validator_of(blind)
    validator.run_round()
    (row,) = validator.snapshot.rows
    assert (row.hotkey, row.agreement, row.weight) == (address, 1.0, 1.0)
    assert row.last_label in LABELS


def test_a_customer_gets_evidence(town: Town, network: Network, shared: Path) -> None:
    miner = serve(town, network, shared, "miner")
    with town.door(town.gateway()) as door, door.model(guarantee="proved") as model:
        result = model.infer(pictures()[2])
    assert result.label == "top"
    findings = Evidence.from_bytes(result.evidence).check()
    assert findings.claim.bound.hotkey == miner == result.miner
    assert findings.label == LABELS.index("top") or findings.label == "top"
    assert findings.input is not None
    assert np.array_equal(findings.input[..., 0], np.round(pictures()[2][0] * 255))


def test_nobody_shows_an_input_without_being_asked(
    town: Town, network: Network, shared: Path
) -> None:
    serve(town, network, shared, "miner")
    door = town.door(town.gateway())
    with pytest.raises(UnknownManifest, match=r"hides its input.*sides \(proved\), got no name"):
        door.model()
    assert door.model("sides").manifest.guarantee == "proved"


def test_a_customer_refuses_somebody_elses_answer(
    town: Town, network: Network, shared: Path
) -> None:
    serve(town, network, shared, "thief", hotkey="somebody else")
    door = town.door(town.gateway())
    with door.model(guarantee="proved") as model, pytest.raises(BadAnswer):
        model.infer(pictures()[2])
