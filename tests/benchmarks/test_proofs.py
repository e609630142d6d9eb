"""The benchmarks of proofs: what is drawn and told of what was measured."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import onnx
import pytest

from benchmarks import document, figures
from benchmarks.figures import Figure, Measured
from benchmarks.growing import multiply_adds
from benchmarks.proofs import curve, growth, hiding, report
from benchmarks.proofs.networks import LENET5, MADE, VGG9, Builder, opened
from benchmarks.proofs.ours import measure
from benchmarks.proofs.peers import PEERS, explicit
from hushwork.networks import PlainRun, evaluate, read_onnx


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "RESULTS", tmp_path)


def keep(part: str, **values: float) -> Measured:
    found = tuple(Figure(name, value, value) for name, value in values.items())
    figures.save(made := Measured(f"proofs-{part}", found))
    return made


def test_every_part_of_the_page_has_its_place() -> None:
    document.inject(report.PAGE.read_text(), report.parts())


def test_a_peer_stands_beside_us_on_each_network() -> None:
    keep("lenet5", lenet5_prove=0.05)
    keep("vgg9", vgg9_prove=0.5)
    keep("jstprove", lenet5_prove=2.0)
    figures.save(Measured("proofs-jstprove-vgg9", unavailable="no memory is left"))
    _, lines = report.tables()["table"]
    by_name = {line[0]: line for line in lines}
    assert by_name["LeNet-5: prove"][1:5] == ["≤ 100 ms", "yes", "50.0 ms", "2.00 s (40.0x)"]
    assert by_name["VGG-9: prove"][1:5] == ["≤ 1.50 s", "yes", "500 ms", "missing"]


def test_what_zero_knowledge_costs_is_a_ratio() -> None:
    kinds = {"hiding": 0.06, "fast": 0.05}
    names = ("prove", "verify", "proof_size", "memory", "bits")
    values = {f"lenet5_{kind}_{name}": value for kind, value in kinds.items() for name in names}
    keep("hiding", **values)
    _, lines = report.tables()["hiding"]
    assert [line[:3] for line in lines] == [
        ["LeNet-5", "with zero knowledge", "60.0 ms"],
        ["LeNet-5", "without, faster", "50.0 ms (1.20x)"],
    ]
    _, lines = report.tables()["table"]
    costs = "LeNet-5: zero knowledge costs the prover, beside faster ones"
    assert [costs, "≤ 1.50x", "yes", "1.20x"] in [one[:4] for one in lines]


def test_the_smallest_proof_is_of_all_codes() -> None:
    points = {"lenet5_14": (0.02, 200e3), "lenet5_18": (0.2, 80e3), "lenet5_16": (0.05, 99e3)}
    values = {}
    for name, (time, length) in points.items():
        values |= {f"{name}_prove": time, f"{name}_proof_size": length}
    measured = keep("curve", **values)
    assert [log_domain for log_domain, _, _ in curve.points(measured, "lenet5")] == [14, 16, 18]
    keep("lenet5", lenet5_prove=0.05)
    _, lines = report.tables()["table"]
    assert ["LeNet-5: smallest proof", "≤ 250 kB", "yes", "80.0 kB"] in [one[:4] for one in lines]
    root = ElementTree.fromstring(curve.draw(measured))
    across = [float(e.attrib["cx"]) for e in root.iter() if e.tag.endswith("circle")]
    assert across == sorted(across)


def test_networks_grow_and_are_drawn_twice() -> None:
    values = {}
    for scale, name in ((1, "mlp"), (10, "conv3")):
        each = dict.fromkeys(growth.FIGURES, scale * 1e-2) | {"plain_run": scale * 1e-3}
        each |= {"multiply_adds": scale * 1e6, "weights": scale * 1e3, "activations": scale * 1e4}
        values |= {f"{name}_{figure}": value for figure, value in each.items()}
    found = growth.records(keep("growth", **values))
    lines = growth.cells(found)
    assert [line[0] for line in lines] == ["mlp", "conv3"]
    assert lines[1][9:] == ["10x", "1.00 us", "10.0 ns"]
    root = ElementTree.fromstring(growth.draw(found))
    circles = [e for e in root.iter() if e.tag.endswith("circle")]
    assert len(circles) == 2 * len(found)


@pytest.mark.parametrize("name", [LENET5, VGG9])
def test_peers_get_the_same_network(name: str) -> None:
    network = opened(name)
    model = explicit(network.onnx)
    onnx.checker.check_model(model)
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    assert all(len(node.attribute) >= 5 for node in convolutions)
    x = np.random.default_rng(0).random((1, *network.input_shape))
    same = PlainRun(read_onnx(model.SerializeToString()))(x)
    np.testing.assert_allclose(same, PlainRun(network)(x), rtol=1e-5, atol=1e-5)
    assert {peer.version for both in PEERS.values() for peer in both} == {"2.1.0", "23.0.5"}


@pytest.mark.parametrize("name", MADE)
def test_growing_networks_are_what_they_say(name: str) -> None:
    network = opened(name)
    x = np.random.default_rng(0).random((1, *network.input_shape))
    wanted = PlainRun(network)(x)
    np.testing.assert_allclose(evaluate(network, x), wanted, atol=1e-4 * np.ptp(wanted))
    assert multiply_adds(network) > 1e5


def test_a_network_is_measured_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = Builder(1, 6, 6).convolve(2, 3).relu().pool().linear(3).build()
    monkeypatch.setattr("benchmarks.proofs.ours.opened", lambda _: tiny)
    found = {one.name: one for one in measure("tiny", 14, 2)}
    assert found["multiply_adds"].median == 2 * 16 * 9 + 8 * 3
    assert found["activations"].median == 2 * 16 + 2 * 4
    assert found["prove"].runs == 2
    assert found["bits"].median > 100
    assert found["evidence_size"].median > found["proof_size"].median > 0


def test_both_kinds_are_run_in_turns() -> None:
    turns = [
        {
            "prove_seconds": [0.1 * n, 0.3 * n],
            "verify_seconds": [0.01],
            "proof_bytes": 5,
            "peak_bytes": 7,
            "bits": 100.5,
        }
        for n in (1, 2)
    ]
    found = {one.name: one for one in hiding._figures("lenet5_clear", turns)}
    assert found["lenet5_clear_prove"].median == pytest.approx(0.25)
    assert found["lenet5_clear_prove"].runs == 4
    assert found["lenet5_clear_bits"].median == 100.5
