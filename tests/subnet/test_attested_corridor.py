"""Attested jobs over real HTTP: the validator's round, and a customer at the gateway."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hushwork.attested import AttestedWorker, Record, guarantee
from hushwork.attested.platforms import DevelopmentPlatform
from hushwork.attested.policy import Policy
from hushwork.cli.demo import Behaviour, disguise
from hushwork.cli.platforms import POLICY, development_platform
from hushwork.cli.tasks import make_task
from hushwork.errors import (
    BadAnswer,
    InvalidInput,
    InvalidPolicy,
    NotFound,
    StaleEvidence,
    UntrustedRoot,
)
from hushwork.guarantee import Prompt, load
from hushwork.networks.models import open_model
from hushwork.subnet import Model, Task
from hushwork.subnet.scoring import points_the_same_way
from tests.networks.open_models.making import two_by_two, written
from tests.subnet.town import Town

MODEL = "tiny-tales"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a development platform, with its policy."""
    folder = tmp_path_factory.mktemp("platform")
    development_platform(folder)
    return folder


def task_of(model: str, policy: Path) -> Task:
    return make_task(model, load("attested"), None, lambda *_: None, policy=policy)


def serve(
    town: Town,
    platform: Path,
    name: str,
    model: str = MODEL,
    *,
    hotkey: str = "",
    behaviour: Behaviour = Behaviour.HONEST,
) -> str:
    """A miner, as whom its receipts say."""
    address = town.join(name, stake=0).address
    opened = open_model(model, threads=1)
    worker = AttestedWorker(opened, DevelopmentPlatform.load(platform), hotkey or address)
    town.miner(name, disguise(worker, behaviour))
    return address


def test_a_round_over_pictures(town: Town, platform: Path) -> None:
    network = "lenet5-fashion-mnist"
    good = serve(town, platform, "good", network)
    thief = serve(town, platform, "thief", network, hotkey=good)
    forger = serve(town, platform, "forger", network, behaviour=Behaviour.FORGING)
    validator = town.validator_of(task_of(network, platform / POLICY))
    validator.run_round()
    rows = {row.hotkey: row for row in validator.snapshot.rows}
    assert rows[good].agreement == 1.0
    assert rows[good].last_label
    assert (rows[thief].score, rows[thief].last_error) == (0.0, "wrong_answer")
    assert rows[forger].agreement == 0.75


def test_a_round_over_texts_that_a_model_writes(town: Town, platform: Path) -> None:
    miner = serve(town, platform, "miner")
    validator = town.validator_of(task_of(MODEL, platform / POLICY))
    validator.run_round()
    (row,) = validator.snapshot.rows
    assert (row.hotkey, row.agreement, row.weight) == (miner, 1.0, 1.0)


def test_a_round_over_tensors(town: Town, platform: Path, tmp_path: Path) -> None:
    """Of any model that ONNX Runtime runs, on examples of the validator's own."""
    model = str(written(tmp_path / "several.onnx", two_by_two()))
    other = str(written(tmp_path / "other" / "several.onnx", two_by_two(**{"note": "x"})))
    examples = tmp_path / "examples.npz"
    a = np.random.default_rng(5).normal(size=(4, 2, 3)).astype(np.float32)
    np.savez(examples, a=a, count=np.arange(4))
    good, another = (serve(town, platform, name, m) for name, m in (("g", model), ("o", other)))
    task = make_task(
        model, load("attested"), str(examples), lambda *_: None, policy=platform / POLICY
    )
    validator = town.validator_of(task)
    validator.run_round()
    rows = {row.hotkey: row for row in validator.snapshot.rows}
    assert rows[good].agreement == 1.0
    assert another not in rows, "it offers another model"
    with pytest.raises(InvalidInput, match=r"--data FILE\.npz"):
        task_of(model, platform / POLICY)


def test_no_validator_begins_without_a_policy(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy):
        make_task(MODEL, load("attested"), None, lambda *_: None)
    with pytest.raises(NotFound):
        task_of(MODEL, tmp_path / "none.toml")


def test_each_validator_trusts_for_itself(town: Town, platform: Path, tmp_path: Path) -> None:
    """One whose policy lists no such platform gives nothing for its answers."""
    serve(town, platform, "miner")
    strict = tmp_path / "strict.toml"
    lines = (platform / POLICY).read_text().splitlines()
    kept = (line for line in lines if not line.startswith("insecure_development_root"))
    strict.write_text("\n".join(kept))
    validator = town.validator_of(task_of(MODEL, strict))
    validator.run_round()
    (row,) = validator.snapshot.rows
    assert (row.score, row.last_error) == (0.0, UntrustedRoot.code)


def ask(town: Town, policy: Path | None, name: str = MODEL) -> Model:
    return town.door(town.gateway()).model(name, "attested", policy)


def test_a_customer_reads_as_it_is_written(town: Town, platform: Path) -> None:
    miner = serve(town, platform, "miner")
    model = ask(town, platform / POLICY)
    stream = model.stream(Prompt("Once upon a time", most_tokens=12))
    parts = []
    while True:
        try:
            parts.append(next(stream))
        except StopIteration as ended:
            result = ended.value
            break
    assert len(parts) == 12
    assert "".join(parts) == result.text
    assert result.miner == miner
    policy = Policy.read(platform / POLICY)
    findings = Record.from_bytes(result.evidence).check(policy)
    assert (findings.text, findings.keyset.hotkey) == (result.text, miner)
    again = model.infer(Prompt("Once upon a time", most_tokens=12))
    assert again.text == result.text


def test_when_an_enclave_goes_away_another_is_attested(town: Town, platform: Path) -> None:
    miners = {serve(town, platform, name): name for name in ("one", "two")}
    model = ask(town, platform / POLICY)
    first = model.infer(Prompt("A cat", most_tokens=2))
    town.stops[miners[first.miner]]()
    second = model.infer(Prompt("A cat", most_tokens=2))
    assert {first.miner, second.miner} == set(miners)
    third = "".join(model.stream(Prompt("A cat", most_tokens=2)))
    assert first.text == second.text == third


def test_nobody_trusts_without_being_asked(town: Town, platform: Path) -> None:
    serve(town, platform, "miner")
    with pytest.raises(InvalidPolicy, match="hush policy"):
        ask(town, None)


def test_a_forged_part_reaches_nobody(town: Town, platform: Path) -> None:
    serve(town, platform, "miner", behaviour=Behaviour.FORGING)
    model = ask(town, platform / POLICY)
    prompt = Prompt("Once upon a time", most_tokens=3)
    assert [len(list(model.stream(prompt))) for _ in range(2)] == [3, 3]
    with pytest.raises(BadAnswer):
        list(model.stream(prompt))


def test_evidence_that_has_aged_is_asked_for_again(
    town: Town, platform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(town, platform, "miner")
    model = ask(town, platform / POLICY)
    first = model.infer(Prompt("A cat", most_tokens=2))
    nonces = {Record.from_bytes(first.evidence).statement}
    seal = type(model._channel).seal  # type: ignore[arg-type]
    refused = []

    def stale_once(channel: object, x: object) -> bytes:
        if not refused:
            refused.append(channel)
            raise StaleEvidence("evidence", expected="young", got="old")
        return seal(channel, x)  # type: ignore[arg-type]

    monkeypatch.setattr(type(model._channel), "seal", stale_once)
    second = model.infer(Prompt("A cat", most_tokens=2))
    nonces.add(Record.from_bytes(second.evidence).statement)
    assert len(nonces) == 2


def test_answers_are_compared_by_the_angle_between_them() -> None:
    generator = np.random.default_rng(3)
    a, b = generator.normal(size=(2, 384))
    assert points_the_same_way(a + 0.01 * b, a)
    assert not points_the_same_way(a + b, a)
    assert guarantee.proves is False
