"""The real thing, as a newcomer meets it: `hush up`, an image of one's own, Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import Running, hush

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")


def infer(image: Path, gateway: str) -> subprocess.CompletedProcess[str]:
    """Ask until it was not the miner that answers every third job with noise."""
    for _ in range(4):
        answer = hush("infer", str(image), "--gateway", gateway, "--check", "1", seconds=300)
        if answer.returncode == 0:
            return answer
        assert "Ask again" in answer.stdout + answer.stderr
    raise AssertionError(answer.stdout + answer.stderr)


def caught(network: Running, title: str, miners: int, spoiler: str) -> dict[str, str]:
    """Right answers by miner, after the first round in which the spoiler was seen to spoil one.

    It spoils every third answer, and that may have been a customer's.
    """
    for _ in range(4):
        network.wait_for(title, 400)
        shares = {row[0]: row[2] for row in (network.row() for _ in range(miners))}
        if shares[spoiler] != "100%":
            return shares
    raise AssertionError(shares)


def evidence(image: Path, gateway: str, guarantee: str, *options: str) -> Path:
    """Ask until it was not the miner that spoils every third answer; what was saved."""
    asked = ("infer", str(image), "--gateway", gateway, "--guarantee", guarantee, *options)
    for _ in range(4):
        answer = hush(*asked)
        if answer.returncode == 0:
            assert "ankle boot" in answer.stdout
            return image.with_suffix({"proved": ".proof"}.get(guarantee, f".{guarantee}"))
        assert "Ask again" in answer.stdout + answer.stderr
    raise AssertionError(answer.stdout + answer.stderr)


@pytest.mark.timeout(900)
def test_three_guarantees_side_by_side(tmp_path: Path) -> None:
    run, images = tmp_path / "run", tmp_path / "images"
    run.mkdir()
    assert hush("sample", str(images), "--count", "1").returncode == 0
    with Running(run, "up", "--plain", "--port", "0") as network:
        network.wait_for("This is a development platform without any protection", 400)
        policy = network.wait_for("Its policy is").split()[-1]
        gateway = network.wait_for("The gateway serves at").split()[-1]
        answer = infer(images / "000-ankle-boot.png", gateway)
        agreement = caught(network, "answers are compared", 3, "miner 3 (garbage)")
        verified = caught(network, "each answer has a proof", 2, "miner 5 (forging)")
        attested = caught(network, "evidence is checked", 2, "miner 7 (forging)")
        boot = images / "000-ankle-boot.png"
        proof = evidence(boot, gateway, "proved")
        record = evidence(boot, gateway, "attested", "--policy", policy)
        kept = images / "policy.toml"
        kept.write_text(Path(policy).read_text())
        assert network.end(signal.SIGINT) == 0
    said = {
        line.split()[0]: line.split()[1:] for line in answer.stdout.splitlines() if line.strip()
    }
    assert "Keys to upload: " in answer.stderr
    assert "judged" in answer.stderr
    assert said["label"] == ["ankle", "boot"]
    assert said["checks"][:3] == ["1", "of", "1"]
    assert float(said["sent"][0]) > 10
    assert said["sent"][1] == "MB"
    assert agreement["miner 1"] == agreement["miner 2 (slow)"] == "100%"
    assert verified["miner 4"] == attested["miner 6"] == "100%"
    assert hush("verify", str(proof)).returncode == 0
    assert hush("verify", str(record), "--policy", str(kept)).returncode == 0
    assert hush("verify", str(record)).returncode == 1
    assert network.processes() == {}
    assert network.files() == []
