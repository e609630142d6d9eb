"""A network of one's own, offered to a running network and asked by a customer."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.cli.running import INSECURE, Running, hush
from tests.networks.models import Model

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")


def own_network(path: Path) -> None:
    """A network that calls everything a boot."""
    model = Model(1, 28, 28)
    model.node("Flatten")
    model.node("Gemm", model.last, model.tensor(np.zeros((784, 2))), model.tensor([0.0, 9.0]))
    proto = model.proto(2)
    labels = {"hushwork.name": "all-boots", "hushwork.labels": json.dumps(["shoe", "boot"])}
    onnx.helper.set_model_props(proto, labels)
    path.write_bytes(proto.SerializeToString())


def listed(gateway: str, name: str) -> bool:
    """Whether a gateway lists a model within some seconds: it believes offers for five."""
    for _ in range(20):
        if name in hush("models", "--gateway", gateway, module=INSECURE).stdout:
            return True
        time.sleep(1.0)
    return False


def test_a_network_of_ones_own_is_listed_and_answers(tmp_path: Path) -> None:
    model, town, images = tmp_path / "own.onnx", tmp_path / "town", tmp_path / "images"
    town.mkdir()
    own_network(model)
    assert hush("sample", str(images), "--count", "1").returncode == 0
    up = ("up", "--plain", "--port", "0", "--miners", "1", "--model", "lenet-fashion-mnist")
    with Running(town, *up, module=INSECURE) as network:
        gateway = network.wait_for("The gateway serves at").split()[-1]
        ledger = network.wait_for("The ledger serves at").split()[-1]
        kept = ("--ledger", ledger, "--directory", str(tmp_path / "serve"))
        with Running(town, "serve", str(model), *kept, module=INSECURE) as served:
            served.wait_for("miner serves at")
            assert listed(gateway, "all-boots")
            ask = ("infer", str(images / "000-ankle-boot.png"), "--model", "all-boots")
            answer = hush(*ask, "--gateway", gateway, module=INSECURE)
            assert served.end(signal.SIGINT) == 0
        assert network.end(signal.SIGINT) == 0
    assert answer.returncode == 0, answer.stderr
    assert (
        next(line.split() for line in answer.stdout.splitlines() if "label" in line)[-1] == "boot"
    )


def test_without_a_ledger_the_option_is_named(tmp_path: Path) -> None:
    own_network(tmp_path / "own.onnx")
    refused = hush("serve", str(tmp_path / "own.onnx"))
    assert refused.returncode == 2
    assert "--ledger" in refused.stderr
