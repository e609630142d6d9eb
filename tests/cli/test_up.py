"""`hush up` with the test-only guarantee: what it shows, what it survives, what it leaves."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path

import numpy as np
import pytest

from tests.cli.running import INSECURE, Running, hush
from tests.networks.models import Model

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")


def up(folder: Path, *arguments: str) -> Running:
    model = ("--model", "lenet-fashion-mnist")
    return Running(folder, "up", "--plain", "--port", "0", *model, *arguments, module=INSECURE)


def test_after_one_round_there_are_scores_and_nothing_is_left(tmp_path: Path) -> None:
    with up(tmp_path, "--rounds", "1") as network:
        network.wait_for("agreement")
        rows = {row[0]: row for row in (network.row() for _ in range(3))}
        assert network.process.wait(30) == 0
    assert set(rows) == {"miner 1", "miner 2 (slow)", "miner 3 (garbage)"}
    assert rows["miner 1"][2] == "100%"
    assert rows["miner 3 (garbage)"][2] != "100%"
    assert float(rows["miner 2 (slow)"][3]) > 0.5 > float(rows["miner 1"][3])
    assert rows["miner 1"][5] > rows["miner 2 (slow)"][5]
    assert network.processes() == {}
    assert network.files() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_it_starts_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with up(tmp_path) as network:
        network.wait_for("gateway: starting")
        assert len(network.processes()) > 5
        assert network.end(number) == 0
    assert network.processes() == {}
    assert network.files() == []


def test_a_miner_that_is_killed_is_reported_and_the_others_go_on(tmp_path: Path) -> None:
    with up(tmp_path) as network:
        gateway = network.wait_for("The gateway serves at").split()[-1]
        miners = [pid for pid, command in network.processes().items() if "miner-1" in command]
        os.kill(miners[0], signal.SIGKILL)
        network.wait_for("miner 1 was killed by signal 9")
        answer = hush("models", "--gateway", gateway, module=INSECURE)
        assert "lenet-fashion-mnist" in answer.stdout
        assert {network.row()[0], network.row()[0]} == {"miner 2 (slow)", "miner 3 (garbage)"}
        assert network.end(signal.SIGINT) == 0
    assert network.processes() == {}
    assert network.files() == []


def test_a_port_that_is_taken_is_said_plainly(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with Running(tmp_path, "up", "--plain", "--port", port, module=INSECURE) as network:
            network.wait_for("gateway ended with code 1")
            network.wait_for(f"Cannot listen on 127.0.0.1 port {port}")
            assert network.process.wait(30) == 1
    assert not any("Traceback" in line for line in network.lines)
    assert network.files() == []


def test_a_directory_of_ones_own_keeps_the_logs(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with up(tmp_path, "--dir", str(kept)) as network:
        network.wait_for("gateway: starting")
        assert network.end(signal.SIGINT) == 0
    assert (kept / "ledger.log").exists()
    keys = list(kept.rglob("hotkeys/*"))
    assert keys
    assert all(re.match(r"0o600$", oct(key.stat().st_mode & 0o777)) for key in keys)


def test_each_network_has_a_crew_of_its_own(tmp_path: Path) -> None:
    both = ("--model", "lenet5-fashion-mnist", "--miners", "1", "--rounds", "1")
    with up(tmp_path, *both) as network:
        network.wait_for("lenet-fashion-mnist insecure_plain: answers are compared")
        assert network.row()[:3:2] == ["miner 1", "100%"]
        network.wait_for("lenet5-fashion-mnist insecure_plain: answers are compared")
        assert network.row()[:3:2] == ["miner 2", "100%"]
        assert network.process.wait(30) == 0


def test_a_network_that_does_not_run_encrypted_is_refused_at_once(tmp_path: Path) -> None:
    model = Model(4)
    model.node("MatMul", "x", model.tensor(np.ones((4, 2))))
    model.node("Relu")
    path = tmp_path / "relu.onnx"
    path.write_bytes(model.encoded())
    encrypted = ("--guarantee", "encrypted")
    refused = hush("up", "--plain", "--model", str(path), *encrypted, module=INSECURE)
    assert refused.returncode == 1
    assert "Relu (node n1)" in refused.stderr
    assert "hush adapt" in refused.stderr
