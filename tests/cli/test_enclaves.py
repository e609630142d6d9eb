"""`hush policy`, and `hush verify` of what an enclave signed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hushwork.attested import Policy
from hushwork.attested.platforms.development import FILE
from hushwork.cli.app import app
from hushwork.cli.platforms import development_platform
from hushwork.errors import (
    HushworkError,
    InvalidInput,
    InvalidReceipt,
    UnknownMeasurement,
    UntrustedRoot,
)
from tests.attested.parties import HOTKEY, Parties, X, classifier


@pytest.fixture
def parties(tmp_path: Path) -> Parties:
    return Parties(classifier(tmp_path))


@pytest.fixture
def policy(parties: Parties, tmp_path: Path) -> Path:
    path = tmp_path / "trusted.toml"
    path.write_text(parties.policy.to_toml())
    return path


@pytest.fixture
def record(parties: Parties, tmp_path: Path) -> Path:
    session, channel = parties.meet()
    path = tmp_path / "boot.attested"
    path.write_bytes(channel.open(parties.worker.run(session, channel.seal(X))).telling)
    return path


def hush(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refused(*arguments: object) -> HushworkError:
    error = hush(*arguments).exception
    assert isinstance(error, HushworkError)
    return error


def test_evidence_is_shown_and_valid(parties: Parties, record: Path, policy: Path) -> None:
    said = hush("verify", record, "--policy", policy)
    assert said.exit_code == 0
    for text in ("sides", parties.model.digest, "more", "tdx, UpToDate", HOTKEY, "2027-01-15"):
        assert text in said.output
    assert "without any protection" in " ".join(said.output.split())
    assert said.output.splitlines()[-1].startswith("valid, in")


def test_it_is_nothing_without_a_policy_that_trusts_it(
    record: Path, policy: Path, tmp_path: Path
) -> None:
    assert "hush policy" in str(refused("verify", record))
    assert isinstance(refused("verify", record), InvalidInput)
    assert hush("policy", "--out", tmp_path / "template.toml").exit_code == 0
    assert isinstance(
        refused("verify", record, "--policy", tmp_path / "template.toml"), UntrustedRoot
    )
    other = Policy.read(policy).to_toml().replace('mr_td = "', 'mr_td = "00')
    policy.write_text(other)
    assert isinstance(refused("verify", record, "--policy", policy), UnknownMeasurement)


def test_it_must_be_of_what_one_names(parties: Parties, record: Path, policy: Path) -> None:
    trusting = ("verify", record, "--policy", policy)
    named = (("--model", parties.model.digest), ("--hotkey", HOTKEY))
    assert all(hush(*trusting, *pair).exit_code == 0 for pair in named)
    for option in ("--model", "--hotkey", "--nonce"):
        assert isinstance(refused(*trusting, option, "ab"), InvalidInput)


def test_a_changed_record_is_refused(record: Path, policy: Path) -> None:
    data = bytearray(record.read_bytes())
    place = bytes(data).index(b'"answer"') + 12
    data[place] = ord("0") if data[place] != ord("0") else ord("1")
    record.write_bytes(data)
    assert isinstance(refused("verify", record, "--policy", policy), InvalidReceipt)


def test_strangers_write_no_control_characters_and_no_markup(
    parties: Parties, policy: Path, tmp_path: Path
) -> None:
    hostile = Parties(parties.model, hotkey="[red]5\x1b[2J[/nothing]")
    session, channel = hostile.meet()
    record = tmp_path / "hostile.attested"
    record.write_bytes(channel.open(hostile.worker.run(session, channel.seal(X))).evidence)
    policy.write_text(hostile.policy.to_toml())
    said = hush("verify", record, "--policy", policy)
    assert said.exit_code == 0, said.exception
    assert "[red]5?[2J[/nothing]" in said.output
    assert "\x1b" not in said.output


def test_a_policy_is_never_written_over(policy: Path) -> None:
    before = policy.read_text()
    assert "new file" in str(refused("policy", "--out", policy))
    assert policy.read_text() == before


def test_the_template_trusts_nobody(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    hush("policy", "--out", path)
    drafted = Policy.read(path)
    assert drafted.insecure_development_root is None
    assert not drafted.insecure_allow_debug
    assert {value for entry in drafted.accepted for value in entry.measurements.values()} == {
        "00" * 48
    }


def test_a_development_platform_gets_no_draft(record: Path, tmp_path: Path) -> None:
    error = refused("policy", record, "--out", tmp_path / "new.toml")
    assert isinstance(error, UntrustedRoot)
    assert not (tmp_path / "new.toml").exists()


def test_a_policy_is_replaced_whole(tmp_path: Path) -> None:
    """Miners of one machine write it at once, while a validator reads."""
    policy = development_platform(tmp_path)
    before, text = policy.stat().st_ino, policy.read_text()
    development_platform(tmp_path)
    assert policy.stat().st_ino != before
    assert policy.read_text() == text
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE, policy.name]
