"""The whole corridor over real HTTP: client, gateway, miner, validator, score, weight, table."""

from __future__ import annotations

import numpy as np

from tests.insecure_plain import InsecureWorker
from tests.subnet.town import Town, pictures, tiny_network


class Garbage(InsecureWorker):
    def answer(self, image: np.ndarray) -> np.ndarray:  # noqa: ARG002
        return np.random.default_rng().normal(size=4)


def test_an_image_goes_through_the_gateway_and_a_label_comes_back(town: Town) -> None:
    town.miner("miner")
    with town.door(town.gateway()) as door, door.model() as model:
        result = model.infer(pictures()[2])
        assert result.label == "top"
        assert result.bytes_sent > 1 << 20
        again = model.infer(pictures()[3])
        assert again.label == "bottom"
        assert again.bytes_sent < 1 << 12


def test_a_round_scores_miners_and_sets_weights(town: Town) -> None:
    good, bad = town.miner("good"), town.miner("bad", Garbage(tiny_network()))
    validator = town.validator()
    validator.run_round()
    rows = {row.hotkey: row for row in validator.snapshot.rows}
    assert rows[good._hotkey.address].agreement == 1.0
    assert rows[good._hotkey.address].weight == 1.0
    assert rows[bad._hotkey.address].score == 0.0
    weights = town.ledger.weights()
    assert list(weights.values()) == [{rows[good._hotkey.address].uid: 65535}]
