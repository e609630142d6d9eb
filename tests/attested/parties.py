"""An enclave and a relying party, in one process, on a clock of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from hushwork.attested import AttestedChannel, AttestedClient, AttestedSession, AttestedWorker
from hushwork.attested.platforms import DevelopmentPlatform
from hushwork.attested.policy import Policy
from hushwork.networks.models import Model, OnnxModel, open_model
from tests.networks.open_models.making import FLOAT, encoded, two_by_two, written

HOTKEY = "5Miner"
X = np.array([0.25, 0.5, 0.125])


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def classifier(folder: Path, factor: float = 2.0, name: str = "sides") -> OnnxModel:
    """Three numbers in; two classes out: the sum times a factor, and what it lacks of 1."""
    weight = np.array([[factor, -factor]] * 3, np.float32)
    bias = np.array([0, 1], np.float32)
    model: onnx.ModelProto = encoded(
        [helper.make_node("Gemm", ["x", "weight", "bias"], ["y"])],
        [("x", FLOAT, ("n", 3))],
        [("y", FLOAT, ("n", 2))],
        {"weight": weight, "bias": bias},
        {"hushwork.labels": '["more", "less"]', "hushwork.name": name},
    )
    return OnnxModel(written(folder / f"{name}-{factor}.onnx", model))


def several(folder: Path) -> OnnxModel:
    """Two inputs, two outputs."""
    return OnnxModel(written(folder / "several.onnx", two_by_two()))


def writer() -> Model:
    return open_model("tiny-tales", threads=1)


@dataclass
class Parties:
    """A worker on a development platform, and a client that trusts it."""

    model: Model
    clock: Clock = field(default_factory=Clock)
    hotkey: str = HOTKEY

    def __post_init__(self) -> None:
        self.platform = DevelopmentPlatform.new(self.clock)
        self.policy: Policy = self.platform.policy()
        self.worker = AttestedWorker(self.model, self.platform, self.hotkey, self.clock)
        self.client = self.relying_party()

    def relying_party(self) -> AttestedClient:
        return AttestedClient(self.worker.manifest, self.policy, self.clock)

    def meet(self) -> tuple[AttestedSession, AttestedChannel]:
        session, reply = self.worker.greet(self.client.hello())
        return session, self.client.welcome(reply)
