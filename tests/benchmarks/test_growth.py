from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import figures, growth, network
from benchmarks.growing import opened
from benchmarks.ours import network_figures

RECORD = {
    "multiply_adds": 1_000_000,
    "levels": 7,
    "log_degree": 14,
    "limbs": 8,
    "median_seconds": 0.1,
    "best_seconds": 0.09,
    "one_core_seconds": 0.18,
    "compile_seconds": 4.0,
    "hello_bytes": 48e6,
    "request_bytes": 3e5,
    "response_bytes": 9e4,
    "peak_bytes": 7e8,
    "largest_error": 1e-5,
    "images": 5,
    "same_label": 5,
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "RESULTS", tmp_path)
    monkeypatch.setattr(figures, "RESULTS", tmp_path)


def test_what_was_measured_is_taken_up_in_order_of_growth() -> None:
    for name in ("vgg9_64", "mlp"):
        network.keep(f"growth-{name}", RECORD)
    lines = growth.cells(growth.saved())
    assert [line[0] for line in lines] == ["mlp", "vgg9_64"]
    assert lines[0][1:8] == ["1 M", "7", "2^14", "8", "100 ms", "180 ms", "4.00 s"]
    assert len(lines[0]) == len(growth.TITLES)


def test_ten_times_the_work_is_a_decade_to_the_right() -> None:
    records = {
        name: RECORD | {"multiply_adds": 10**power, "median_seconds": 10**power / 1e7}
        for name, power in (("mlp", 5), ("lenet", 6), ("vgg9_64", 7))
    }
    root = ElementTree.fromstring(growth.draw(records))
    circles = [e.attrib for e in root.iter() if e.tag.endswith("circle") and e.get("fill-opacity")]
    across = [float(circle["cx"]) for circle in circles]
    up = [float(circle["cy"]) for circle in circles]
    assert across[1] - across[0] == pytest.approx(growth._PLOT / 2, abs=0.2)
    assert up[0] - up[1] == pytest.approx(growth._HEIGHT / 2, abs=0.2)


def test_figures_of_a_network_bear_its_name() -> None:
    found = {
        (figure.name, figure.threads): figure.median for figure in network_figures("a", RECORD)
    }
    assert found["a", 0] == 0.1
    assert found["a", 1] == 0.18
    assert found["a_memory", 0] == 7e8


def test_one_of_growing_size_takes_synthetic_pictures() -> None:
    mlp = opened("mlp")
    pictures = network.pictures(mlp, 3)
    assert pictures.shape == (3, *mlp.input_shape)


def test_agreement_is_of_labels_and_of_the_range() -> None:
    plain = [[0.0, 2.0], [1.0, 0.0], [0.0, 1.0]]
    answers = [[0.2, 2.0], [0.4, 0.5], None]
    found = network.agreement(answers, network.np.array(plain))
    assert found == {"largest_error": 0.6, "images": 3, "refused": 1, "same_label": 1}
